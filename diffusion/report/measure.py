"""From a run directory, or a file of sprites, to what a report says about it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from diffusion.errors import UserError
from diffusion.judge import Judge
from diffusion.levels.unseen import unseen_colours
from diffusion.metrics.base import Metric
from diffusion.metrics.scale import Score
from diffusion.novelty.passport import Findings
from diffusion.novelty.variety import variety
from diffusion.report.judged import Finding, Judged
from diffusion.report.levels import level_pictures
from diffusion.report.records import curves_of, pictures_of, summary_of
from diffusion.report.yardstick import COMPARED, MEASURED, Yardstick
from diffusion.runs.building import build
from diffusion.runs.directory import flat
from diffusion.runs.loading import Loaded, checkpoint_file, load
from diffusion.runs.training_data import training_data
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.sprite_data import SpriteData

ENOUGH = 256  # samples, to ask judges of them


class Depth(IntEnum):
    """How much is measured of a run's network, beside its sprites."""

    SPRITES = 0  # nothing: the runs compared are one network
    LOSSES = 1  # at each noise level
    PICTURES = 2  # of its noise levels too, which take half a minute


@dataclass(frozen=True)
class Measuring:
    """How runs are measured; those that share their data share what they are held against.

    Args:
        metrics: what is measured, by name.
        n: number of sprites of each run.
        seed: which sprites; sprite k of two runs begins with the same noise.
        checkpoint: `last` or `best`.
        moved_to: where the training data is now, if not where it was.
        trust: packages beside this project's own whose classes a checkpoint may name.
    """

    metrics: Mapping[str, Metric]
    n: int
    seed: int = 0
    checkpoint: str = "last"
    moved_to: str | None = None
    trust: tuple[str, ...] = ()
    _yardsticks: dict[str, Yardstick] = field(default_factory=dict)

    def judge(
        self, run: str, name: str, sampler: dict[str, Any] | None = None, depth: int = Depth.LOSSES
    ) -> Judged:
        """Makes n sprites of a run and measures them.

        Args:
            run: a run directory or a .ckpt file.
            name: what to call it.
            sampler: configuration of another sampler than the run's own, or of values that differ.
            depth: how much is measured of its network.

        Raises:
            UserError: no such run, or nothing can be measured.
            DataError: its training data is not there.
        """
        loaded = load(checkpoint_file(run, self.checkpoint), self.trust)
        yardstick = self._yardstick(loaded)
        data, config, recipe = yardstick.data, loaded.card["config"], loaded.card["recipe"]
        chosen, own = loaded.sampler(sampler)
        sprites = loaded.sprites(chosen, self.seed, "cuda" if torch.cuda.is_available() else "cpu")
        judged = _judged(name, made(sprites, self.n, name), yardstick)
        folder = Path(run).parent.parent if run.endswith(".ckpt") else Path(run)
        summary = summary_of(folder) | {"evaluations": chosen.evaluations}
        known = {  # words that older runs could not know
            "data": {"hold_out": data.hold_out} | config["data"],
            "sampler": {"temperature": chosen.temperature} | own,
        }
        facts = _facts(loaded, data, summary, chosen, self.n, self.seed)
        unseen = unseen_colours(data, recipe["prediction"].get("colours", ()))
        judged = replace(
            judged,
            facts=facts | judged.facts,
            config=flat(config | known),
            notes=[*judged.notes, *filter(None, [unseen])],
            summary=summary,
        )
        if depth >= Depth.LOSSES:
            judged.curves = curves_of(folder)
            asked = MEASURED if depth >= Depth.PICTURES else COMPARED
            judged.levels = yardstick.level_losses(sprites.denoiser, recipe, config["flip"], asked)
            judged.pictures = pictures_of(folder)
        if depth >= Depth.PICTURES:
            judged.pictures |= level_pictures(sprites, data, config["flip"], folder)
        return judged

    def _yardstick(self, loaded: Loaded) -> Yardstick:
        """That of a run's data, by all that says which data it is."""
        known = loaded.card.get("data"), loaded.card.get("config", {}).get("data")
        key = json.dumps(known, sort_keys=True)
        if key not in self._yardsticks:
            data = training_data(loaded.card, self.moved_to, self.trust)
            self._yardsticks[key] = Yardstick(data, Judge.of(data, self.metrics, self.n))
        return self._yardsticks[key]


def made(sprites: SpriteSet, n: int, name: str) -> Tensor:
    """The first n sprites uint8 `(n, C, H, W)`, with a bar of how many there are."""
    with tqdm(total=n, unit="sprite", desc=f"sprites of {name}") as bar:
        return sprites.make_together(range(n), 0, 1, lambda alone: alone, said=bar.update)


def runs_of(sweep: str) -> list[str]:
    """The runs in a directory of runs, those that have a checkpoint."""
    found = sorted(file.parent.parent for file in Path(sweep).glob("*/checkpoints/last.ckpt"))
    if not found:
        raise UserError(
            f"There are no runs with checkpoints in {sweep}; give a sweep's directory."
        )
    return [str(run) for run in found]


