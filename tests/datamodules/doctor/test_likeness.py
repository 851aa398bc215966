"""Keys meet exactly for shifts, mirrors and recolourings, by their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.doctor.likeness import IN_PLACE, planes, recoloured, shifted

SHIFTS = [(dx, dy) for dx in range(-2, 3) for dy in range(-2, 3)]


def moved(plane, dy, dx):
    """The plane shifted over empty ground; what leaves it is lost."""
    height, width = plane.shape
    result = np.zeros_like(plane)
    for y in range(height):
        for x in range(width):
            if 0 <= y + dy < height and 0 <= x + dx < width:
                result[y + dy, x + dx] = plane[y, x]
    return result


@st.composite
def sprites(draw):
    """A plane of at most 6 colours, about half of it ground."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (draw(st.integers(1, 7)), draw(st.integers(1, 7)))
    colours = rng.integers(0, 2**32, 6, dtype=np.uint32)
    return colours[rng.integers(0, 6, shape)] * rng.integers(0, 2, shape, dtype=np.uint32)


@given(sprites())
def test_every_column_is_the_key_of_that_shift(plane):
    keys = shifted(plane[None])[0]
    for column, (dx, dy) in enumerate(SHIFTS * 2):
        source = plane if column < 25 else plane[:, ::-1]
        assert keys[column] == shifted(moved(source, dy, dx)[None])[0, IN_PLACE]


def test_different_planes_have_different_keys():
    rng = np.random.default_rng(0)
    many = rng.integers(0, 2, (4000, 5, 4)).astype(np.uint32) << np.uint32(31)
    distinct = len(np.unique(many.reshape(4000, -1), axis=0))
    assert len(np.unique(shifted(many)[:, IN_PLACE])) == distinct


def exchanged(plane, rng):
    """Another plane in which every colour became another one of the same alpha."""
    colours = np.unique(plane[plane > 0])
    others = rng.choice(2**24, len(colours), replace=False).astype(np.uint32)
    result = np.zeros_like(plane)
    for colour, other in zip(colours, others, strict=True):
        result[plane == colour] = other | (colour & np.uint32(0xFF000000))
    return result


@given(sprites(), st.integers(0, 2**32))
def test_an_exchange_of_colours_keeps_the_keys(plane, seed):
    plane = np.where(plane > 0, plane | np.uint32(1 << 24), 0).astype(np.uint32)
    other = exchanged(plane, np.random.default_rng(seed))
    keys = recoloured(np.stack([plane, other, plane[:, ::-1]]))
    assert (keys[0] == keys[1]).all()
    assert (keys[2] == keys[0, ::-1]).all()


def test_what_is_no_exchange_of_colours_changes_the_key():
    rng = np.random.default_rng(0)
    plane = rng.integers(1, 5, (8, 8)).astype(np.uint32) | np.uint32(255 << 24)
    joined = np.where(plane == plane[0, 0], plane[plane != plane[0, 0]][0], plane)
    moved_pixel = plane.copy()
    moved_pixel[3, 3] = plane[plane != plane[3, 3]][0]
    hole = plane.copy()
    hole[3, 3] = 0
    softer = np.where(plane == plane[0, 0], plane ^ np.uint32(1 << 30), plane)
    keys = recoloured(np.stack([plane, joined, moved_pixel, hole, softer]))[:, 0]
    assert len(set(keys.tolist())) == 5


def test_an_outline_of_colours_that_never_repeat_has_no_key():
    rainbow = np.arange(1, 65, dtype=np.uint32).reshape(1, 8, 8)
    assert (recoloured(rainbow) == 0).all()
    rainbow[0, 0, 0] = rainbow[0, 0, 1]
    assert (recoloured(rainbow) != 0).all()
    assert (recoloured(np.zeros((1, 8, 8), np.uint32)) == 0).all()
    assert (shifted(np.zeros((1, 8, 8), np.uint32)) == 0).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_ground_of_opaque_sprites_is_the_colour_of_their_corners(channels):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 200, (2, 6, 7, channels), dtype=np.uint8)
    for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        images[0, y, x] = 201
    images[0, 3, 2:4] = 201
    found = planes(images)
    assert ((found[0] == 0) == (images[0] == 201).all(axis=-1)).all()
    assert (found[1] > 0).all()
