"""Precision, recall, density and coverage: do samples lie among real sprites, and do they fill it?

Around every feature of a set lies a ball that reaches to its k-th nearest neighbour in that set.

    precision   share of samples in the ball of some real sprite         (Kynkaanniemi et al. 2019)
    recall      share of real sprites in the ball of some sample
    density     balls of real sprites a sample lies in, on average, / k         (Naeem et al. 2020)
    coverage    share of real sprites with a sample in their ball
"""

from collections.abc import Iterator
from functools import lru_cache

import torch
from torch import Tensor

PRECISION_K, DENSITY_K = 3, 5  # of the papers
ROUNDING = 1e-5  # more than the error of a distance, less than what tells two sprites apart
CHUNK = 1024  # rows of a distance matrix at a time


def neighbour_scores(samples: Tensor, real: Tensor) -> dict[str, float]:
    """The four scores of features float64 `(N, D)` and `(M, D)`, N and M at least 6.

    All are shares in 0..1 but density, which exceeds 1 where samples crowd among close real
    sprites. Higher is better. Coverage asks only the balls of real sprites, so that an outlier
    among the samples cannot pass for variety, as it can for recall.
    """
    near, wide = _reach(real)
    sample_reach = _reach(samples)[0]
    precise = entered = 0
    recalled, covered = torch.zeros(2, len(real), dtype=torch.bool)
    for rows, distance in _distances(samples, real):
        precise += int((distance <= near).any(1).sum())
        recalled |= (distance <= sample_reach[rows, None]).any(0)
        inside = distance <= wide
        entered += int(inside.sum())
        covered |= inside.any(0)
    return {
        "precision": precise / len(samples),
        "recall": recalled.double().mean().item(),
        "density": entered / (DENSITY_K * len(samples)),
        "coverage": covered.double().mean().item(),
    }


@lru_cache(maxsize=2)  # a reference is asked for again and again; tensors are told by identity
def _reach(features: Tensor) -> tuple[Tensor, Tensor]:
    """Radius `(N,)` of each feature's ball for both k; itself, at 0, is one neighbour more."""
    parts = []
    for _, distance in _distances(features, features):
        nearest = distance.topk(max(PRECISION_K, DENSITY_K) + 1, largest=False).values
        parts.append(nearest[:, [PRECISION_K, DENSITY_K]] + ROUNDING)
    near, wide = torch.cat(parts).unbind(1)
    return near, wide


def _distances(one: Tensor, other: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Row numbers of a part of `one`, and the distances of that part to all of `other`."""
    for rows in torch.arange(len(one)).split(CHUNK):
        yield rows, torch.cdist(one[rows], other)
