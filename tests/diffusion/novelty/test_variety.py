"""How many different sprites there are, from how often samples meet: right where that is known."""

import numpy as np
import pytest
import torch

from datamodules.forge import ForgeData
from diffusion.novelty.variety import ENOUGH, variety


@pytest.mark.parametrize("people", [500, 1000, 2000, 5000])
def test_characters_of_the_forge_are_counted(people):
    """The interval holds the truth about as often as it says, over draws of so many samples."""
    images = torch.from_numpy(ForgeData(n=people).read().images).permute(0, 3, 1, 2).contiguous()
    rng, held, bound = np.random.default_rng(0), 0, 0
    for _ in range(20):
        found = variety(images[rng.integers(0, people, 250)])
        held += found.low <= people <= found.high
        bound += found.low <= people
        assert found.is_bound == (found.pairs < ENOUGH)
    assert held >= 16  # of 20; 95% hold on average
    assert bound >= 17


def test_one_that_is_a_little_off_is_still_the_same():
    images = torch.from_numpy(ForgeData(n=300).read().images).permute(0, 3, 1, 2).contiguous()
    twice = torch.cat([images[:100], images[:20]])
    twice[100:, 0, 8, 8] ^= 40
    assert variety(twice).pairs < 20
    assert variety(twice, limit=12.0).pairs == 20
    assert variety(images[:100], limit=12.0).pairs == 0


def test_unequal_chances_only_lower_it():
    images = torch.arange(200, dtype=torch.uint8).view(200, 1, 1, 1).expand(200, 3, 4, 4)
    shares = np.arange(1, 201) ** 2.0
    rng = np.random.default_rng(0)
    rows = rng.choice(200, 500, p=shares / shares.sum())
    found = variety(images[rows])
    assert found.estimate < 200
    assert found.estimate == pytest.approx(1 / np.square(shares / shares.sum()).sum(), rel=0.1)


def test_without_a_pair_there_is_a_lower_bound_alone():
    images = torch.arange(200, dtype=torch.uint8).view(200, 1, 1, 1).expand(200, 1, 4, 4)
    found = variety(images)
    assert found.pairs == 0
    assert found.is_bound
    assert found.estimate == found.high == float("inf")
    assert found.low == pytest.approx(200 * 199 / 2 / 3.689, rel=1e-3)
