"""What lines say: nothing where there are none, much where all agree, and halves are noticed."""

import numpy as np
import pytest
from drawnsheets import figures, tiled

from datamodules.files.cells import Axis, plane
from datamodules.files.evidence import REPEATED, USUAL, Evidence, alternation, repetition

RNG = np.random.default_rng(0)


def along_width(cells, rows):
    return Evidence(plane(tiled(cells, rows)))


def test_lines_between_cells_speak_for_them():
    evidence = along_width(figures(RNG, 24, 16), 4)  # six columns
    true = evidence.of(Axis(16))
    assert true > 4
    assert evidence.of(Axis(8)) < 0
    assert evidence.of(Axis(96)) == 0  # no line, no evidence
    assert 0 < evidence.of(Axis(32)) < true
    outside = [gain for place, gain in enumerate(evidence.gain) if place in (0, 96)]
    assert outside == [0, 0]


def test_noise_says_nothing():
    noise = RNG.integers(1, 2**32, (40, 60), dtype=np.uint32)
    evidence = Evidence(noise)
    assert np.abs(evidence.gain).max() == 0  # no two neighbours are equal: every place is alike
    few = Evidence(RNG.integers(1, 5, (400, 600), dtype=np.uint32))
    assert few.gain[1:-1].mean() < 0
    assert few.of(Axis(30)) < 2


def test_gutters_must_be_of_one_colour():
    plain = along_width(figures(RNG, 12, 16), 3)
    assert plain.axis(16, 0, 0) == Axis(16)
    sheet = tiled(figures(RNG, 12, 16), 3, spacing=2)
    evidence = Evidence(plane(sheet))
    assert evidence.axis(16, 0, 2) == Axis(16, 0, 2)
    sheet[3, 16] = (255, 0, 0, 255)
    assert Evidence(plane(sheet)).axis(16, 0, 2) is None


@pytest.mark.parametrize("missing", [1, 5, 9])
def test_a_short_last_cell_is_one_cell_more(missing):
    cells = RNG.integers(1, 256, (12, 16, 16, 4), dtype=np.uint8)
    cells[..., 3] = 255
    evidence = Evidence(plane(tiled(cells, 3)[:, :-missing]))
    assert evidence.axis(16, 0, 0) == Axis(16, after=-missing)


def test_a_drawn_line_is_evidence_and_no_sprite():
    cells = RNG.integers(1, 4, (24, 23, 23, 1), dtype=np.uint8) * np.uint8([60, 60, 60, 0])
    cells += np.uint8([0, 0, 0, 255])
    sheet = tiled(cells, 4, spacing=1)
    sheet[sheet[..., 3] == 0] = (255, 0, 0, 255)
    evidence = Evidence(plane(sheet))
    assert evidence.of(Axis(23, 0, 1)) > evidence.of(Axis(24, after=-1)) + 3


def test_halves_alternate_and_cells_do_not():
    cells = figures(RNG, 40, 16).astype(float)
    cells[:, :, :5] *= RNG.random((40, 1, 1, 1)) < 0.3  # no figure is its own mirror image
    grid = cells.reshape(5, 8, 16, 16, 4)
    assert alternation(grid) < USUAL
    assert alternation(grid.swapaxes(0, 1)) < USUAL
    halves = grid.reshape(5, 8, 16, 2, 8, 4).swapaxes(2, 3).reshape(5, 16, 16, 8, 4)
    assert alternation(halves.swapaxes(0, 1)) > 3 * USUAL
    assert alternation(grid[:1, :2]) == 0


def test_several_cells_in_one_repeat_themselves_and_cells_do_not():
    cells = (
        figures(RNG, 24, 16).astype(float) * np.linspace(0.5, 1, 16)[:, None]
    )  # lit from a side
    grid = cells.reshape(6, 4, 16, 16, 4)
    assert repetition(grid) > REPEATED
    steps = (
        grid.repeat(3, axis=1).reshape(6, 4, 3, 16, 16, 4).swapaxes(2, 3).reshape(6, 4, 16, 48, 4)
    )
    assert repetition(steps) == 0
    assert repetition(steps + RNG.normal(0, 20, steps.shape)) < REPEATED
    assert repetition(grid[:1, :1]) == np.inf
    assert repetition(np.zeros_like(grid)) == np.inf
