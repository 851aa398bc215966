"""`train.py`: one run, from a configuration to `summary.json`."""

from omegaconf import DictConfig

from diffusion.commands.continuing import continued
from diffusion.commands.entry import choices, entry, output_directory, overrides, plain
from diffusion.runs.directory import RunDirectory
from diffusion.runs.reading import numbers


@entry("train")
def main(cfg: DictConfig) -> float | None:
    """One run: check, prepare, fit, close. Returns the validation loss, for sweepers."""
    if cfg.get("check"):
        from diffusion.commands.checking import check  # takes seconds

        check(plain(cfg))
        return None
    config, younger = continued(plain(cfg), output_directory(), overrides())
    with RunDirectory(output_directory(), config, younger) as run:
        if run.finished:
            run.say(
                f"{run.path} is finished; raise its trainer.max_steps or max_time to train longer."
            )
            return numbers(run.summary).get("val/loss")
        from diffusion.commands.training import train  # takes seconds; the rest has been checked

        return train(config, run, overrides(), choices())


if __name__ == "__main__":
    main()
