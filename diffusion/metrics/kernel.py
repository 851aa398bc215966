"""The kernel distance of two sets of features: unbiased, so it does not grow as sets get smaller.

    MMD^2 = mean k(a, a') + mean k(b, b') - 2 mean k(a, b)      k(x, y) = (x . y / D + 1)^3

with a and a' two different features of one set (Binkowski et al. 2018). It is computed from all
pairs, so there is no size of subsets to choose.
"""

from functools import lru_cache

import torch
from torch import Tensor

CHUNK = 1024  # rows of the kernel matrix at a time


def kernel_distance(one: Tensor, other: Tensor) -> float:
    """The distance of features `(N, D)` and `(M, D)`, float64, N and M at least 2.

    Its expectation is 0 for two sets of the same kind, so it may be a little below.
    """
    return (_within(one) + _within(other) - 2 * _sum(one, other) / len(one) / len(other)).item()


@lru_cache(maxsize=2)  # a reference is asked for again and again; tensors are told by identity
def _within(features: Tensor) -> Tensor:
    """Mean kernel of two different features of one set."""
    n, own = len(features), features.square().mean(1).add(1).pow(3).sum()
    return (_sum(features, features) - own) / (n * (n - 1))


def _sum(one: Tensor, other: Tensor) -> Tensor:
    parts = [(rows @ other.T / rows.shape[1] + 1).pow(3).sum() for rows in one.split(CHUNK)]
    return torch.stack(parts).sum()
