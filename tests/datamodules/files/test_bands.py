"""Bands are seen where cells change their size, and nowhere else."""

import numpy as np
from drawnsheets import shaped, tiled

from datamodules.files.bands import in_bands, joined
from datamodules.files.cells import Axis, Cut, Layout, plane

SMALL, LARGE = (Layout(Axis(side), Axis(side)) for side in (16, 32))


def test_one_size_is_one_band():
    for seed in range(4):
        sheet = tiled(shaped(np.random.default_rng(seed), 60, 16, 16, 0.8), 5)
        assert in_bands([plane(sheet)], SMALL) == (0.0, ((80, SMALL),))
    gutters = Layout(Axis(16, 1, 1, 1), Axis(16, 1, 1, 1))
    assert in_bands([plane(np.pad(sheet, ((1, 1), (1, 1), (0, 0))))], gutters)[0] == 0


def test_three_bands():
    rng = np.random.default_rng(3)
    parts = [(48, 16, 4), (18, 32, 3), (48, 16, 4)]
    sheet = np.concatenate([tiled(shaped(rng, n, s, s, 0.75), rows) for n, s, rows in parts])
    more, bands = in_bands([plane(sheet)], SMALL)
    assert more > 0
    assert bands == ((64, SMALL), (96, LARGE), (64, SMALL))


def test_neighbours_of_one_layout_are_joined():
    halves = ((32, SMALL), (32, SMALL), (32, LARGE), (64, LARGE), (16, SMALL))
    assert joined(halves) == ((64, SMALL), (96, LARGE), (16, SMALL))
    assert list(Cut(joined(halves)).cells(96)) == list(Cut(halves).cells(96))
