"""What `report.py` does once its words are in order."""

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from diffusion.commands.entry import plain
from diffusion.commands.sampling import place
from diffusion.judge import with_inception
from diffusion.report.measure import judge_file, judge_run, names_of, runs_of
from diffusion.report.page import figures, manifest, page
from diffusion.runs.loading import checkpoint_file
from diffusion.runs.output import Output, sha256
from diffusion.runs.trust import trusted

FILES = ("report.json", "manifest.json", "report.html")


def report(cfg: DictConfig) -> Path:
    """Measures, and writes the page, its figures and a row per sprite into one folder.

    Returns:
        the folder.
    """
    runs = runs_of(cfg.runs_in) if cfg.runs_in else [str(run) for run in cfg.runs]
    files = [checkpoint_file(run, cfg.checkpoint) for run in runs] or [Path(cfg.images)]
    of = cfg.runs_in or (runs[0] if len(runs) == 1 else ".")
    folder = place(cfg.out, of, "report")
    output = Output(folder, {"words": plain(cfg) | {"out": None}, "of": list(map(sha256, files))})
    if output.has(*FILES):
        print(f"made already: {output.path}/report.html")
        return output.path
    trust = trusted(plain(cfg.trust))
    metrics = with_inception(instantiate(cfg.metrics), cfg.inception)
    moved_to, sampler = cfg.data.get("path"), plain(cfg.get("sampler"))
    if cfg.images:
        data = instantiate(cfg.data)
        data.setup()
        judged = [judge_file(cfg.images, data, metrics)]
    else:
        alone = len(runs) == 1  # half a minute a run
        judged = [
            judge_run(
                run,
                name,
                metrics,
                cfg.n,
                alone,
                cfg.seed,
                cfg.checkpoint,
                sampler,
                moved_to,
                trust,
            )
            for run, name in zip(runs, names_of(runs), strict=True)
        ]
    for name, content in zip(FILES, (figures, manifest, page), strict=True):
        output.add(name, content(judged))
    print(f"{output.path}/report.html")
    return output.path
