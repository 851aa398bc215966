"""Sheets are cut where they were put together."""

import numpy as np
import pytest
from drawnsheets import tiled
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from datamodules.files.cells import Axis, Cut, Layout, ground, plane, take

RNG = np.random.default_rng(0)
MAGENTA = (255, 0, 255, 255)


@settings(max_examples=40)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    margin=st.integers(0, 4),
    spacing=st.integers(0, 4),
    trailing=st.booleans(),
)
def test_cutting_undoes_tiling(height, width, rows, columns, margin, spacing, trailing):
    n = rows * columns
    cells = RNG.integers(0, 256, (n, height, width, 4), dtype=np.uint8)
    sheet = tiled(cells, rows, margin, spacing, trailing)
    end = max(margin, spacing if trailing else 0)
    grid = Layout(Axis(height, margin, spacing, end), Axis(width, margin, spacing, end))
    assert grid.fits(*sheet.shape[:2])
    cut = Cut(((sheet.shape[0], grid),))
    found = list(cut.cells(sheet.shape[1]))
    assert [(cell.row, cell.column) for cell in found] == [divmod(k, columns) for k in range(n)]
    assert all((take(sheet, cell) == cells[k]).all() for k, cell in enumerate(found))


@settings(max_examples=40)
@given(
    length=st.integers(1, 60),
    cell=st.integers(1, 9),
    before=st.integers(0, 4),
    spacing=st.integers(0, 4),
    after=st.integers(-8, 9),
)
def test_an_axis_fits_where_cells_gutters_and_margins_add_up(length, cell, before, spacing, after):
    assume(after > -cell)
    axis = Axis(cell, before, spacing, after)
    sums = [before + n * cell + (n - 1) * spacing + after for n in range(1, 70)]
    assert axis.fits(length) == (length in sums)
    if axis.fits(length):
        assert len(axis.starts(length)) == sums.index(length) + 1


def test_short_cells_end_in_ground():
    for behind in ((0, 0, 0, 0), MAGENTA):
        cells = RNG.integers(1, 255, (6, 8, 8, 4), dtype=np.uint8)
        cells[:, 5:], cells[:, :, 6:] = behind, behind
        cells[:, 0], cells[:, :, 0] = behind, behind
        cells[..., 3] = np.where((cells == behind).all(axis=-1), behind[3], 255)
        sheet = tiled(cells, 2)[:-3, :-2]
        cut = Cut(((13, Layout(Axis(8, after=-3), Axis(8, after=-2))),))
        assert (np.stack([take(sheet, cell) for cell in cut.cells(22)]) == cells).all()


def test_bands_are_cut_one_below_the_other():
    small, large = (
        RNG.integers(1, 256, (n, s, s, 4), dtype=np.uint8) for n, s in ((12, 8), (3, 16))
    )
    sheet = np.concatenate([tiled(small, 2), tiled(large, 1)])
    bands = ((16, Layout(Axis(8), Axis(8))), (16, Layout(Axis(16), Axis(16))))
    found = list(Cut(bands).cells(48))
    assert [cell.row for cell in found] == [0] * 6 + [1] * 6 + [2] * 3
    assert all((take(sheet, c) == s).all() for c, s in zip(found, [*small, *large], strict=True))


def test_what_lies_behind():
    sheet = np.zeros((8, 8, 4), np.uint8)
    sheet[2:5, 2:5] = (9, 9, 9, 255)
    assert ground(sheet) == 0
    assert (plane(sheet) > 0).sum() == 9
    opaque = np.where(sheet[..., 3:] > 0, sheet, np.array(MAGENTA, np.uint8))
    assert ground(opaque) == int(np.array(MAGENTA, np.uint8).view(np.uint32)[0])
    assert ((plane(opaque) > 0) == (plane(sheet) > 0)).all()


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (Axis(16), Axis(16), "data.cell=16"),
        (Axis(32), Axis(24), "data.cell=[32,24]"),
        (Axis(16, 1, 1, 1), Axis(16, 1, 1, 1), "data.cell=16 data.margin=1 data.spacing=1"),
        (
            Axis(8, 1, 2, 3),
            Axis(8, 4, 5, -6),
            "data.cell=8 data.margin=[1,-6,3,4] data.spacing=[2,5]",
        ),
    ],
)
def test_the_words_that_ask_for_it(rows, columns, words):
    assert Layout(rows, columns).typed() == words
