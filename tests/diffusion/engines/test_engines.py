"""Files for engines and editors: every sprite is found again in them, pixel for pixel."""

import io
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import names, part
from PIL import Image

from datamodules.files.palettes import read_palette
from diffusion import pictures
from diffusion.engines.base import Layout, Taken
from diffusion.engines.indexed import Indexed
from diffusion.errors import UserError

LAYOUTS = (
    Layout(),
    Layout(columns=7, spacing=2, margin=3),
    Layout(columns=64, power_of_two=True, scale=2),
    Layout(columns=1, spacing=1),
)


def some(n, channels=4, height=9, width=6, colours=12):
    """Sprites of few colours; of four channels the first colour is transparent."""
    rng = np.random.default_rng(0)
    palette = rng.integers(1, 256, (colours, channels)).astype(np.uint8)
    if channels == 4:
        palette[:, 3], palette[0] = 255, 0
    pixels = palette[rng.integers(0, colours, (n, height, width))]
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), palette


def taken(n, layout=None, channels=4, labels=("mage", "knight", None), colours=True):
    images, palette = some(n, channels)
    given = [labels[k % len(labels)] for k in range(n)]
    names = [f"sprite-{k:05d}" for k in range(n)]
    return Taken(images, names, given, palette if colours else None, layout or Layout())


def sheet_of(it):
    return it.layout.sheet(it.images).permute(1, 2, 0).numpy()


def scaled(it):
    large = it.images.repeat_interleave(it.layout.scale, 2)
    return large.repeat_interleave(it.layout.scale, 3).permute(0, 2, 3, 1).numpy()


def files_of(kind, it):
    engine = part("files", kind)()
    return dict(zip(engine.names(it.tag), engine.content(it), strict=True))


@settings(max_examples=200)
@given(
    st.integers(1, 40),
    st.builds(
        Layout,
        columns=st.none() | st.integers(1, 50),
        spacing=st.integers(0, 5),
        margin=st.integers(0, 5),
        power_of_two=st.booleans(),
        scale=st.integers(1, 3),
    ),
)
def test_every_sprite_has_a_place_of_its_own(n, layout):
    images = some(n, height=3, width=5)[0]
    width, height = layout.size(n, 3, 5)
    sheet, seen = layout.sheet(images), np.zeros((height, width), int)
    assert tuple(sheet.shape[1:]) == (height, width)
    for image, (x, y, w, h) in zip(images, layout.rectangles(n, 3, 5), strict=True):
        seen[y : y + h, x : x + w] += 1
        small = sheet[:, y : y + h : layout.scale, x : x + w : layout.scale]
        assert torch.equal(small, image)
    assert seen.max() == 1
    assert not sheet[:, seen == 0].any()
    if layout.power_of_two:
        assert width & (width - 1) == height & (height - 1) == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_1024_frames_are_cut_out_by_the_json(layout):
    it = taken(1024, layout)
    found, sheet = json.loads(files_of("sheet", it)["sheet.json"]), sheet_of(it)
    assert found["meta"]["image"] == "sheet.png"
    assert list(found["meta"]["size"].values()) == [sheet.shape[1], sheet.shape[0]]
    assert list(found["frames"]) == list(it.names)
    for frame, image in zip(found["frames"].values(), scaled(it), strict=True):
        x, y, w, h = (frame["frame"][key] for key in "xywh")
        np.testing.assert_array_equal(sheet[y : y + h, x : x + w], image)


def test_tags_are_labels_whose_sprites_stand_together():
    images, palette = some(6)
    names = [str(k) for k in range(6)]
    for labels, expected in (
        (["a", "a", None, "b", "b", "b"], [("a", 0, 1), ("b", 3, 5)]),
        (["a", "b", "a", "b", "a", "b"], []),
        ([None] * 6, []),
    ):
        it = Taken(images, names, labels, palette, Layout())
        tags = json.loads(files_of("sheet", it)["sheet.json"])["meta"]["frameTags"]
        assert [(tag["name"], tag["from"], tag["to"]) for tag in tags] == expected


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("known", [True, False])
def test_the_indexed_sheet_is_the_sheet(channels, layout, known, tmp_path):
    it = taken(50, layout, channels, colours=known)
    found = files_of("indexed", it)
    indexed = Image.open(io.BytesIO(found["indexed.png"]))
    assert indexed.mode == "P"
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    np.testing.assert_array_equal(
        np.asarray(indexed.convert(mode)).reshape(sheet_of(it).shape), sheet_of(it)
    )
    seen = it.colours if known else np.unique(sheet_of(it).reshape(-1, channels), axis=0)
    if known:
        blank = [[0] * channels] if not (it.colours == 0).all(1).any() else []
        seen = np.concatenate([seen, np.array(blank, np.uint8).reshape(-1, channels)])
        if not (sheet_of(it) == 0).all(2).any():
            seen = seen[: len(it.colours)]
    seen = seen[seen[:, 3] > 0, :3] if channels == 4 else np.broadcast_to(seen, (len(seen), 3))
    for name in ("palette.gpl", "palette.hex"):
        (tmp_path / name).write_bytes(found[name])
        np.testing.assert_array_equal(read_palette(str(tmp_path / name)), seen)


