"""`data=sheet`: real sheets as their names say, and sentences for what cannot be cut."""

import ast
import re

import numpy as np
import pytest
from drawnsheets import figures, shaped, tiled
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
    with pytest.raises(DataError, match="There is nothing at"):
        SheetData(str(tmp_path / "none.png")).read()
    with pytest.raises(DataError, match="holds no PNG"):
        SheetData(str(tmp_path)).read()
    frames = [Image.fromarray(cell) for cell in FIGURES]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match="is an animation"):
        SheetData(str(tmp_path / "a.gif")).read()
    with pytest.raises(DataError, match="256 x 256"):
        SheetData(sheet(RNG.integers(1, 256, (514, 514, 4), dtype=np.uint8)), cell=257).setup()


def as_typed(words):
    """Arguments from words such as `data.cell=[32,24] data.spacing=1`."""
    pairs = re.findall(r"data\.(\w+)=([^ ;]+)", words)
    return {key: ast.literal_eval(value.rstrip(".")) for key, value in pairs}


def images_of(path, **options):
    return SheetData(path, **options).read().images


@pytest.mark.parametrize("seed", range(3))
def test_an_ambiguous_sheet_is_refused_and_both_forms_can_be_typed(sheet, seed):
    cells = shaped(np.random.default_rng(seed), 16, 16, 32, 0.7)
    path = sheet(tiled(cells, 4))
    with pytest.raises(DataError, match="Two grids explain .* say which with") as error:
        SheetData(path).read()
    one, other = str(error.value).split(" say which with ")[1].split(" or with ")
    shapes = {images_of(path, **as_typed(form)).shape for form in (one, other)}
    assert shapes == {(16, 16, 32, 4), (8, 32, 32, 4)}


def test_a_guess_is_shown_and_can_be_typed(sheet):
    cells = shaped(np.random.default_rng(0), 6, 20, 14)
    path = sheet(tiled(cells, 2, 1, 1))
    with pytest.raises(DataError, match="No grid of cells.*the best guess is") as error:
        SheetData(path).read()
    assert (images_of(path, **as_typed(str(error.value).split("guess is")[1])) == cells).all()


def test_the_remedies_of_a_misfit_can_be_typed(sheet):
    cells = figures(RNG, 24, 16)
    pixels = tiled(cells, 4)[:-3, :-5]
    path = sheet(pixels)
    with pytest.raises(DataError, match="do not divide .*completes the last ones") as error:
        SheetData(path, cell=16).read()
    completing = re.search(r"data\.cell=16 data\.margin=\S+", str(error.value))[0]
    assert as_typed(completing) == {"cell": 16, "margin": [0, -5, -3, 0]}
    whole = np.pad(pixels, ((0, 3), (0, 5), (0, 0)))
    again = np.stack(
        [whole[y : y + 16, x : x + 16] for y in range(0, 64, 16) for x in range(0, 96, 16)]
    )
    assert (images_of(path, **as_typed(completing)) == again).all()
    path = sheet(tiled(figures(RNG, 24, 16), 4))
    with pytest.raises(DataError, match="would") as error:
        SheetData(path, cell=15).read()
    for cell in re.search(r"data\.cell=([\d or]+) would", str(error.value))[1].split(" or "):
        assert images_of(path, cell=int(cell)).shape[1] == int(cell)


def test_an_end_without_sprites_is_a_margin(sheet):
    cells = figures(RNG, 24, 16)
    path = sheet(np.pad(tiled(cells, 4), ((0, 5), (0, 9), (0, 0))))
    assert (images_of(path, cell=16) == cells).all()


def test_margins_at_each_side_and_gutters_along_each_axis(sheet):
    cells = RNG.integers(1, 256, (12, 6, 5, 4), dtype=np.uint8)
    pixels = np.zeros((3 + 3 * 6 + 2 * 2 + 1, 4 + 4 * 5 + 3 * 1 + 2, 4), np.uint8)
    for k, cell in enumerate(cells):
        top, left = 3 + k // 4 * 8, 4 + k % 4 * 6
        pixels[top : top + 6, left : left + 5] = cell
    found = images_of(sheet(pixels), cell=[6, 5], margin=[3, 2, 1, 4], spacing=[2, 1])
    assert (found == cells).all()


