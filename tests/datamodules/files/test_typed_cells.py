"""Cells as they are typed: what is a grid, and what is none."""

import numpy as np
import pytest
from drawnsheets import tiled

from datamodules.errors import DataError
from datamodules.files.cells import Axis, Layout
from datamodules.files.typed_cells import given_cells

RNG = np.random.default_rng(0)


def sheet(rows, columns, side, **margins):
    cells = RNG.integers(1, 256, (rows * columns, side, side, 4), dtype=np.uint8)
    return tiled(cells, rows, **margins)


def test_one_number_for_all():
    cut = given_cells(8, 1, 2).cut([sheet(3, 4, 8, margin=1, spacing=2)], "a.png")
    axis = Axis(8, 1, 2, 1)
    assert cut.bands == ((30, Layout(axis, axis)),)
    assert (
        given_cells([8, 8], [1, 1, 1, 1], [2, 2]).cut([np.ones((30, 40, 4), np.uint8)], "") == cut
    )


@pytest.mark.parametrize(
    ("margin", "spacing", "trailing"), [(0, 2, True), (3, 1, True), (3, 0, False)]
)
def test_a_gutter_or_a_margin_may_end_a_sheet(margin, spacing, trailing):
    pixels = sheet(3, 4, 8, margin=margin, spacing=spacing, trailing=trailing)
    cut = given_cells(8, margin, spacing).cut([pixels], "a.png")
    assert len(list(cut.cells(pixels.shape[1]))) == 12


def test_words_and_cut_are_inverse():
    for rows, columns in (
        (Axis(8, 1, 2, 3), Axis(9, 4, 1, 2)),
        (Axis(8, after=-3), Axis(8, after=-7)),
        (Axis(8, 2, 0, 2), Axis(8, 2, 0, 2)),
    ):
        height, width = (a.before + 3 * a.pitch - a.spacing + a.after for a in (rows, columns))
        pixels = np.full((height, width, 4), 255, np.uint8)
        words = dict(word.split("=") for word in Layout(rows, columns).typed().split())
        typed = {key.removeprefix("data."): eval(value) for key, value in words.items()}
        given = given_cells(typed["cell"], typed.get("margin", 0), typed.get("spacing", 0))
        assert given.cut([pixels], "a.png").bands == ((height, Layout(rows, columns)),)


@pytest.mark.parametrize(
    ("cell", "margin", "spacing"),
    [
        *(
            (cell, 0, 0)
            for cell in (0, -4, [16], [16, 0], [1, 2, 3], 1.5, "16x16", [], True, [[8, 8]])
        ),
        *((8, margin, 0) for margin in (-1, [0, 0], [-1, 0, 0, 0], "1", None, 2**20)),
        *((8, 0, spacing) for spacing in (-1, [1, 2, 3], 0.5, None)),
        ([[8, 8, 0]], 0, 0),
        ([[8, 8, 1], [8, 8]], 0, 0),
    ],
)
def test_what_is_no_grid(cell, margin, spacing):
    with pytest.raises(DataError, match="is no grid; give pixels"):
        given_cells(cell, margin, spacing)


def test_a_completed_cell_must_begin_in_the_sheet():
    with pytest.raises(DataError, match="do not divide"):
        given_cells(8, [0, -8, 0, 0], 0).cut([np.full((16, 16, 4), 255, np.uint8)], "a.png")
