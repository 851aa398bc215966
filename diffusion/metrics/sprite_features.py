"""Sprites judged at their own size: distances and neighbours in the numbers of `encoder`."""

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from diffusion.metrics.base import Metric, NotMeasurable
from diffusion.metrics.encoder import encode
from diffusion.metrics.frechet import frechet
from diffusion.metrics.kernel import kernel_distance
from diffusion.metrics.neighbours import neighbour_scores

MIN_SPRITES = 16  # sprites on either side
MAX_SPRITES = (
    10_000  # of a reference; more would cost minutes and change no score by more than its spread
)


class SpriteFeatures(Metric):
    """How near sprites are to real ones, and how well they cover them; no download, any size.

    Scores: `sprite_fd`, `sprite_kd` (Frechet and kernel distance; lower is better), `precision`,
    `recall`, `density`, `coverage`. The Frechet distance grows as sets get smaller and the kernel
    distance does not; `docs/metrics.md` says which notices what.
    """

    higher_is_better: ClassVar[frozenset[str]] = frozenset(
        {"precision", "recall", "density", "coverage"}
    )
    counted: ClassVar[Mapping[str, float]] = {
        "precision": 1.0,
        "recall": 1.0,
        "density": math.inf,
        "coverage": 1.0,
    }

    def describe(self, images: Tensor) -> Tensor:
        """The 51 numbers of each sprite, float64 `(N, 51)`."""
        return encode(images)

    def describe_reference(self, images: Tensor) -> Tensor:
        """The same; of more than 10,000 sprites of as many, evenly taken."""
        if len(images) <= MAX_SPRITES:
            return encode(images)
        return encode(images[torch.linspace(0, len(images) - 1, MAX_SPRITES).long()])

    def compare(self, samples: Tensor, reference: Tensor) -> dict[str, float]:
        """All six scores of features `(N, D)` against `(M, D)`.

        Samples that are all alike are measured: they are far from the reference and cover nothing.

        Raises:
            NotMeasurable: fewer than 16 sprites on either side, or a reference that is all alike.
        """
        for what, features in (("samples", samples), ("reference sprites", reference)):
            if len(features) < MIN_SPRITES:
                raise NotMeasurable(
                    f"Sprite features compare at least {MIN_SPRITES} sprites on either side,"
                    f" and there are {len(features)} {what}; make the set larger."
                )
        if (reference == reference[0]).all():
            raise NotMeasurable(
                "All reference sprites look the same to the sprite features,"
                " so there is no variety to compare with; use a reference of different sprites."
            )
        return {
            "sprite_fd": frechet(samples, reference),
            "sprite_kd": kernel_distance(samples, reference),
            **neighbour_scores(samples, reference),
        }
