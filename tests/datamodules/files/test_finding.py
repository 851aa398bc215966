"""Which cells a sheet has is found, or two forms are shown; never is one guessed."""

import numpy as np
import pytest
from drawnsheets import figures, shaped, tiled

from datamodules.files.cells import Axis, Cut, Layout, take
from datamodules.files.finding import find


def cells_of(cut, sheet):
    return [take(sheet, cell) for cell in cut.cells(sheet.shape[1])]


@pytest.mark.parametrize("background", [None, (200, 0, 200, 255)])
@pytest.mark.parametrize(("margin", "spacing"), [(0, 0), (0, 1), (1, 1), (2, 2)])
@pytest.mark.parametrize("side", [8, 16, 24, 32])
def test_square_cells(side, margin, spacing, background):
    rng = np.random.default_rng(side)
    for rows, columns in ((4, 3), (2, 7)):
        sheet = tiled(figures(rng, rows * columns, side), rows, margin, spacing)
        if background:
            sheet = np.where(sheet[..., 3:] > 0, sheet, np.array(background, np.uint8))
        axis = Axis(side, margin, spacing, margin)
        finding = find([sheet])
        wanted = Cut(((sheet.shape[0], Layout(axis, axis)),))
        if side > 8:
            assert finding.cut == wanted, (rows, columns)
        else:  # a sheet of 24 x 32 pixels may say too little, but nothing else
            assert (finding.cut or finding.rivals[0]) == wanted, (rows, columns)


@pytest.mark.parametrize(("rows", "columns"), [(8, 12), (4, 3), (6, 10)])
@pytest.mark.parametrize(("height", "width"), [(32, 24), (48, 32), (16, 24), (20, 14), (64, 32)])
def test_cells_need_not_be_square(height, width, rows, columns):
    rng = np.random.default_rng(height)
    sheet = tiled(shaped(rng, rows * columns, height, width), rows)
    grid = Layout(Axis(height), Axis(width))
    finding = find([sheet])
    if rows * columns > 20:
        assert finding.cut == Cut(((sheet.shape[0], grid),))
    else:  # a small sheet may say too little, but nothing else
        assert (finding.cut or finding.rivals[0]).bands[0][1] == grid


def test_short_last_columns_and_rows():
    rng = np.random.default_rng(0)
    cells = shaped(rng, 40, 16, 16)
    sheet = tiled(cells, 5)
    sheet[:, -4:], sheet[-3:] = 0, 0
    found = find([sheet[:-3, :-4]]).cut
    assert found.bands[0][1] == Layout(Axis(16, after=-3), Axis(16, after=-4))
    whole = cells_of(found, sheet[:-3, :-4])
    again = tiled(np.stack(whole), 5)
    assert (again == sheet).all()


