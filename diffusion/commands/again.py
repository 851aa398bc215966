"""The words of `sample.py` with which what is on a page is made again."""

from typing import Any

from diffusion.commands.typed import in_shell
from diffusion.living.serving import SAMPLERS


def command_of(run: str, sampler: dict[str, Any] | None) -> str:
    """The command for sprites of a run, without their seed and index.

    Args:
        run: as it is typed.
        sampler: its configuration, or None for the run's own.
    """
    words = ["python sample.py", in_shell(f"run={run}")]
    if sampler:
        names = {f"{kind.__module__}.{kind.__name__}": name for kind, name in SAMPLERS.items()}
        if (name := names.get(sampler["_target_"])) is not None:
            words.append(f"sampler={name}")
        words += [f"sampler.{key}={value}" for key, value in sampler.items() if key[0] != "_"]
    return " ".join(words)
