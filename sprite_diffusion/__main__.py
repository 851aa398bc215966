"""`python -m sprite_diffusion train ...`: the verbs, from any folder."""

import runpy
import sys

VERBS = ("train", "sample", "look", "report")


def main() -> None:
    """Runs the verb as `python -m` would, so that further processes begin in the same way."""
    if len(sys.argv) < 2 or sys.argv[1] not in VERBS:
        print(f"error: give one of {', '.join(VERBS)} as the first word.", file=sys.stderr)
        sys.exit(2)
    verb = f"diffusion.commands.{sys.argv.pop(1)}"
    sys.modules.pop(verb, None)  # the Python interface has imported it; runpy warns of such
    runpy.run_module(verb, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