def test_a_margin_at_one_side_only():
    rng = np.random.default_rng(0)
    sheet = np.pad(tiled(figures(rng, 40, 16), 5), ((0, 0), (0, 6), (0, 0)))
    cut = find([sheet]).cut
    assert [take(sheet, cell).tobytes() for cell in cut.cells(134)] == [
        cell.tobytes()
        for cell in cells_of(Cut(((80, Layout(Axis(16), Axis(16))),)), sheet[:, :128])
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_rows_of_two_sizes(order):
    rng = np.random.default_rng(1)
    parts = [tiled(shaped(rng, 48, 16, 16, 0.75), 4), tiled(shaped(rng, 18, 32, 32, 0.75), 3)][
        ::order
    ]
    bands = [(64, Layout(Axis(16), Axis(16))), (96, Layout(Axis(32), Axis(32)))][::order]
    assert find([np.concatenate(parts)]).cut == Cut(tuple(bands))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("high", [12, 20, 28])
def test_lines_that_fit_one_part_of_a_sheet_alone_make_no_grid(high, order):
    rng = np.random.default_rng(high)
    rows = [tiled(shaped(rng, 60, 16, 16, 0.9), 5), tiled(shaped(rng, 48, high, 16, 0.9), 4)]
    assert find([np.concatenate(rows[::order])]).cut is None


def test_a_grid_that_is_drawn_is_no_part_of_a_sprite():
    rng = np.random.default_rng(0)
    sheet = tiled(shaped(rng, 40, 23, 23), 5, 1, 1)
    grid = np.indices(sheet.shape[:2]) % 24 == 0
    sheet[grid.any(axis=0)] = (0, 0, 0, 255)
    axis = Axis(23, 1, 1, 1)
    assert find([sheet]).cut == Cut(((121, Layout(axis, axis)),))


@pytest.mark.parametrize("seed", range(3))
def test_two_grids_that_explain_a_sheet_alike_are_both_shown(seed):
    """Low and wide figures: four rows of them, or two rows of two that stand on each other."""
    rng = np.random.default_rng(seed)
    finding = find([tiled(shaped(rng, 16, 16, 32, 0.7), 4)])
    assert finding.cut is None
    assert {cut.typed() for cut in finding.rivals} == {"data.cell=[16,32]", "data.cell=32"}


def test_no_grid_is_found_where_there_is_none():
    rng = np.random.default_rng(0)
    scattered = np.zeros((96, 96, 4), np.uint8)
    for figure in figures(rng, 12, 20):
        top, left = rng.integers(0, 76, 2)
        scattered[top : top + 20, left : left + 20] = figure
    nothing = {
        "empty": np.zeros((64, 64, 4), np.uint8),
        "tiny": np.full((3, 3, 4), 255, np.uint8),
        "noise": rng.integers(0, 256, (64, 64, 4), dtype=np.uint8),
        "one figure": figures(rng, 1, 64)[0],
        "scattered": scattered,
    }
    for name, sheet in nothing.items():
        assert find([sheet]).cut is None, name


def test_sheets_of_one_size_are_looked_at_together():
    """One sheet of six sprites may say too little; twelve of them say enough."""
    rng = np.random.default_rng(1)
    sheets = [tiled(shaped(rng, 6, 16, 16), 2) for _ in range(12)]
    assert not all(find([sheet]).cut for sheet in sheets)
    assert find(sheets).cut == Cut(((32, Layout(Axis(16), Axis(16))),))


@pytest.mark.parametrize("name", ["ninja_16", "dawnlike_16", "dcss_32", "nouns_32"])
def test_real_sprites_in_generated_sheets(real, name):
    images = np.load(real(f"{name}.npz"))["images"]
    rng = np.random.default_rng(0)
    side = images.shape[1]
    for spacing in (0, 1, 2):
        for rows, columns in ((3, 4), (6, 7)):
            cells = images[rng.choice(len(images), rows * columns, replace=False)]
            sheet = tiled(cells, rows, 0, spacing, trailing=True)
            axis = Axis(side, 0, spacing, spacing)
            assert find([sheet]).cut == Cut(((sheet.shape[0], Layout(axis, axis)),)), (
                spacing,
                rows,
            )


@pytest.mark.parametrize("name", ["ninja_16", "dawnlike_16", "dcss_32", "nouns_32"])
@pytest.mark.parametrize(("height", "width"), [(32, 24), (48, 32)])
def test_real_sprites_in_cells_of_walkers(real, name, height, width):
    """Eight people in three steps and four directions, as 12 columns and 8 rows."""
    images = np.load(real(f"{name}.npz"))["images"]
    rng = np.random.default_rng(1)
    people = images[rng.choice(len(images), 32, replace=False)].repeat(3, axis=0)
    down, across = (np.arange(n) * images.shape[1] // n for n in (height - 4, width - 4))
    cells = np.zeros((96, height, width, 4), np.uint8)
    cells[:, 3:-1, 2:-2] = people[:, down][:, :, across]
    cells[1::3, height // 2 :] = np.roll(cells[1::3, height // 2 :], 1, axis=2)
    sheet = tiled(cells, 8)
    assert sheet.shape[:2] == (8 * height, 12 * width)
    assert find([sheet]).cut == Cut(((8 * height, Layout(Axis(height), Axis(width))),))
