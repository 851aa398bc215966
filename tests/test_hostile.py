"""Never open a trap: what comes from strangers ends in one sentence, quickly and in little memory.

`python tests/hostile` prints the table of all classes.
"""

import copy
import io
import os
import zipfile
from contextlib import suppress

import numpy as np
import pytest
import torch
from fuzzing import fuzz
from hostile import arrays, checkpoints, commands, pictures
from hostile.classes import CLASSES
from hostile.trial import tried
from hypothesis import given
from hypothesis import strategies as st
from limits import processor_seconds
from test_bad_input import refused

from datamodules.array import ArrayData
from datamodules.errors import DataError
from datamodules.files.images import read
from diffusion.errors import UserError
from diffusion.runs import safetensors as sharing
from diffusion.runs.building import build_denoiser
from diffusion.runs.loading import load

MANY = {"cards": 10, "grids": 3}  # of these one in so many; `python tests/hostile` has all


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind != "cards"])
def test_every_case_ends_in_a_sentence(kind):
    outcome = tried(kind, CLASSES[kind]()[:: MANY.get(kind, 1)])
    assert not outcome.wrong
    assert outcome.megabytes < 1024


def test_no_entry_of_a_card_is_believed():
    outcome = tried("cards", CLASSES["cards"]()[:: MANY["cards"]])
    assert not outcome.wrong


def test_there_are_many_cases():
    counts = {kind: len(make()) for kind, make in CLASSES.items()}
    assert sum(counts.values()) + len(list(commands.lines())) > 900, counts


LINES = [  # some of them by day
    pytest.param(line, marks=[pytest.mark.nightly] if k % 6 else [])
    for k, line in enumerate(commands.lines())
]


@pytest.mark.processes
@pytest.mark.parametrize("line", LINES, ids=lambda words: " ".join(words[1:])[-40:])
def test_commands(command, tmp_path, line):
    (tmp_path / "a.ckpt").write_text("hello")
    (tmp_path / "a.safetensors").write_text("hello")
    refused(command(line))
    assert not (tmp_path / "made").exists()


def spoilt(data, whole):
    """Some bytes of a good file overwritten, cut out, put in or repeated."""
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        length = data.draw(st.integers(0, 12))
        new = data.draw(st.binary(max_size=12))
        content[place : place + length] = new
    return bytes(content)


GOOD = {
    "npy": arrays.npy(arrays.GOOD),
    "npz": arrays.PLAIN,
    "png": pictures.GOOD,
    "gif": pictures.saved("GIF", pictures.SPRITES[0]),
    "bmp": pictures.saved("BMP", pictures.SPRITES[0]),
    "webp": pictures.saved("WEBP", pictures.SPRITES[0], lossless=True),
}


@fuzz(50)
@given(data=st.data(), kind=st.sampled_from(sorted(GOOD)))
def test_spoilt_files_are_refused_or_read(tmp_path, data, kind):
    file = tmp_path / f"a.{kind}"
    file.write_bytes(spoilt(data, GOOD[kind]))
    with processor_seconds(20), suppress(DataError):
        if kind.startswith("np"):
            ArrayData(str(file), batch_size=8).setup()
        else:
            assert read(file)[0].dtype == np.uint8


@fuzz(50)
@given(data=st.data(), inside=st.booleans())
def test_spoilt_checkpoints_are_refused_or_the_same(tmp_path, data, inside):
    """Also where the checksums are made right again after the pickle was spoilt."""
    file, whole = tmp_path / "a.ckpt", checkpoints.BYTES
    if inside:
        pickled = next(d for name, d in checkpoints.members() if name.endswith("data.pkl"))
        file.write_bytes(checkpoints.with_pickle(spoilt(data, pickled)))
    else:
        file.write_bytes(spoilt(data, whole))
    with processor_seconds(20), suppress(UserError):
        load(file)


@fuzz(50)
@given(data=st.data())
def test_spoilt_exports_are_refused_or_read(tmp_path, data):
    file = tmp_path / "a.safetensors"
    file.unlink(missing_ok=True)  # of the last example
    sharing.write(file, checkpoints.GOOD["state_dict"], checkpoints.CARD)
    file.write_bytes(spoilt(data, file.read_bytes()))
    with suppress(UserError):
        load(file)


def test_a_foreign_card_reads_no_environment(tmp_path, monkeypatch):
    """Steps that name a variable stay a word, which no schedule takes."""
    monkeypatch.setenv("STEPS", "1000")
    content = copy.deepcopy(checkpoints.GOOD)
    content["card"]["sprites"]["label_names"][0] = "${oc.env:STEPS}"
    (tmp_path / "a.ckpt").write_bytes(checkpoints.whole(content))
    assert load(tmp_path / "a.ckpt").card["sprites"]["label_names"][0] == "${oc.env:STEPS}"
    content["card"]["recipe"]["schedule"]["steps"] = "${oc.env:STEPS}"
    (tmp_path / "b.ckpt").write_bytes(checkpoints.whole(content))
    with pytest.raises(UserError, match="cannot be used|do not fit"):
        load(tmp_path / "b.ckpt")


def test_an_export_makes_the_same_sprites_and_tells_no_paths(tmp_path):
    denoiser = build_denoiser(checkpoints.RECIPE)
    for weight in denoiser.parameters():
        torch.nn.init.normal_(weight, std=0.02)
    state = {f"denoiser.{name}": weight for name, weight in denoiser.state_dict().items()}
    card = checkpoints.CARD | {"config": {"data": {"path": "/home/bob/secret.npz"}}}
    sharing.write(tmp_path / "a.safetensors", state, card)
    assert os.listdir(tmp_path) == ["a.safetensors"]
    assert b"secret" not in (tmp_path / "a.safetensors").read_bytes()
    loaded = load(tmp_path / "a.safetensors")
    x, t, label = torch.randn(3, 4, 8, 8), torch.rand(3), torch.tensor([0, 1, -1])
    assert torch.equal(loaded.denoiser(x, t, label), denoiser.eval()(x, t, label))
    assert loaded.card == {key: card[key] for key in ("recipe", "sprites")}
    with pytest.raises(UserError, match="must end in .safetensors"):
        sharing.write(tmp_path / "a.zip", state, card)


def test_a_torch_file_is_honest_before_it_is_spoilt(tmp_path):
    """What all the cases above change one thing in is taken."""
    (tmp_path / "a.ckpt").write_bytes(checkpoints.BYTES)
    checkpoints.opened(tmp_path / "a.ckpt")
    (tmp_path / "b.ckpt").write_bytes(checkpoints.archive(checkpoints.members()))
    checkpoints.opened(tmp_path / "b.ckpt")
    assert zipfile.is_zipfile(io.BytesIO(checkpoints.BYTES))
    for kind, data in GOOD.items():
        (tmp_path / f"a.{kind}").write_bytes(data)
        if kind.startswith("np"):
            arrays.opened(tmp_path / f"a.{kind}")
        else:
            assert read(tmp_path / f"a.{kind}")[0].shape[1:] == (8, 8, 4)
