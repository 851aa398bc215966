"""Whether samples repeat training sprites more often than unseen sprites do, counted by group.

Frames of one character or recolourings of one tile repeat others together or not at all: a group
of them is one case, however many sprites it has. The rate of unseen sprites is itself estimated,
from so many cases; Fisher's exact test takes both counts as they are. The groups of unseen sprites
are their own; samples belong together when their nearest training sprites do.
`benchmarks/alarm.py` shows the level that is kept, and what is noticed.
"""

from typing import NamedTuple

import torch
from scipy.stats import fisher_exact
from torch import Tensor

LEVEL = 0.01  # of false alarms
MOST = 0.5  # share of samples beyond which no test is needed


class Cases(NamedTuple):
    """How many cases repeat, of how many; their ratio is that of the sprites."""

    repeating: float
    all: float

    @classmethod
    def of(cls, repeats: Tensor, groups: Tensor) -> "Cases":
        """The cases of repeats bool `(N,)` in groups int64 `(N,)`.

        x repeats are as many cases as there would be groups of equal weight: (sum x_g)^2 / sum
        x_g^2 (Kish 1965, "Survey Sampling"). Without repeats the same is asked of all sprites.
        """
        if not len(repeats):
            return cls(0.0, 0.0)
        _, which = groups.unique(return_inverse=True)
        found = torch.bincount(which, weights=repeats.double())
        counted = found if found.any() else torch.bincount(which).double()
        per_sprite = float(counted.sum() / counted.square().sum())
        return cls(float(found.sum()) * per_sprite, len(repeats) * per_sprite)


def is_excess(samples: Cases, unseen: Cases) -> bool:
    """Whether chance alone would let so many more of the samples repeat in under one case of a
    hundred; broken cases count where they speak against it."""
    if samples.repeating > MOST * samples.all:
        return True
    more, others = int(samples.repeating), round(samples.all - samples.repeating)
    usual = -int(-unseen.repeating // 1)
    rest = int(max(unseen.all - usual, 0))
    table = [[more, others], [usual, rest]]
    return bool(fisher_exact(table, alternative="greater").pvalue < LEVEL)
