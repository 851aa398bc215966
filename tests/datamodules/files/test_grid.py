"""Enlarged sprites come back to their true grid; others are never touched."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.files.grid import factor, times


def enlarged(images, f):
    return images.repeat(f, axis=1).repeat(f, axis=2)


def noise(rng, shape):
    return rng.integers(0, 4, shape, dtype=np.uint8)


@settings(max_examples=40)
@given(seed=st.integers(0, 999), f=st.integers(2, 8), h=st.integers(6, 20), w=st.integers(6, 20))
def test_every_enlargement_is_found_and_undone(seed, f, h, w):
    small = noise(np.random.default_rng(seed), (10, h, w, 3))
    large = enlarged(small, f)
    assert factor([large]) == f
    assert factor([large[:5], large[5:]]) == f
    assert (large[:, ::f, ::f] == small).all()
    assert factor([small]) == 1


def test_images_of_many_sizes_share_a_factor():
    rng = np.random.default_rng(0)
    sizes = [(5, 9), (12, 7), (16, 16)]
    assert factor(enlarged(noise(rng, (1, h, w, 4)), 3) for h, w in sizes) == 3
    mixed = [
        enlarged(noise(rng, (1, h, w, 4)), f) for (h, w), f in zip(sizes, (3, 3, 2), strict=True)
    ]
    assert factor(mixed) == 1


def test_a_shifted_enlargement_is_left_alone():
    large = enlarged(noise(np.random.default_rng(0), (10, 8, 8, 4)), 4)
    assert factor([np.roll(large, 1, axis=2)]) == 1


def test_little_evidence_is_none():
    flat = np.broadcast_to(np.arange(9, dtype=np.uint8)[:, None, None, None], (9, 16, 16, 3))
    assert factor([flat]) == 1
    halves = flat.copy()
    halves[:, 8:] += 1
    halves[:, :, 8:] += 2
    assert factor([halves]) == 1  # quarters of 8 px, seen along one line of each axis
    few = np.random.default_rng(0).integers(0, 9, (9, 4, 4, 3), dtype=np.uint8)
    few = few.repeat([8, 8, 24, 24], axis=1).repeat([8, 8, 24, 24], axis=2)
    assert factor([few]) == 1  # 3 of the 7 lines of an 8 x 8 grid
    stripes = flat.copy()
    stripes[:, ::2] += 1
    stripes[:, 1::2, ::2] += 1
    assert factor([stripes]) == 1


def test_enlargements_of_a_known_size():
    sprite = noise(np.random.default_rng(0), (2, 16, 12, 4))
    assert times(enlarged(sprite, 3), (16, 12)) == 3
    assert times(sprite, (16, 12)) == 1
    assert times(enlarged(sprite, 3), (12, 16)) == 1
    assert times(noise(np.random.default_rng(0), (2, 32, 24, 4)), (16, 12)) == 1


def test_real_sprites_are_on_their_grid(real):
    for name in ("dawnlike_16", "ninja_16", "dcss_32", "nouns_32"):
        images = np.load(real(f"{name}.npz"))["images"][:2000]
        assert factor([images]) == 1, name
        assert factor([enlarged(images, 4)]) == 4, name
