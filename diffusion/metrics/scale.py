"""A number alone says nothing: a score has a floor, ceilings and an interval beside it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import t as student
from torch import Tensor

from diffusion.metrics.base import Metric, NotMeasurable

GROUPS = 40  # that the samples are divided into, to see how scores vary
SEED = 0


@dataclass(frozen=True)
class Score:
    """A measured value, and beside it what makes it readable.

    Attributes:
        value: of all `n` samples.
        low, high: the 95% interval: where the mean over many sets of `n` such samples lies.
        floor: of `floor_n` held-out real sprites, as good as a perfect model would be.
        matched: mean over as many samples as the floor has sprites, to hold against it.
        noise, mean: ceilings: of noise, and of the mean sprite over and over; None where such
            sprites cannot be measured.
        higher_is_better: whether the value rises with quality.
    """

    value: float
    n: int
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    floor_n: int = 0
    matched: float | None = None
    noise: float | None = None
    mean: float | None = None
    higher_is_better: bool = False


class Scale:
    """A metric with its reference and what its scores are held against, described once.

    Args:
        metric: what is measured.
        training: uint8 `(M, C, H, W)`, the reference.
        held_out: uint8 `(m, C, H, W)`, real sprites that are not in training; may be none.
        n: number of sprites that the ceilings are made of.

    Raises:
        NotMeasurable: the reference cannot be described or compared with.
    """

    def __init__(self, metric: Metric, training: Tensor, held_out: Tensor, n: int) -> None:
        self.metric = metric
        self.reference = metric.describe_reference(training)
        self._held_out = metric.describe_reference(held_out) if len(held_out) else None
        self.floor_n = len(held_out)
        self.floor = self._scores(self._held_out)
        self.noise = self._scores(self._described(lambda: noise_like(training, n)))
        self.mean = self._scores(self._described(lambda: mean_sprite(training, n)))

    def scores(self, images: Tensor) -> dict[str, float]:
        """The plain values of samples uint8 `(N, C, H, W)`.

        Raises:
            NotMeasurable: they are too few or too much alike.
        """
        return self.metric.compare(self.metric.describe(images), self.reference)

    def full_scores(self, images: Tensor) -> dict[str, Score]:
        """The values of samples uint8 `(N, C, H, W)` with all that belongs to them.

        The interval comes from how the value changes as one of 40 groups of samples after another
        is left out (delete-a-group jackknife, Kott 2001). No sprite is there twice then, which
        distances between sets would take for a lack of variety. `docs/metrics.md` says how often
        such intervals hold what they should.

        Raises:
            NotMeasurable: they are too few or too much alike.
        """
        return self.scored(self.metric.describe(images))

    def scored(self, samples: Tensor) -> dict[str, Score]:
        """The same of samples that have been described `(N, D)`."""
        values = self.metric.compare(samples, self.reference)
        n, generator = len(samples), torch.Generator().manual_seed(SEED)
        order = torch.randperm(n, generator=generator)
        without = [
            self._scores(samples[np.setdiff1d(order, group)])
            for group in order.tensor_split(min(n, GROUPS))
        ]
        matched: list[dict[str, float]] = [values]
        if self.floor_n < n:
            parts = order.split(max(self.floor_n, 1))
            whole = [part for part in parts if len(part) == self.floor_n]
            matched = [self._scores(samples[part]) for part in whole]
        return {
            name: Score(
                value,
                n,
                *self._interval(name, value, n, without),
                floor=self.floor.get(name),
                floor_n=self.floor_n,
                matched=_mean([each[name] for each in matched if name in each]),
                noise=self.noise.get(name),
                mean=self.mean.get(name),
                higher_is_better=name in self.metric.higher_is_better,
            )
            for name, value in values.items()
        }

    def _interval(
        self, name: str, value: float, n: int, without: list[dict[str, float]]
    ) -> tuple[float | None, float | None]:
        """Ends of the interval, from the scores without each group.

        None where one has no score, or where all are equal, which tells nothing of a distance.
        """
        if not all(name in each for each in without):
            return None, None
        left = np.array([each[name] for each in without])
        groups = len(left)
        variance = float((groups - 1) * left.var())
        quantile = float(student.ppf(0.975, groups - 1))
        if name in self.metric.counted:
            return _of_count(value, self.metric.counted[name], variance, n, quantile)
        if variance == 0:
            return None, None
        half = quantile * math.sqrt(variance)
        return value - half, value + half

    def _described(self, make: Callable[[], Tensor]) -> Tensor | None:
        try:
            return self.metric.describe(make())
        except NotMeasurable:
            return None

    def _scores(self, described: Tensor | None) -> dict[str, float]:
        """The scores, or none where there are too few sprites or they are too much alike."""
        try:
            return {} if described is None else self.metric.compare(described, self.reference)
        except NotMeasurable:
            return {}


def noise_like(images: Tensor, n: int) -> Tensor:
    """n sprites uint8 of the Gaussian noise that sampling begins with; hard alpha stays hard."""
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(n, *images.shape[1:], generator=generator)
    noise = (noise * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
    return _grounded(noise, images)


def mean_sprite(images: Tensor, n: int) -> Tensor:
    """The mean of the sprites, n times, uint8; hard alpha stays hard."""
    mean = images.sum(0, keepdim=True, dtype=torch.float64) / len(images)
    mean = mean.round().to(torch.uint8)
    return _grounded(mean, images).expand(n, -1, -1, -1)


def _grounded(sprites: Tensor, like: Tensor) -> Tensor:
    """Alpha as the others have it, and no colour where nothing is seen."""
    if sprites.shape[1] != 4:
        return sprites
    colours, alpha = sprites[:, :3], sprites[:, 3:]
    if ((like[:, 3] == 0) | (like[:, 3] == 255)).all():
        alpha = torch.where(alpha > 127, 255, 0).to(torch.uint8)
    return torch.cat([torch.where(alpha > 0, colours, 0), alpha], dim=1)


def _of_count(
    value: float, most: float, variance: float, n: int, quantile: float
) -> tuple[float, float]:
    """The interval of a share or of a mean count (Wilson 1927), never empty and never below 0.

    It is that of so many independent cases as have this variance, value (1 - value / most) /
    cases; where nothing was seen to vary, of the n samples.
    """
    once = value * (1 - value / most)
    spread = quantile**2 * (variance / once if variance > 0 and once > 0 else 1 / n)
    middle = (value + spread / 2) / (1 + spread / most)
    half = math.sqrt(spread * (once + spread / 4)) / (1 + spread / most)
    return middle - half, middle + half


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
