"""The Frechet distance of two sets of features, each taken as a Gaussian (Heusel et al. 2017).

    |mean_a - mean_b|^2 + tr(A) + tr(B) - 2 tr((A B)^(1/2))      A, B: the covariances

With A = R'R and B = S'S the last trace is the sum of the singular values of R S'. That needs no
root of a product of matrices, which turns imaginary or NaN where features are few or collapse,
and for a few hundred rows it is a hundred times faster than eigenvalues of D x D.
"""

import torch
from torch import Tensor


def frechet(one: Tensor, other: Tensor) -> float:
    """The distance of features `(N, D)` and `(M, D)`, float64, N and M at least 2.

    Grows as sets get smaller, so only distances of equally many features compare.
    """
    between = (one.mean(0) - other.mean(0)).square().sum()
    r, s = _root(one), _root(other)
    overlap = torch.linalg.svdvals(r @ s.T).sum()
    distance = between + r.square().sum() + s.square().sum() - 2 * overlap
    return max(float(distance), 0.0)  # below zero is rounding


def _root(features: Tensor) -> Tensor:
    """R with R'R = the covariance of the rows; at most D rows."""
    centred = (features - features.mean(0)) / (len(features) - 1) ** 0.5
    few = len(features) <= features.shape[1]
    return centred if few else torch.linalg.qr(centred, mode="r").R
