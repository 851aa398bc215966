"""`train.py`: one run, from a configuration to `summary.json`."""

from pathlib import Path

from omegaconf import DictConfig

from diffusion.commands.continuing import continued
from diffusion.commands.entry import choices, entry, output_directory, overrides, plain
from diffusion.errors import UserError
from diffusion.runs.directory import RunDirectory
from diffusion.runs.reading import numbers


@entry("train")
def main(cfg: DictConfig) -> float | None:
    """One run. Returns the validation loss, for sweepers."""
    return run_in(output_directory(), cfg, overrides(), choices())


def run_in(
    folder: Path, cfg: DictConfig, words: list[str], chosen: dict[str, str]
) -> float | None:
    """Check, prepare, fit, close: the run of these words and choices in this folder."""
    if cfg.get("wandb_sweep"):
        raise UserError("wandb_sweep= writes down a sweep; give sweep=NAME, or -m with choices.")
    if cfg.get("check"):
        from diffusion.commands.checking import check  # takes seconds

        check(plain(cfg))
        return None
    config, younger = continued(plain(cfg), folder, words)
    with RunDirectory(folder, config, younger) as run:
        if run.finished:
            why, key = "", "trainer.max_steps or max_time"
            if "reason" in run.summary:  # it was stopped early
                why, key = f" ({run.summary['reason']})", "callbacks.early_stopping.patience"
            run.say(f"{run.path} is finished{why}; raise its {key} to train longer.")
            return numbers(run.summary).get("val/loss")
        from diffusion.commands.training import train  # takes seconds; the rest has been checked

        return train(config, run, words, chosen)


if __name__ == "__main__":
    main()