def names_of(runs: Sequence[str]) -> list[str]:
    """What to call these runs: by the parts of their paths in which they differ."""
    paths = [Path(run).absolute() for run in runs]
    if len(set(paths)) < len(paths):
        raise UserError("A run is named twice; name each run once.")
    if len({path.name for path in paths}) == len(paths):
        return [path.name for path in paths]
    shared = os.path.commonpath(paths)
    return [str(path.relative_to(shared)) for path in paths]


def judge_file(path: str, data: SpriteData, metrics: Mapping[str, Metric]) -> Judged:
    """Measures sprites from anywhere against all sprites of a data set.

    Args:
        path: an array file as `data=array` reads it.
        data: the SpriteDataModule they are held against, set up; nothing of it is held out.
        metrics: what is measured, by name.

    Raises:
        UserError: the sprites have another shape than the data, or nothing can be measured.
        DataError: the file cannot be read.
    """
    source = build({"_target_": "datamodules.array.ArrayData", "path": path}, ("datamodules",))
    sprites = source.read()
    found = sprites.images
    if found.shape[1:] != (*data.shape[1:], data.shape[0]):
        c, h, w = data.shape
        raise UserError(
            f"The sprites in {path} are {found.shape[2]} x {found.shape[1]} with "
            f"{found.shape[3]} channels and those of the data {w} x {h} with {c}; they must match."
        )
    every = sprites.take(np.arange(len(sprites)))
    images = torch.from_numpy(every.transpose(0, 3, 1, 2).copy())
    judge = Judge.of(data, metrics, len(images), split=False)
    judged = _judged(path, images, Yardstick(data, judge))
    facts = {"sprites": f"{len(images):,} from {path}", "held against": f"all of {_what(data)}"}
    return replace(judged, facts=facts | judged.facts)


def _judged(name: str, images: Tensor, yardstick: Yardstick) -> Judged:
    data, judge = yardstick.data, yardstick.judge.afresh()
    findings = judge.passport.examine(images)
    scores = judge.full_scores(images)
    if not scores:
        raise UserError(f"{name}: nothing can be measured. {' '.join(judge.notes)}")
    rows = judge.rows[findings.row.numpy()]
    verdicts = [
        Finding(k, str(verdict), data.called(int(row)), float(distance), float(percentile))
        for k, (verdict, row, distance, percentile) in enumerate(
            zip(findings.verdict, rows, findings.distance, findings.percentile, strict=True)
        )
    ]
    rates = judge.passport.rates(findings) | data.validity(images)
    facts = {}
    if "valid_distance" in rates:
        facts["nearest valid sprite"] = f"{rates['valid_distance']:.1f} levels away on average"
    return Judged(
        name=name,
        facts=facts,
        images=images,
        real=yardstick.real,
        scores=scores,
        told_apart=_told_apart(images, judge, findings),
        variety=variety(images, judge.passport.moved_limits[0]) if len(images) > 1 else None,
        rates={name: value for name, value in rates.items() if not name.endswith("_distance")},
        base_rates=judge.passport.base_rates,
        power=yardstick.power,
        verdicts=verdicts,
        nearest=data.images(rows),
        histograms=judge.histograms(images),
        notes=judge.notes,
    )


def _told_apart(images: Tensor, judge: Judge, findings: Findings) -> Score | None:
    """Where copies were looked for, and there are enough sprites for half a minute of it."""
    if "copy_rate" not in judge.passport.rates(findings):
        return None
    if len(images) < ENOUGH:
        judge.notes.append(
            f"How well samples can be told from real sprites is measured from n={ENOUGH} on."
        )
        return None
    return judge.told_apart(images)


def _facts(
    loaded: Loaded, data: SpriteData, summary: dict[str, Any], sampler: Any, n: int, seed: int
) -> dict[str, str]:
    weights = sum(weight.numel() for weight in loaded.denoiser.parameters())
    facts = {
        "training data": _what(data),
        "network": f"{weights:,} parameters",
        "trained": _counted("{:,} steps", summary.get("step")),
        "images": _counted("{:,} seen", summary.get("progress/images")),
        "cost": _counted("{:,.0f} CPU seconds", summary.get("cpu_seconds")),
        "sampler": f"{type(sampler).__name__}, {sampler.evaluations} evaluations",
        "samples": f"{n:,} of seed {seed}",
        "checkpoint": f"sha256 {loaded.sha256[:16]}",
    }
    return {name: text for name, text in facts.items() if text}


def _counted(text: str, number: Any) -> str:
    return text.format(number) if isinstance(number, int | float) else ""


def _what(data: SpriteData) -> str:
    c, h, w = data.shape
    return f"{data.card['distinct']:,} sprites of {w} x {h} with {c} channels"
