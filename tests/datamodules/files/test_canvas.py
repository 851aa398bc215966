"""Odd ones out are left out by name; sprites of many sizes never are."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.files.canvas import Picture, one_size, without_odd

FOLDER = Path("game")


def pictures(sizes):
    return [
        Picture(np.full((1, h, w, 4), 255, np.uint8), Path(f"{k}.png"))
        for k, (h, w) in enumerate(sizes)
    ]


def test_a_preview_among_sprites_is_left_out_and_named():
    kept, notes = without_odd(pictures([(16, 16)] * 12 + [(96, 128)] + [(16, 16)] * 12))
    assert [p.size for p in kept] == [(16, 16)] * 24
    assert notes == ["Far larger than the sprites and left out: 12.png (128 x 96)."]


@given(st.lists(st.tuples(st.integers(3, 60), st.integers(3, 60)), min_size=1, max_size=40))
def test_only_few_and_far_larger_ones_go(sizes):
    kept, notes = without_odd(pictures(sizes))
    gone = len(sizes) - len(kept)
    assert gone <= 0.1 * len(sizes)
    assert bool(gone) == bool(notes)
    if gone:
        areas = sorted(h * w for h, w in sizes)
        assert areas[-gone] >= 16 * np.median(areas)
        assert areas[-gone] >= 4 * areas[-gone - 1]


@pytest.mark.parametrize(
    "sizes",
    [[(16, 16)] * 24 + [(48, 48)], [(16, 16)] * 5 + [(96, 128)], [(8, 8)] * 9 + [(64, 64)] * 3],
)
def test_bosses_and_small_sets_stay(sizes):
    kept, notes = without_odd(pictures(sizes))
    assert len(kept) == len(sizes)
    assert notes == []


def test_it_is_said_when_margins_multiply_the_pixels():
    _, notes = one_size(pictures([(16, 16)] * 30 + [(48, 40)]), "centre", FOLDER)
    assert notes[0] == "2 sizes were brought to 40 x 48 by a transparent margin."
    assert "8 times the pixels of a median sprite" in notes[1]
    assert "30.png is the largest" in notes[1]
    assert "data.fit=select" in notes[1]
    assert len(one_size(pictures([(16, 16)] * 30 + [(24, 24)]), "centre", FOLDER)[1]) == 1
