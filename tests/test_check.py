"""`train.py check=true`: the doctor, and a picture of what was read; nothing else is touched."""

import json

import numpy as np
import pytest
from drawnsheets import shaped, tiled
from omegaconf import OmegaConf
from PIL import Image
from test_conf import composed

from datamodules.errors import DataError
from datamodules.nouns import LAYERS
from diffusion.commands import checking
from diffusion.commands.entry import plain
from diffusion.commands.run_claim import RunClaim
from diffusion.errors import UserError

RNG = np.random.default_rng(0)
SPRITES = RNG.integers(0, 256, (40, 8, 8, 4), dtype=np.uint8)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with something of each kind of data."""
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", images=SPRITES, labels=np.arange(40) % 3)
    (tmp_path / "loose").mkdir()
    for k, sprite in enumerate(SPRITES):
        Image.fromarray(sprite).save(f"loose/{k:02}.png")
    Image.fromarray(tiled(shaped(RNG, 24, 16, 16, 0.75), 4)).save("sheet.png")
    np.save("nouns.npy", SPRITES | np.array([0, 0, 0, 255], np.uint8))
    layers = np.full((4, 1, 8, 8, 4), 255, np.uint8)
    layers[:2, :, :4], layers[2:, :, 4:] = 0, 0
    np.savez("layers.npz", **dict(zip(LAYERS, layers, strict=True)))
    return tmp_path


def checked(*words):
    checking.check(plain(composed("check=true", *words)))


SOURCES = (
    "data=forge data.n=40",
    "data=array data.path=a.npz",
    "data=folder data.path=loose",
    "data=sheet data.path=sheet.png",
    "data=nouns data.path=nouns.npy data.layers=layers.npz",
)


@pytest.mark.parametrize("words", SOURCES)
def test_every_kind_of_data_is_shown(here, capsys, words):
    checked(*words.split())
    said = capsys.readouterr().out
    assert said.startswith("sprites ")
    assert said.endswith("the same words without check=true train on it.\n")
    assert sorted(file.name for file in (here / "runs/check").iterdir()) == [
        "data.json",
        "imported.png",
    ]
    picture = Image.open("runs/check/imported.png")
    assert len(picture.convert("RGB").getcolors(2**16)) > 8
    assert json.loads((here / "runs/check/data.json").read_text())["reader"] == 2


def test_labels_that_training_would_not_use_are_said(here, capsys):
    checked("data=array", "data.path=a.npz")
    assert "are not used" not in capsys.readouterr().out, "they are told, beside kinds"
    checked("data=array", "data.path=a.npz", "data.kinds=null")
    assert "3 labels were read and are not used" in capsys.readouterr().out


def test_a_look_replaces_the_earlier_one_also_where_the_data_is_refused(here):
    checked("data=forge", "data.n=40")
    first = (here / "runs/check/imported.png").read_bytes()
    checked("data=folder", "data.path=loose")
    assert (here / "runs/check/imported.png").read_bytes() != first
    np.save("few.npy", SPRITES[:5])
    with pytest.raises(DataError, match="at least 8"):
        checked("data=array", "data.path=few.npy")
    assert not list((here / "runs/check").iterdir())


@pytest.mark.parametrize("foreign", ["mine.txt", ".hydra", "checkpoints"])
def test_what_no_check_has_written_is_left_alone(here, foreign):
    (here / "runs/check" / foreign).mkdir(parents=True)
    (here / "runs/check/data.json").write_text("of a run")
    with pytest.raises(UserError, match=f"holds {foreign}"):
        checked("data=forge", "data.n=40")
    assert (here / "runs/check/data.json").read_text() == "of a run"


def test_nothing_is_written_through_a_link(here):
    (here / "runs").mkdir()
    (here / "elsewhere").mkdir()
    (here / "runs/check").symlink_to(here / "elsewhere")
    with pytest.raises(UserError, match="link"):
        checked("data=forge", "data.n=40")
    assert not list((here / "elsewhere").iterdir())


def test_no_directory_is_taken(here):
    config = OmegaConf.create({"check": True, "hydra": {"run": {"dir": "runs/first"}}})
    OmegaConf.set_readonly(config.hydra, True)
    RunClaim().on_run_start(config)
    assert config.hydra.run.dir == "."
    assert not (here / "runs").exists()


def test_only_true_and_false_are_meant(here):
    with pytest.raises(UserError, match="check=maybe must be true or false"):
        checking.check(plain(composed("check=maybe")))


@pytest.mark.processes
def test_as_it_is_typed(command, here):
    done = command("train.py check=true data=sheet data.path=sheet.png hydra.run.dir=runs/first")
    assert (done.code, done.err) == (0, "")
    assert [folder.name for folder in (here / "runs").iterdir()] == ["check"]
    assert not (here / ".hydra").exists()
    refused = command("train.py check=true data=array data.path=nowhere.npz")
    assert refused.code == 2
    assert refused.err.startswith("error: ")
    sweep = command("train.py -m check=true seed=0,1")
    assert (sweep.code, sweep.err.count("\n")) == (2, 1)
    assert "leave out -m" in sweep.err
