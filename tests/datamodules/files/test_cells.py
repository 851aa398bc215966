"""Sheets are cut where they were put together, whether the cut is given or found."""

import numpy as np
import pytest
from drawnsheets import figures, tiled
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from datamodules.files.cells import Layout, find, ground


@settings(deadline=None, max_examples=40)
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
    assume(max(margin, spacing) < min(height, width))  # a wider end would hold more cells
    cells = np.random.default_rng(n).integers(0, 256, (n, height, width, 4), dtype=np.uint8)
    sheet = tiled(cells, rows, margin, spacing, trailing)
    layout = Layout(height, width, margin, spacing)
    assert layout.fits(sheet.shape)
    again, places = layout.cut(sheet)
    assert (again == cells).all()
    assert places.tolist() == [list(divmod(k, columns)) for k in range(n)]


def test_what_does_not_divide_does_not_fit():
    assert Layout(16, 16).fits((32, 48))
    assert not Layout(16, 16).fits((32, 49))
    assert not Layout(16, 24).fits((32, 40))
    assert Layout(16, 16, spacing=1).fits((33, 50))
    assert Layout(16, 16, spacing=1).fits((34, 51))  # one more gutter at the end
    assert not Layout(16, 16, spacing=1).fits((35, 50))
    assert not Layout(64, 64).fits((32, 32))


@pytest.mark.parametrize("background", [None, (200, 0, 200, 255)])
@pytest.mark.parametrize(("margin", "spacing"), [(0, 0), (0, 1), (1, 1), (2, 2)])
@pytest.mark.parametrize("side", [8, 16, 24, 32])
def test_the_grid_is_found(side, margin, spacing, background):
    rng = np.random.default_rng(side)
    for rows, columns in ((4, 3), (2, 7)):
        sheet = tiled(figures(rng, rows * columns, side), rows, margin, spacing)
        if background:
            sheet = np.where(sheet[..., 3:] > 0, sheet, np.array(background, np.uint8))
            assert ground(sheet) == int(np.array(background, np.uint8).view(np.uint32)[0])
        assert find(sheet) == Layout(side, side, margin, spacing), (rows, columns)


def test_no_grid_is_found_where_there_is_none():
    rng = np.random.default_rng(0)
    assert find(np.zeros((64, 64, 4), np.uint8)) is None
    assert find(rng.integers(0, 256, (64, 64, 4), dtype=np.uint8)) is None
    assert find(figures(rng, 1, 64)[0]) is None


@pytest.mark.parametrize("name", ["ninja_16", "dawnlike_16", "dcss_32", "nouns_32"])
def test_real_sprites_in_generated_sheets(real, name):
    images = np.load(real(f"{name}.npz"))["images"]
    rng = np.random.default_rng(0)
    side = images.shape[1]
    for spacing in (0, 1, 2):
        for rows, columns in ((3, 4), (6, 7)):
            cells = images[rng.choice(len(images), rows * columns, replace=False)]
            found = find(tiled(cells, rows, 0, spacing, trailing=True))
            assert found == Layout(side, side, 0, spacing)
