"""Laws of the Frechet distance."""

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusion.metrics.frechet import frechet


def features(n, dimensions, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dimensions, dimensions, dtype=torch.float64, generator=generator)
    return torch.randn(n, dimensions, dtype=torch.float64, generator=generator) @ mixing + 3


@given(st.integers(2, 80), st.integers(1, 40), st.integers(0, 99))
def test_of_a_set_and_itself_it_is_zero(n, dimensions, seed):
    one = features(n, dimensions, seed)
    assert frechet(one, one[torch.randperm(n)]) < 1e-3


def test_of_gaussians_with_one_axis_system_it_is_the_closed_form():
    rotation = torch.linalg.qr(features(6, 6)).Q
    a, b = torch.arange(1.0, 7).double(), torch.tensor([2.0, 9, 4, 0, 1, 5]).double()
    means = torch.zeros(6).double(), torch.tensor([1.0, -2, 0, 0, 3, 0]).double()
    sets = []
    for mean, variances, seed in ((means[0], a, 1), (means[1], b, 2)):
        drawn = features(50, 6, seed)
        white = torch.linalg.qr(drawn - drawn.mean(0)).Q * 49**0.5  # covariance exactly 1
        sets.append(white * variances.sqrt() @ rotation.T + mean)
    found = frechet(*sets)
    expected = 14 + (a.sqrt() - b.sqrt()).square().sum().item()
    assert found == pytest.approx(expected, abs=1e-6)


def test_equals_the_square_root_of_the_product():
    one, other = features(300, 12, 1), features(200, 12, 2)
    a, b = np.cov(one.numpy().T), np.cov(other.numpy().T)
    root = scipy.linalg.sqrtm(a @ b).real
    apart = (one.mean(0) - other.mean(0)).square().sum().item()
    expected = apart + np.trace(a + b - 2 * root)
    assert frechet(one, other) == pytest.approx(expected, rel=1e-8)
    assert frechet(one, other) == pytest.approx(frechet(other, one), rel=1e-9)


def test_fewer_features_than_dimensions_and_a_collapsed_set_are_measured():
    few, real = features(5, 40, 3), features(90, 40, 4)
    assert 0 < frechet(few, real) < float("inf")
    collapsed = real[:1].expand(30, -1)
    centred = real - real.mean(0)
    expected = (real[0] - real.mean(0)).square().sum() + centred.square().sum() / (len(real) - 1)
    assert frechet(collapsed, real) == pytest.approx(expected.item(), rel=1e-9)
