"""What is known about a run, or about a file of sprites, when a report is made of it."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from diffusion.metrics.scale import Score
from diffusion.novelty.variety import Variety

__all__ = ["Judged", "Score", "Finding"]


@dataclass(frozen=True)
class Finding:
    """The passport of one sample: its nearest training sprite and what the two have in common."""

    index: int
    verdict: str
    nearest: str
    distance: float
    percentile: float


@dataclass
class Judged:
    """One run, or one file of sprites.

    Attributes:
        name: unique within a report.
        facts: what a reader wants to know first, in words: data, parameters, steps, cost, seed ...
        config: its configuration, flat: {"model.width": 32}; empty for a file of sprites.
        scores: by name, such as `sprite_fd`.
        told_apart: how well small networks tell its samples from unseen real sprites, for which
            `rates["copy_rate"]` must be known too; None where it was not measured.
        variety: how many different sprites it makes; None where nobody asked.
        rates: shares 0..1 by name: of each verdict, of valid sprites, ...
        base_rates: the same of held-out real sprites, where known.
        power: share of training sprites that are still called a repeat, by number of pixels
            repainted; empty where copies were not looked for.
        images: uint8 `(N, C, H, W)`; sample k of every run began with the same noise.
        verdicts: for each sample.
        nearest: uint8 `(N, C, H, W)`, the nearest training sprite of each sample.
        curves: from `metrics.csv`: key -> [(training images seen, value)].
        levels: mean losses by noise level: {"t": [...], "train": [...], "held-out": [...],
            "exact train": [...], "exact held-out": [...]}; empty where not measured.
        histograms: name -> {"bins": [...], "samples": [...], "training": [...]}, shares.
        pictures: title -> content of a PNG or GIF file, shown one after the other.
        notes: sentences a reader must know: what could not be measured and why.
        summary: `summary.json` of the run, with its cost.
        real: uint8 `(<= 16, C, H, W)`, real sprites to look at beside the samples.
    """

    name: str
    facts: dict[str, str]
    images: Tensor
    config: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Score] = field(default_factory=dict)
    told_apart: Score | None = None
    variety: Variety | None = None
    rates: dict[str, float] = field(default_factory=dict)
    base_rates: dict[str, float] = field(default_factory=dict)
    power: dict[int, float] = field(default_factory=dict)
    verdicts: list[Finding] = field(default_factory=list)
    nearest: Tensor | None = None
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    levels: dict[str, list[float]] = field(default_factory=dict)
    histograms: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    real: Tensor | None = None
