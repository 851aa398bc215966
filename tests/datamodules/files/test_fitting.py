"""A picture of any size becomes a sprite of this one; its colours stay those it has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.files.fitting import fitted

RNG = np.random.default_rng(0)


def picture(height, width):
    pixels = RNG.integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    return pixels


def colours(image):
    return {tuple(pixel) for pixel in image.reshape(-1, 4).tolist()}


def test_one_of_the_right_size_is_left_alone():
    image = picture(16, 16)
    same, done = fitted(image, 16, 16)
    assert (same == image).all()
    assert done == []


@pytest.mark.parametrize("times", [2, 3, 8])
def test_an_enlarged_one_is_brought_back_to_its_pixels(times):
    image = picture(16, 16)
    found, done = fitted(image.repeat(times, 0).repeat(times, 1), 16, 16)
    assert (found == image).all()
    assert done == [f"each {times} x {times} pixels were one"]


def test_a_margin_that_does_not_fit_is_cut_off():
    image = np.zeros((40, 30, 4), np.uint8)
    image[20:32, 3:13] = figure = picture(12, 10)
    found, done = fitted(image, 16, 16)
    assert (found[2:14, 3:13] == figure).all()
    assert found[:2].max() == found[14:].max() == 0
    assert done == [
        "its transparent margin was cut off",
        "10 x 12 pixels stand on 16 x 16",
    ]


def test_of_a_larger_one_each_square_gives_its_commonest_colour():
    small = picture(16, 16)
    image = small.repeat(3, 0).repeat(3, 1)
    image[::3, ::3] = picture(16, 16)  # one pixel of nine is another
    found, done = fitted(image, 16, 16)
    assert (found == small).all()
    assert done == ["of each 3 x 3 pixels the commonest colour was taken"]


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 20), st.integers(1, 20))
def test_any_size_fits_any_other_without_a_new_colour(h, w, height, width):
    image = picture(h, w)
    found, done = fitted(image, height, width)
    assert found.shape == (height, width, 4)
    assert colours(found) <= colours(image) | {(0, 0, 0, 0)}
    assert bool(done) == ((h, w) != (height, width))
