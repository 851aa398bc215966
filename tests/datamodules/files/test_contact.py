"""The contact sheet shows what was cut, enlarged by a whole factor, and the lines between."""

import numpy as np
from drawnsheets import tiled

from datamodules.files.cells import Axis, Cut, Layout
from datamodules.files.contact import EMPTY, LINE, SHEETS, SIDE, contact_sheet

RNG = np.random.default_rng(0)


def opaque(n, side):
    cells = RNG.integers(1, 255, (n, side, side, 4), dtype=np.uint8)
    cells[..., 3] = 255
    return cells


def test_every_pixel_of_a_cell_is_there_and_no_other():
    cells = opaque(6, 8)
    cells[4] = 0
    shown = np.asarray(contact_sheet([(tiled(cells, 2), Cut(((16, Layout(Axis(8), Axis(8))),)))]))
    small = shown[::4, ::4]
    assert (small.repeat(4, 0).repeat(4, 1) == shown).all()
    assert small.shape == (2 * 9 + 1 + 4, 3 * 9 + 1, 3)
    for k, cell in enumerate(cells):
        top, left = 1 + k // 3 * 9, 1 + k % 3 * 9
        area = small[top : top + 8, left : left + 8]
        assert (area == (EMPTY if k == 4 else cell[..., :3])).all()
        assert (small[top - 1, left - 1 : left + 9] == LINE).all()
        assert (small[top - 1 : top + 9, left + 8] == LINE).all()


def test_large_and_many_sheets_stay_small():
    cut = Cut(((512, Layout(Axis(64), Axis(64))),))
    sheets = [(tiled(opaque(64, 64), 8), cut)] * SHEETS
    picture = contact_sheet(sheets)
    assert picture.width <= SIDE
    assert picture.height <= 16 * 600
