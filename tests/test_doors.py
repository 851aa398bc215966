"""What is typed at the door, as Hydra takes it apart: words, colours, grids and paths."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from drawnsheets import figures, shaped, tiled
from omegaconf import OmegaConf
from PIL import Image
from test_conf import CONF, composed

from datamodules.errors import DataError
from diffusion.commands.entry import plain
from diffusion.runs.building import build

DATAMODULES = Path(__file__).parents[1] / "datamodules"
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 8, 8, 4), dtype=np.uint8)
INDICES = RNG.integers(0, 4, (40, 8, 8, 1), dtype=np.uint8)


def data(words):
    """The source that these words name."""
    config = plain(composed(*words.split()))
    return build(config["data"] | {"seed": 0}, ("datamodules",))


def read(words):
    return data(words).read()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def remedies(words):
    """Every form that the sentence about these words offers, each a list of words to type."""
    with pytest.raises(DataError) as error:
        read(words)
    word = r"data\.\w+=(?:\[\S*\]|[^\s,;]+)"
    return re.findall(f"{word}(?: {word})*", str(error.value).rstrip("."))


def test_both_forms_of_an_ambiguous_sheet(here):
    cells = shaped(np.random.default_rng(0), 16, 16, 32, 0.7)
    Image.fromarray(tiled(cells, 4)).save("sheet.png")
    forms = remedies("data=sheet data.path=sheet.png")
    assert len(forms) == 2
    shapes = [read(f"data=sheet data.path=sheet.png {form}").images.shape[1:3] for form in forms]
    assert sorted(shapes) == [(16, 32), (32, 32)]


def test_a_sheet_that_cells_do_not_divide(here):
    Image.fromarray(tiled(figures(RNG, 24, 16), 4)[:-3, :-5]).save("sheet.png")
    forms = remedies("data=sheet data.path=sheet.png data.cell=16")
    assert forms == ["data.cell=16 data.margin=[0,-5,-3,0]"]
    assert len(read(f"data=sheet data.path=sheet.png {forms[0]}")) == 24


def test_bands(here):
    rng = np.random.default_rng(1)
    parts = [tiled(shaped(rng, n, s, s, 0.75), r) for n, s, r in ((48, 16, 4), (18, 32, 3))]
    Image.fromarray(np.concatenate(parts)).save("sheet.png")
    found = read("data=sheet data.path=sheet.png")
    form = re.search(r"data\.cell=[^)]+", found.notes[0])[0]
    assert (read(f"data=sheet data.path=sheet.png {form}").images == found.images).all()


def test_small_numbers(here):
    np.save("a.npy", INDICES)
    np.save("colours.npy", RNG.integers(0, 256, (4, 3), dtype=np.uint8))
    forms = remedies("data=array data.path=a.npy")
    assert [form.split("=")[0] for form in forms] == ["data.palette", "data.values", "data.values"]
    forms[0] = "data.palette=colours.npy"  # for FILE
    for form in (*forms, "data.palette=[ff00ff,000000,112233,00e100]"):
        assert read(f"data=array data.path=a.npy {form}").images.max() > 2


@pytest.mark.parametrize("colour", ["ff00ff", "000000", "112233", "00e100", "'#ff00ff'", "FF00FF"])
def test_colours_are_words_whatever_they_look_like(here, colour):
    exact = np.frombuffer(bytes.fromhex(colour.strip("'#")), np.uint8)
    images = IMAGES[..., :3].copy()
    images[:, 0] = exact
    np.save("a.npy", images)
    shown = read(f"data=array data.path=a.npy data.background={colour}").images
    assert (shown[:, 0, :, 3] == 0).all()


def test_a_colour_that_is_lost_as_a_number_says_how_to_type_it(here):
    np.save("a.npy", IMAGES)
    with pytest.raises(DataError, match="is unknown.*\"data.background='112233'"):
        read("data=array data.path=a.npy data.background=11e222")
    assert read("data=array data.path=a.npy data.background='11e222'").notes[-1].endswith(".")


@pytest.mark.parametrize("name", ["2024", "007", "1.5", "a-b", "a.b"])
def test_folders_of_any_name(here, name):
    (here / name).mkdir()
    for k, image in enumerate(IMAGES):
        Image.fromarray(image).save(here / name / f"{k:02}.png")
    assert len(read(f"data=folder data.path={name}")) == 40
    assert read(f"data=folder data.path={name} data.label_depth=0").labels is None


def test_the_home_folder(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    np.save("a.npy", IMAGES)
    assert len(read("data=array data.path='~/a.npy'")) == 40


def test_every_word_that_a_sentence_offers_exists():
    """Keys and sources named anywhere in the messages of `datamodules` can be typed."""
    keys = {key for file in CONF.glob("data/*.yaml") for key in OmegaConf.load(file)}
    sources = {file.stem for file in CONF.glob("data/*.yaml")}
    offered = [
        node.value
        for file in DATAMODULES.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    named = {key for text in offered for key in re.findall(r"\bdata\.(\w+)=", text)}
    assert {"cell", "margin", "background", "values", "palette", "label_depth"} <= named <= keys
    assert {name for text in offered for name in re.findall(r"\bdata=(\w+)", text)} <= sources
    for text in offered:
        for group, key in re.findall(r"\b(model|trainer)\.(\w+)=", text):
            assert key in composed()[group], text
