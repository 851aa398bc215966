"""Judges trained runs in one HTML file: `python report.py runs=[runs/first]`.

`images=FILE.npz data=array data.path=...` judges sprites from anywhere.
"""

from pathlib import Path

from omegaconf import DictConfig

from diffusion.commands.entry import entry, overrides, plain
from diffusion.errors import UserError

OURS = ("report.html", "report.json", "manifest.json", "drawings")


@entry("report", {"sweep=": "runs_in=", "sampler.": "++sampler."})
def main(cfg: DictConfig) -> None:
    """Measures each run, and writes `report.html` and `report.json`."""
    wanted = [key for key in ("runs", "runs_in", "images") if cfg[key]]
    if len(wanted) != 1:
        raise UserError(
            "Give what to judge: runs=[runs/a,runs/b], sweep=DIR, or images=FILE.npz with data=..."
        )
    own = [word for word in overrides() if word.startswith("data")]
    if own and not cfg.images:
        raise UserError(f"Runs bring their own data; leave out {' '.join(own)}.")
    if not isinstance(cfg.n, int) or cfg.n < 1:
        raise UserError(f"n={cfg.n} must be a whole number, 1 or more.")

    from hydra.utils import instantiate

    from diffusion.judge import with_inception
    from diffusion.report.measure import judge_file, judge_run, names_of, runs_of
    from diffusion.report.page import write_json, write_manifest, write_page

    metrics = with_inception(instantiate(cfg.metrics), cfg.inception)
    runs = runs_of(cfg.runs_in) if cfg.runs_in else list(cfg.runs)
    beside = cfg.runs_in or (runs[0] if len(runs) == 1 else ".")
    folder = Path(cfg.out or Path(beside) / "report")
    foreign = {file.name for file in folder.glob("*")} - set(OURS)
    if foreign:
        raise UserError(f"out={folder} holds {min(foreign)}, which report.py did not write.")
    if cfg.images:
        data = instantiate(cfg.data)
        data.setup()
        judged = [judge_file(cfg.images, data, metrics)]
    else:
        drawings = folder / "drawings" if len(runs) == 1 else None  # half a minute a run
        sampler = plain(cfg.get("sampler"))
        judged = [
            judge_run(run, name, metrics, cfg.n, drawings, cfg.seed, cfg.checkpoint, sampler)
            for run, name in zip(runs, names_of(runs), strict=True)
        ]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(judged, folder / "report.json")
    write_manifest(judged, folder / "manifest.json")
    write_page(judged, folder / "report.html")
    print(f"{folder}/report.html")


if __name__ == "__main__":
    main()
