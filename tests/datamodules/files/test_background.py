"""Backgrounds go whole or not at all, and only where somebody says so."""

from pathlib import Path

import numpy as np
import pytest
from drawnsheets import figures, shaped
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.errors import DataError
from datamodules.files.background import checkerboard, cleared, multiplied, notice, wanted
from datamodules.files.canvas import Picture

RNG = np.random.default_rng(0)
FIGURES = figures(RNG, 24, 16)
MAGENTA = np.array((255, 0, 255, 255), np.uint8)


def pictures(images, places=None):
    places = places or [(0, 0)] * len(images)
    return [
        Picture(im[None], Path(f"{k}.png"), at)
        for k, (im, at) in enumerate(zip(images, places, strict=True))
    ]


def over(images, colour):
    """Opaque: the colour wherever nothing was."""
    return np.where(images[..., 3:] > 0, images, colour)


def frames(found):
    return np.concatenate([picture.frames for picture in found])


def board(height, width, side, top=0, left=0, colours=(204, 255)):
    y, x = np.indices((height, width))
    which = ((y - top) // side + (x - left) // side) % 2
    grey = np.array(colours, np.uint8)[which]
    return np.stack([grey] * 3 + [np.full_like(grey, 255)], axis=-1)


@pytest.mark.parametrize("colour", [MAGENTA, (255, 255, 255, 255), (20, 20, 30, 255)])
def test_a_flat_colour_is_noticed_kept_and_cleared_when_asked(colour):
    """Also where it is the colour of the outlines, which stay."""
    images = over(FIGURES, np.array(colour, np.uint8))
    kept, notes = cleared(pictures(images), None)
    assert (frames(kept) == images).all()
    assert f"The flat colour {bytes(colour[:3]).hex()} lies round the sprites" in notes[0]
    assert "data.background=transparent" in notes[0]
    assert cleared(pictures(images), "keep")[1] == []
    done, notes = cleared(pictures(images), "transparent")
    shown = frames(done)
    assert "was made transparent" in notes[0]
    gone = shown[..., 3] == 0
    assert (shown[~gone] == images[~gone]).all()
    if (np.array(colour) == MAGENTA).all():
        assert (shown == FIGURES).all()
    else:
        assert gone[FIGURES[..., 3] == 0].all()  # what was ground is gone


def test_what_sprites_enclose_is_kept_and_said():
    image = np.zeros((12, 12, 4), np.uint8)
    image[2:10, 2:10] = (9, 9, 9, 255)
    image[4:6, 4:6] = 0
    images = over(np.stack([image] * 9), MAGENTA)
    done, notes = cleared(pictures(images), "transparent")
    assert (frames(done)[:, 4:6, 4:6] == MAGENTA).all()
    assert "36 pixels of ff00ff are enclosed" in notes[1]
    assert "data.background=ff00ff" in notes[1]
    done, notes = cleared(pictures(images), "ff00ff")
    assert (frames(done) == image).all()
    assert notes == ["756 pixels of the colour ff00ff were made transparent."]


@settings(max_examples=30)
@given(st.integers(0, 2**24 - 1), st.integers(0, 5))
def test_a_named_colour_goes_and_nothing_else(colour, near):
    word = f"{colour:06x}"
    images = RNG.integers(0, 256, (9, 6, 6, 4), dtype=np.uint8)
    images[..., 3] = 255
    images[:, near, :3] = [*bytes.fromhex(word), 255]
    shown = frames(cleared(pictures(images), word)[0])
    exact = (images == [*bytes.fromhex(word), 255]).all(axis=-1)
    assert (shown[exact] == 0).all()
    assert (shown[~exact] == images[~exact]).all()


def test_it_is_said_when_nothing_was_done():
    images = over(FIGURES, np.array((254, 0, 254, 255), np.uint8))
    done, notes = cleared(pictures(images), "ff00ff")
    assert (frames(done) == images).all()
    assert "changed nothing" in notes[0]
    assert "the nearest is fe00fe" in notes[0]
    done, notes = cleared(pictures(FIGURES), "transparent")
    assert (frames(done) == FIGURES).all()
    assert notes == [
        "data.background=transparent changed nothing: no flat colour lies round sprites."
    ]


@pytest.mark.parametrize(("side", "top", "left"), [(1, 0, 0), (4, 0, 0), (8, 3, 11), (5, 1, 2)])
def test_a_painted_checkerboard(side, top, left):
    images = shaped(RNG, 30, 24, 20, 0.7)
    places = [(24 * (k // 6), 20 * (k % 6)) for k in range(30)]
    whole = board(24 * 5, 20 * 6, side, top, left)
    painted = np.stack(
        [
            np.where(im[..., 3:] > 0, im, whole[y : y + 24, x : x + 20])
            for im, (y, x) in zip(images, places, strict=True)
        ]
    )
    found = pictures(painted, places)
    assert checkerboard(found).side == side
    assert "A checkerboard of" in notice(found)[0]
    done, notes = cleared(found, "transparent")
    assert (
        frames(done)[..., 3] == images[..., 3]
    ).mean() > 0.99  # what joins the board is not told apart
    kept = images[..., 3] > 0
    assert (
        frames(done)[kept & (frames(done)[..., 3] > 0)]
        == images[kept & (frames(done)[..., 3] > 0)]
    ).all()
    assert "checkerboard round 30 pictures" in notes[0]


def premultiplied(images):
    alpha = images[..., 3:].astype(int)
    colours = (images[..., :3] * alpha + 127) // 255
    return np.concatenate([colours, alpha], axis=-1).astype(np.uint8)


def test_colours_multiplied_by_alpha_are_noticed_and_divided():
    images = RNG.integers(0, 256, (20, 8, 8, 4), dtype=np.uint8)
    images[:, 2:6, 2:6, 3] = 255
    images *= (images[..., 3:] > 0).astype(np.uint8)
    dark = premultiplied(images)
    assert multiplied(pictures(dark))
    assert not multiplied(pictures(images))
    assert "multiplied by their alpha" in notice(pictures(dark))[0]
    done, notes = cleared(pictures(dark), "transparent")
    assert (premultiplied(frames(done)) == dark).all()  # exactly what it was
    assert (frames(done)[images[..., 3] == 255] == images[images[..., 3] == 255]).all()
    assert "divided again" in notes[0]


def test_black_shadows_are_no_evidence():
    images = FIGURES.copy()
    images[:, -2:, 4:12] = (0, 0, 0, 90)
    assert not multiplied(pictures(images))


@pytest.mark.parametrize("name", ["ninja_16", "dawnlike_16", "dcss_32", "nouns_32"])
def test_nothing_is_noticed_in_real_sprites(real, name):
    images = np.load(real(f"{name}.npz"))["images"][:600]
    opaque = [image for image in images if image[..., 3].min() == 0]
    assert notice(pictures(opaque)) == []


def test_words_and_colours():
    assert wanted(None) is None
    assert wanted("keep") == "keep"
    assert wanted("FF00ff") == wanted("#ff00ff") == "ff00ff"
    assert wanted(112233) == "112233"
    for word in ("magenta", "fff", 12, 1e5, "ff00ff00", True):
        with pytest.raises(DataError, match=r"is unknown; give transparent, keep, or a colour"):
            wanted(word)
