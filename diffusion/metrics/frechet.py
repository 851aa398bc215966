"""The Frechet distance of two sets of features, each taken as a Gaussian (Heusel et al. 2017).

    |mean_a - mean_b|^2 + tr(A) + tr(B) - 2 tr((A B)^(1/2))      A, B: the covariances

The last trace is the sum of the singular values of A^(1/2) B^(1/2): no square root of a product of
matrices, which turns imaginary or NaN where features are few or collapse.
"""

import torch
from torch import Tensor


def frechet(one: Tensor, other: Tensor) -> float:
    """The distance of features `(N, D)` and `(M, D)`, float64, N and M at least 2.

    Grows as sets get smaller, so only distances of equally many features compare.
    """
    return gaussian_frechet(one.mean(0), _covariance(one), other.mean(0), _covariance(other))


def gaussian_frechet(mean_a: Tensor, a: Tensor, mean_b: Tensor, b: Tensor) -> float:
    """The distance of two Gaussians: means float64 `(D,)`, covariances `(D, D)`."""
    overlap = torch.linalg.svdvals(_root(a) @ _root(b)).sum()
    distance = (mean_a - mean_b).square().sum() + a.trace() + b.trace() - 2 * overlap
    return max(distance.item(), 0.0)  # below zero is rounding


def _covariance(features: Tensor) -> Tensor:
    centred = features - features.mean(0)
    return centred.T @ centred / (len(features) - 1)


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T
