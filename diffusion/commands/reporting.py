"""What `report.py` does once its words are in order."""

from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from diffusion.commands.choosing import as_they_are
from diffusion.commands.complaints import CONF
from diffusion.commands.entry import plain
from diffusion.commands.galleries import gallery_of_report
from diffusion.commands.sampling import GALLERY, place
from diffusion.errors import UserError
from diffusion.judge import with_inception
from diffusion.report.measure import Depth, Measuring, judge_file, names_of, runs_of
from diffusion.report.page import figures, manifest, page
from diffusion.runs.loading import checkpoint_file
from diffusion.runs.output import Output, sha256
from diffusion.runs.trust import trusted

FILES = ("report.json", "manifest.json", "report.html")


def samplers_of(words: Any) -> dict[str, dict[str, Any]]:
    """The sampler that each of `ddim:10` means, by these words.

    Raises:
        UserError: a word that is none, or that is there twice.
    """
    found: dict[str, dict[str, Any]] = {}
    known = sorted(file.stem for file in (CONF / "sampler").glob("*.yaml"))
    for word in map(str, words or ()):
        name, _, steps = word.partition(":")
        if name not in known or not steps.isdecimal() or word in found:
            raise UserError(
                f"samplers=[{word}] must name each sampler once with its steps, as ddim:10; known "
                f"are {', '.join(known)}."
            )
        found[word] = recipe_of(name) | {"steps": int(steps)}
    if words is not None and len(found) < 2:
        raise UserError("samplers= compares two samplers or more, as samplers=[ddim:10,heun:10].")
    return found


def recipe_of(name: str) -> dict[str, Any]:
    """The configuration of a file in `conf/sampler`, over that of the file it stands on."""
    own = OmegaConf.to_container(OmegaConf.load(CONF / "sampler" / f"{name}.yaml"))
    assert isinstance(own, dict)
    values = {str(key): value for key, value in own.items() if key != "defaults"}
    for base in own.get("defaults", []):
        values = values if base == "_self_" else recipe_of(base) | values
    return values


def report(cfg: DictConfig) -> Path:
    """Measures, and writes the page, its figures and a row per sprite into one folder.

    Returns:
        the folder.
    """
    runs = runs_of(cfg.runs_in) if cfg.runs_in else [str(run) for run in cfg.runs]
    files = [checkpoint_file(run, cfg.checkpoint) for run in runs] or [Path(cfg.images)]
    of = cfg.runs_in or (runs[0] if len(runs) == 1 else ".")
    folder = place(cfg.out, of, "report")
    words = {key: value for key, value in plain(cfg).items() if key != "gallery"}
    words["data"] = as_they_are(words["data"])
    output = Output(
        folder,
        {"words": words | {"out": None}, "of": list(map(sha256, files))},
    )
    if output.has(*FILES, *([GALLERY] if cfg.gallery else [])):
        print(f"made already: {output.path}/report.html")
        return output.path
    trust = trusted(plain(cfg.trust))
    metrics = with_inception(instantiate(cfg.metrics), cfg.inception)
    moved_to, sampler = cfg.data.get("path"), plain(cfg.get("sampler"))
    if cfg.images:
        data = instantiate(words["data"])
        data.setup()
        judged = [judge_file(cfg.images, data, metrics)]
    else:
        several = samplers_of(cfg.samplers)
        depth = Depth.SPRITES if several else Depth.LOSSES if len(runs) > 1 else Depth.PICTURES
        measuring = Measuring(metrics, cfg.n, cfg.seed, cfg.checkpoint, moved_to, trust)
        judged = [
            measuring.judge(run, way or name, chosen, depth)
            for run, name in zip(runs, names_of(runs), strict=True)
            for way, chosen in (several or {"": sampler}).items()
        ]
    for name, content in zip(FILES, (figures, manifest, page), strict=True):
        output.add(name, content(judged))
    if cfg.gallery:
        own = (runs[0], cfg.checkpoint, cfg.seed, sampler, moved_to, trust)
        output.add(GALLERY, gallery_of_report(judged[0], *own))
    print(f"{output.path}/report.html")
    return output.path