def test_a_training_palette_keeps_its_numbers_and_other_colours_come_behind():
    it = taken(30)
    other = it.images.clone()
    other[0, :, 0, 0] = torch.tensor([1, 2, 3, 255])
    found = files_of("indexed", Taken(other, it.names, it.labels, it.colours, Layout()))
    indexed = Image.open(io.BytesIO(found["indexed.png"]))
    known = np.array(indexed.getpalette()).reshape(-1, 3)
    np.testing.assert_array_equal(known[: len(it.colours)], it.colours[:, :3])
    assert known[np.asarray(indexed)[0, 0]].tolist() == [1, 2, 3]
    assert np.asarray(indexed)[0, 0] >= len(it.colours)


def test_more_colours_than_an_indexed_sheet_holds_are_refused():
    images = torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8)
    with pytest.raises(UserError, match="max_colours="):
        Indexed().content(Taken(images, list("abcd"), [None] * 4, None, Layout()))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_tileset_says_where_its_tiles_are(layout):
    it = taken(50, layout)
    tileset = ElementTree.fromstring(files_of("tiled", it)["sheet.tsx"])
    words = {
        key: int(tileset.get(key)) for key in ("tilewidth", "tileheight", "spacing", "margin")
    }
    columns, sheet = int(tileset.get("columns")), sheet_of(it)
    for k, image in enumerate(scaled(it)):
        x = words["margin"] + k % columns * (words["tilewidth"] + words["spacing"])
        y = words["margin"] + k // columns * (words["tileheight"] + words["spacing"])
        part = sheet[y : y + words["tileheight"], x : x + words["tilewidth"]]
        np.testing.assert_array_equal(part, image)
    types = {tile.get("id"): tile.get("type") for tile in tileset.findall("tile")}
    assert types["0"] == "mage"
    assert types["1"] == "knight"
    assert "2" not in types


@pytest.mark.processes
@pytest.mark.nightly
@pytest.mark.parametrize("layout", [Layout(columns=10), Layout(columns=10, spacing=2, margin=3)])
def test_tiled_itself_draws_the_sprites(layout, tmp_path):
    if shutil.which("tmxrasterizer") is None:
        pytest.skip("Tiled is absent (apt install tiled)")
    it = taken(50, layout)
    (tmp_path / "sheet.tsx").write_bytes(files_of("tiled", it)["sheet.tsx"])
    (tmp_path / "sheet.png").write_bytes(pictures.transparent_png(layout.sheet(it.images)))
    numbers = ",".join(str(k + 1) for k in range(50))
    size = 'width="10" height="5"'
    (tmp_path / "map.tmx").write_text(
        f'<map version="1.8" orientation="orthogonal" {size} tilewidth="6" tileheight="9">'
        f'<tileset firstgid="1" source="sheet.tsx"/><layer id="1" name="all" {size}>'
        f'<data encoding="csv">{numbers}</data></layer></map>'
    )
    words = ["tmxrasterizer", "--no-smoothing", "map.tmx", "map.png"]
    environment = {"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin"}
    subprocess.run(words, cwd=tmp_path, env=environment, check=True, timeout=120)
    drawn = np.asarray(Image.open(tmp_path / "map.png").convert("RGBA"))
    np.testing.assert_array_equal(
        drawn, sheet_of(Taken(it.images, it.names, it.labels, None, Layout(columns=10)))
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_resource_of_godot_says_where_each_sprite_is(layout):
    it = taken(30, layout, labels=("mage",))
    text, sheet = files_of("godot", it)["sheet.tres"].decode(), sheet_of(it)
    regions = re.findall(r"region = Rect2\((\d+), (\d+), (\d+), (\d+)\)", text)
    for region, image in zip(regions, scaled(it), strict=True):
        x, y, w, h = map(int, region)
        np.testing.assert_array_equal(sheet[y : y + h, x : x + w], image)
    assert re.findall(r'SubResource\("sprite_(\d+)"\)', text) == [str(k) for k in range(30)]
    assert '"name": &"mage"' in text
    assert "load_steps=32" in text


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_aseprites_own_format_is_read_back_by_its_library(channels):
    aseprite = pytest.importorskip("aseprite", reason="aseprite needs Python 3.12")
    it = taken(30, channels=channels, labels=("mage",))
    document = aseprite.Sprite.from_bytes(files_of("aseprite", it)["sprites.aseprite"])
    assert len(document.frames) == 30
    for k, image in enumerate(it.images.permute(0, 2, 3, 1).numpy()):
        shown = np.frombuffer(document.flatten(k), np.uint8).reshape(9, 6, 4)
        if channels == 4:
            np.testing.assert_array_equal(shown, image)
        else:
            np.testing.assert_array_equal(shown[..., :3], np.broadcast_to(image, (9, 6, 3)))
        assert document.frames[k].duration_ms == 100
    assert [(tag.name, tag.from_frame, tag.to_frame) for tag in document.tags] == [("mage", 0, 29)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"columns": 0}, "sheet.columns=0"),
        ({"spacing": -1}, "sheet.spacing=-1"),
        ({"scale": 1.5}, "sheet.scale=1.5"),
        ({"power_of_two": 1}, "true or false"),
    ],
)
def test_a_layout_that_makes_no_sheet_is_refused(words, sentence):
    with pytest.raises(UserError, match=sentence):
        Layout(**words)


def test_a_sheet_larger_than_engines_take_is_refused():
    with pytest.raises(UserError, match="16,384 are the most"):
        Layout(scale=100).size(1000, 32, 32)


def test_every_kind_of_file_is_tried_above():
    assert set(names("files")) == {"sheet", "indexed", "tiled", "godot", "aseprite"}
