"""Layouts are cheap where they are usual, and halves of cells are dear."""

import numpy as np
import pytest
from drawnsheets import shaped, tiled

from datamodules.files.cells import Axis, Layout, plane
from datamodules.files.layouts import axis_cost, content_cost, evidence_of, layouts, shape_cost

RNG = np.random.default_rng(0)


def test_what_is_usual_costs_less():
    rising = [Axis(16), Axis(12), Axis(10), Axis(9)]
    assert [axis_cost(axis) for axis in rising] == sorted(map(axis_cost, rising))
    assert axis_cost(Axis(16)) == 0
    assert axis_cost(Axis(16, 1, 1, 1)) < axis_cost(Axis(16, 3, 1, 0))
    assert axis_cost(Axis(16, 0, 1, 0)) < axis_cost(Axis(16, 0, 4, 0))
    assert axis_cost(Axis(16, after=3)) < axis_cost(Axis(16, after=-3))


@pytest.mark.parametrize(("rows", "columns"), [(8, 12), (4, 3), (4, 4)])
def test_walkers_are_usual_though_not_square(rows, columns):
    tall, square = (Axis(32), Axis(24)), (Axis(32), Axis(32))
    walking = shape_cost(*tall, 32 * rows, 24 * columns)
    assert shape_cost(*square, 32 * rows, 32 * columns) < walking
    assert walking < shape_cost(*tall, 32 * (rows + 1), 24 * columns)


def test_halves_and_several_in_one_cost_and_cells_do_not():
    planes = [plane(tiled(shaped(RNG, 40, 32, 24), 5))]
    assert content_cost(planes, Layout(Axis(32), Axis(24))) < 1
    assert content_cost(planes, Layout(Axis(16), Axis(24))) > 3
    assert content_cost(planes, Layout(Axis(32), Axis(12))) > 3
    steps = [plane(tiled(shaped(RNG, 20, 32, 24).repeat(3, axis=0), 5))]
    assert content_cost(steps, Layout(Axis(32), Axis(24))) < 1
    assert content_cost(steps, Layout(Axis(32), Axis(72))) > 3


def test_the_best_come_first_and_plain_ones_are_plain():
    planes = [plane(tiled(shaped(RNG, 40, 16, 16), 5, 1, 1))]
    found = layouts(planes, evidence_of(planes))
    assert [odds for odds, _ in found] == sorted((odds for odds, _ in found), reverse=True)
    assert found[0][1] == Layout(Axis(16, 1, 1, 1), Axis(16, 1, 1, 1))
    for _, grid in layouts(planes, evidence_of(planes), plain=True):
        assert {grid.rows.cell % 8, grid.columns.cell % 8, grid.rows.after} == {0}
        assert {axis.before + axis.spacing for axis in (grid.rows, grid.columns)} == {0}