def test_bands_of_two_sizes_are_found_said_and_typed(sheet):
    rng = np.random.default_rng(1)
    small, large = shaped(rng, 48, 16, 16, 0.75), shaped(rng, 18, 32, 32, 0.75)
    path = sheet(np.concatenate([tiled(small, 4), tiled(large, 3)]))
    sprites = SheetData(path).read()
    expected = np.concatenate([np.pad(small, ((0, 0), (8, 8), (8, 8), (0, 0))), large])
    assert (sprites.images == expected).all()
    assert "bands of 16 x 16, 32 x 32" in sprites.notes[0]
    assert (
        images_of(path, **as_typed(sprites.notes[0].split("(")[1].split(")")[0])) == expected
    ).all()
    assert (images_of(path, cell=[[16, 16, 4], [32, 32, 3]], fit="select") == small).all()
    with pytest.raises(DataError, match=r"bands of data\.cell end after 64 of 160 rows"):
        SheetData(path, cell=[[16, 16, 4]]).read()
    with pytest.raises(DataError, match="do not divide"):
        SheetData(path, cell=[[16, 16, 4], [32, 32, 7]]).read()


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_a_folder_of_sheets(tmp_path):
    rng = np.random.default_rng(0)
    heroes = {f"{name}.png": shaped(rng, 12, 24, 16) for name in "ab"}
    wide = figures(rng, 40, 16)
    for name, cells in heroes.items():
        save(tmp_path / "heroes" / name, tiled(cells, 3))
    save(tmp_path / "items" / "all.png", tiled(wide, 5))
    sprites = SheetData(str(tmp_path), cell=None).read()
    assert sprites.names[0] == "heroes/a/r0c0"
    assert sprites.names[-1] == "items/all/r4c7"
    assert sprites.images.shape == (64, 24, 16, 4)
    assert (sprites.images[:24] == np.concatenate([*heroes.values()])).all()
    assert (sprites.images[24:, 4:20] == wide).all()
    assert [sprites.label_names[label] for label in sprites.labels[[0, 23, 24]]] == [
        "heroes"
    ] * 2 + ["items"]
    assert sprites.groups is None  # too few sheets to keep each in one part


def test_many_sheets_are_groups(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(12):
        save(tmp_path / f"{k:02}.png", tiled(shaped(rng, 8, 16, 16), 2))
    data = SheetData(str(tmp_path))
    data.setup()
    assert data.card["groups"] == 12
    assert data.sprites.labels is None
    parts = [{data.called(row).split("/")[0] for row in rows} for rows in data.split.values()]
    assert sum(map(len, parts)) == 12


def test_a_checkerboard_is_no_sprite_and_hides_no_grid(sheet):
    cells = figures(RNG, 40, 16)
    cells[[5, 17, 39]] = 0
    y, x = np.indices((80, 128)) // 8
    grey = np.where((y + x) % 2, 204, 255).astype(np.uint8)
    board = np.stack([grey] * 3 + [np.full_like(grey, 255)], axis=-1)
    pixels = tiled(cells, 5)
    path = sheet(np.where(pixels[..., 3:] > 0, pixels, board))
    sprites = SheetData(path, background="transparent").read()
    assert (sprites.images == np.delete(cells, [5, 17, 39], axis=0)).all()
    assert any("The checkerboard" in note for note in sprites.notes)
    kept = SheetData(path, cell=16).read()
    assert any("A checkerboard of" in note and "data.background" in note for note in kept.notes)


def test_a_key_colour_between_and_inside_of_sprites(sheet):
    magenta = np.array((255, 0, 255, 255), np.uint8)
    path = sheet(np.where(tiled(FIGURES, 4, 1, 1)[..., 3:] > 0, tiled(FIGURES, 4, 1, 1), magenta))
    for background in ("transparent", "ff00ff"):
        assert (SheetData(path, background=background).read().images == FIGURES).all()
    notes = SheetData(path).read().notes
    assert any("The flat colour ff00ff lies round the sprites" in note for note in notes)
    assert len(SheetData(path, background="keep").read().notes) == 1


def test_the_contact_sheet_shows_every_cell_apart(sheet):
    data = SheetData(sheet(tiled(FIGURES, 4)))
    assert data.imported() is None
    data.setup()
    shown = np.asarray(data.imported())
    assert shown.shape[:2] == (4 * (1 + 4 * 17 + 4), 4 * (1 + 6 * 17))
    line = shown[:4, : 4 * 16]
    assert len(np.unique(line.reshape(-1, 3), axis=0)) == 1
    opaque = FIGURES[0][..., 3] == 255
    first = shown[4 : 4 * 17 : 4, 4 : 4 * 17 : 4]
    assert (first[opaque] == FIGURES[0][opaque][:, :3]).all()


def test_every_real_sheet_has_a_contact_sheet(real):
    for file in sorted(real("raw").glob("sheet_*.png")):
        data = SheetData(str(file))
        data.read()
        assert max(data.imported().size) <= 4096
