"""`report.py`: how good and how new the sprites of runs, or sprites from anywhere, are."""

from pathlib import Path

from omegaconf import DictConfig

from diffusion.commands.entry import entry, overrides
from diffusion.commands.numbers import LARGEST_SEED, check_numbers
from diffusion.errors import UserError

READ = {"sweep=": "runs_in=", "sampler.": "++sampler.", "data.": "++data."}


@entry("report", READ)
def main(cfg: DictConfig) -> None:
    """Measures each run, and writes `report.html`, `report.json` and `manifest.json`; of frames
    `motion.json` and `motion.png`."""
    report_of(cfg, overrides())


def report_of(cfg: DictConfig, words: list[str]) -> Path:
    """Writes the report that these words ask for; returns its folder."""
    wanted = [key for key in ("runs", "runs_in", "images", "motion") if cfg[key]]
    if len(wanted) != 1:
        raise UserError(
            "Give what to judge: runs=[runs/a,runs/b], sweep=DIR, images=FILE.npz with data=..., "
            "or motion=walk.gif."
        )
    own = [word.lstrip("+") for word in words if word.lstrip("+").startswith("data")]
    own = [word for word in own if not word.startswith("data.path=")]
    if own and not cfg.images:
        raise UserError(f"Runs bring their own data; leave out {' '.join(own)}.")
    if cfg.samplers is not None and (len(cfg.runs) != 1 or cfg.get("sampler") is not None):
        raise UserError(
            "samplers= compares samplers on one run; give runs=[RUN], and no sampler=."
        )
    if not isinstance(cfg.gallery, bool) or (
        cfg.gallery and (len(cfg.runs) != 1 or cfg.samplers is not None)
    ):
        raise UserError(
            f"gallery={cfg.gallery} must be true or false, and shows the sprites of one run."
        )
    if cfg.motion is not None:
        from diffusion.commands.auditing import audit  # takes a second

        return audit(cfg)
    check_numbers(cfg, {"n": 1, "seed": 0}, {"n": 100_000, "seed": LARGEST_SEED})
    from diffusion.commands.reporting import report  # takes seconds

    return report(cfg)


if __name__ == "__main__":
    main()
