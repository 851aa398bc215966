"""Laws of the picture of samples and their nearest sprites."""

import numpy as np
import pytest
import torch

from diffusion.drawing.pairs import pairs


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("n", [1, 9])
def test_the_nearest_pair_comes_first_with_true_colours(channels, n):
    samples = torch.full((n, channels, 8, 8), 255, dtype=torch.uint8)
    nearest = samples.clone()
    samples[-1, 0], nearest[-1, 0] = 10, 200
    distances = torch.arange(n, 0, -1).double()
    picture = np.asarray(pairs(samples, nearest, ["copy"] * n, distances, columns=4))
    assert picture[64, 18, 0] == 10
    assert picture[64, 18 + 66, 0] == 200


def test_no_more_than_asked_for_are_shown():
    samples = torch.zeros(40, 4, 16, 16, dtype=torch.uint8)
    distances = torch.arange(40)
    few = pairs(samples, samples, ["new"] * 40, distances, most=8)
    many = pairs(samples, samples, ["new"] * 40, distances, most=32)
    assert few.width == many.width
    assert few.height < many.height
