"""`data=sheet`: real sheets as their names say, and sentences for what cannot be cut."""

import re

import numpy as np
import pytest
from drawnsheets import figures, tiled
from PIL import Image

from datamodules.errors import DataError
from datamodules.sheet import SheetData

RNG = np.random.default_rng(0)
FIGURES = figures(RNG, 24, 16)


@pytest.fixture
def sheet(tmp_path):
    """Saves a sheet and returns its path."""

    def save(pixels):
        Image.fromarray(pixels).save(tmp_path / "sheet.png")
        return str(tmp_path / "sheet.png")

    return save


def test_real_sheets(real):
    for file in sorted(real("raw").glob("sheet_*.png")):
        words = dict(re.findall(r"(grid|spacing|x)(\d+)", file.name.split("_", 1)[1]))
        enlarged = int(re.search(r"_x(\d+)_", file.name)[1]) if "_x" in file.name else 1
        side, gutter = int(words["grid"]), int(words.get("spacing", 0))
        sprites = SheetData(str(file)).read()
        assert sprites.images.shape[1:3] == (side, side), file.name
        true = np.array(Image.open(file).convert("RGBA"))[::enlarged, ::enlarged]
        true[true[..., 3] == 0] = 0
        for name, image in zip(sprites.names, sprites.images, strict=True):
            row, column = map(int, re.findall(r"\d+", name))
            top, left = row * (side + gutter), column * (side + gutter)
            assert (image == true[top : top + side, left : left + side]).all(), (file.name, name)
        tops = range(0, true.shape[0] - side + 1, side + gutter)
        lefts = range(0, true.shape[1] - side + 1, side + gutter)
        filled = sum(
            bool(true[top : top + side, left : left + side, 3].any())
            for top in tops
            for left in lefts
        )
        assert len(sprites) == filled, file.name


@pytest.mark.parametrize("enlarged", [1, 4])
@pytest.mark.parametrize(("margin", "spacing"), [(0, 0), (1, 2)])
def test_given_and_found_cells_are_the_same(sheet, margin, spacing, enlarged):
    pixels = tiled(FIGURES, 4, margin, spacing).repeat(enlarged, 0).repeat(enlarged, 1)
    path = sheet(pixels)
    given = SheetData(path, 16 * enlarged, margin * enlarged, spacing * enlarged).read()
    found = SheetData(path).read()
    assert (given.images == FIGURES).all()
    assert (found.images == FIGURES).all()
    assert given.names == found.names
    assert any("enlarged" in note for note in found.notes) == (enlarged > 1)


def test_cells_need_not_be_square(sheet):
    cells = RNG.integers(0, 256, (12, 20, 12, 4), dtype=np.uint8) | 1
    sprites = SheetData(sheet(tiled(cells, 3)), cell=[20, 12]).read()
    assert (sprites.images == cells).all()


@pytest.mark.parametrize("background", [(0, 0, 0, 0), (200, 0, 200, 255)])
def test_empty_cells_are_left_out_and_said(sheet, background):
    cells = FIGURES.copy()
    cells[[3, 5, 23]] = 0
    cells[cells[..., 3] == 0] = background
    sprites = SheetData(sheet(tiled(cells, 4)), cell=16).read()
    assert (
        sprites.images == np.delete(cells, [3, 5, 23], axis=0)[..., : 3 + (background[3] == 0)]
    ).all()
    assert sprites.names[3] == "r0c4"
    assert any("3 are empty" in note for note in sprites.notes)


def test_a_sheet_that_the_cell_does_not_divide(sheet):
    path = sheet(tiled(FIGURES, 4))  # 96 x 64
    with pytest.raises(
        DataError, match=r"15 x 15 .* 96 x 64; data\.cell=4 or 8 or 16 or 32 would"
    ):
        SheetData(path, cell=15).read()
    with pytest.raises(DataError, match="margin 0, spacing 3"):
        SheetData(path, cell=16, spacing=3).read()
    with pytest.raises(DataError, match=r"give data\.cell=\[height,width\]"):
        SheetData(sheet(np.ones((31, 37, 4), np.uint8)), cell=16).read()


def test_no_sprite_and_no_grid(sheet):
    with pytest.raises(DataError, match="are empty; check data.cell"):
        SheetData(sheet(np.zeros((32, 32, 4), np.uint8)), cell=16).read()
    noise = RNG.integers(0, 256, (61, 47, 4), dtype=np.uint8)
    with pytest.raises(DataError, match=r"No grid .* give data\.cell="):
        SheetData(sheet(noise)).read()


@pytest.mark.parametrize("cell", [0, -4, [16], [16, 0], [1, 2, 3], 1.5, "16x16"])
def test_what_is_no_cell(cell):
    with pytest.raises(DataError, match="is no grid; give pixels"):
        SheetData("sheet.png", cell=cell)


def test_other_files(tmp_path, sheet):
    with pytest.raises(DataError, match="There is no file"):
        SheetData(str(tmp_path / "none.png")).read()
    with pytest.raises(DataError, match="use data=folder"):
        SheetData(str(tmp_path)).read()
    frames = [Image.fromarray(cell) for cell in FIGURES]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match="is an animation"):
        SheetData(str(tmp_path / "a.gif")).read()
    with pytest.raises(DataError, match="256 x 256"):
        SheetData(sheet(RNG.integers(1, 256, (514, 514, 4), dtype=np.uint8)), cell=257).setup()
