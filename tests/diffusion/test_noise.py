"""Laws of addressed noise: what an image gets depends on its address alone, and is noise."""

from itertools import combinations, product

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from diffusion.errors import UserError
from diffusion.noise import ImageNoise


@pytest.mark.parametrize("shape", [(4, 5, 3), (1, 3, 3), (4, 16, 16)])
def test_image_noise_depends_on_seed_index_and_draw_alone(shape):
    together = ImageNoise(1, range(9), shape)(3)
    alone = ImageNoise(1, [5], shape)(3)
    backwards = ImageNoise(1, range(8, -1, -1), shape)(3)
    assert together.dtype == torch.float32
    assert torch.equal(together[5:6], alone)
    assert torch.equal(together, backwards.flip(0))
    for other in (
        ImageNoise(2, [5], shape)(3),
        ImageNoise(1, [6], shape)(3),
        ImageNoise(1, [5], shape)(2),
    ):
        assert (other != alone).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_image_noise_is_the_same_on_a_gpu():
    here, there = (ImageNoise(1, range(9), (4, 16, 16), where) for where in ("cpu", "cuda"))
    for draw in range(3):
        assert torch.equal(there(draw).cpu(), here(draw))


def test_image_noise_is_standard_normal():
    noise = ImageNoise(0, range(200), (4, 16, 16))(0)
    assert kstest(noise.flatten(), "norm").pvalue > 0.01


def test_image_noise_of_neighbouring_addresses_is_independent():
    draws = [ImageNoise(seed, range(8), (4, 16, 16))(k) for seed, k in product(range(8), repeat=2)]
    flat = torch.cat(draws).flatten(1)
    pairs = torch.triu_indices(len(flat), len(flat), offset=1)
    for values in (flat, flat.square() - 1):
        products = (values @ values.T)[pairs[0], pairs[1]]
        products /= values.square().mean() * flat.shape[1] ** 0.5
        assert products.mean().abs() < 4 / len(products) ** 0.5
        assert products.square().mean() == pytest.approx(1, abs=0.03)
        assert products.abs().max() < 6


def test_no_two_images_of_a_draw_are_the_same():
    """A hash of 32 bits would have 8 pairs of equals here, on average."""
    words = ImageNoise(0, range(2**18), ())._words(3)
    assert len(np.unique(words)) == len(words)


def test_images_of_other_draws_and_seeds_are_others():
    """Of 2^32 words two sets of 2^14 have one in common in every sixteenth case, by chance."""
    addresses = product(range(2), repeat=2)
    words = [ImageNoise(seed, range(2**14), ())._words(draw) for seed, draw in addresses]
    assert max(len(np.intersect1d(*pair)) for pair in combinations(words, 2)) < 4
    bits = np.unpackbits(np.concatenate(words).view(np.uint8)).reshape(-1, 32)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4 * 0.5 / len(bits) ** 0.5


def test_the_largest_index():
    assert ImageNoise(0, [2**32 - 1], (2,))(0).shape == (1, 2)
    with pytest.raises(UserError, match="index=4294967296 must be below 4294967296"):
        ImageNoise(0, [2**32], (2,))
