"""A damaged file is noticed, and the run continues from what is whole."""

import errno
import os

import numpy as np
import pytest
import torch
from conftest import SMOKE
from small_checkpoints import CONTENT, damage, files, saved, step_of, zeros

from diffusion.errors import UserError
from diffusion.runs.checkpoint import read
from diffusion.runs.directory import RunDirectory
from diffusion.runs.torchfiles import checked, is_whole

CONFIG = {"seed": 0, "trainer": {"max_steps": 10}}


def test_a_flipped_bit_is_refused_or_changes_nothing(tmp_path):
    whole = saved(tmp_path / "a.ckpt").read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for place in rng.integers(0, len(whole), 300):
        data = bytearray(whole)
        data[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "b.ckpt").write_bytes(data)
        try:
            content = read(tmp_path / "b.ckpt")
        except UserError:
            refused += 1
            continue
        assert content["card"] == CONTENT["card"]
        for name, weight in CONTENT["state_dict"].items():
            assert torch.equal(content["state_dict"][name], weight)
    assert refused > 200  # the rest hit the padding between the tensors


def test_every_flipped_weight_is_noticed(tmp_path):
    """`torch.load` alone takes any of them for a weight."""
    file = saved(tmp_path / "a.ckpt")
    data = bytearray(file.read_bytes())
    place = data.index(CONTENT["state_dict"]["w"].numpy().tobytes()) + 1000
    data[place] ^= 4
    file.write_bytes(data)
    assert not torch.equal(
        torch.load(file, weights_only=True)["state_dict"]["w"], CONTENT["state_dict"]["w"]
    )
    with pytest.raises(UserError, match="checksum"):
        read(file)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_cut_and_zeroed_files_are_refused(tmp_path, share):
    file = saved(tmp_path / "a.ckpt")
    data, place = file.read_bytes(), int(share * file.stat().st_size)
    for bad in (data[:place], zeros(data, place, len(data)), data[place + 1 :]):
        file.write_bytes(bad)
        with pytest.raises(UserError):
            checked(file).__enter__()


@pytest.fixture
def run(tmp_path):
    """A run directory with a last, a previous and a best checkpoint."""
    with RunDirectory(tmp_path / "run", CONFIG) as begun:
        begun.begin([], {"fingerprint": "a"})
    folder = tmp_path / "run" / "checkpoints"
    for step, name in ((5, "last"), (10, "last"), (1, "best")):
        saved(folder / f"{name}.ckpt", step)
    return tmp_path / "run"


def test_the_last_but_one_is_kept(run):
    folder = run / "checkpoints"
    assert files(folder) == ["best.ckpt", "last.ckpt", "previous.ckpt"]
    assert [step_of(folder / f"{name}.ckpt") for name in ("last", "previous")] == [10, 5]


def test_a_kill_between_the_two_names_of_one_file_harms_nothing(run):
    folder = run / "checkpoints"
    (folder / "previous.ckpt").unlink()
    os.link(folder / "last.ckpt", folder / "previous.ckpt")
    saved(folder / "last.ckpt", 15)
    assert files(folder) == ["best.ckpt", "last.ckpt", "previous.ckpt"]
    assert [step_of(folder / f"{name}.ckpt") for name in ("last", "previous")] == [15, 10]


def test_a_file_system_without_second_names_keeps_none(tmp_path, monkeypatch):
    monkeypatch.setattr(
        os, "link", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EPERM, "no"))
    )
    for step in (5, 10):
        saved(tmp_path / "last.ckpt", step)
    assert files(tmp_path) == ["last.ckpt"]
    assert step_of(tmp_path / "last.ckpt") == 10


def test_a_damaged_checkpoint_gives_way_to_the_newest_whole_one(run, capsys):
    for name, step, instead in (("last", 5, "previous"), ("previous", 1, "best")):
        damage(run / "checkpoints" / f"{name}.ckpt")
        with RunDirectory(run, CONFIG) as again:
            assert again.last.name == f"{instead}.ckpt"
            assert step_of(again.last) == step
            again.begin([], {"fingerprint": "a"})
    said = capsys.readouterr().out
    assert said.count("is damaged or missing") == 2
    assert "previous.ckpt is used instead" in said
    assert "best.ckpt is used instead" in said
    assert "last.ckpt.damaged" in files(run / "checkpoints")
    saved(run / "checkpoints" / "last.ckpt", 20)  # and the damaged one did not become the previous
    assert is_whole(run / "checkpoints" / "last.ckpt")


def test_a_missing_last_checkpoint_gives_way_too(run):
    (run / "checkpoints" / "last.ckpt").unlink()
    with RunDirectory(run, CONFIG) as again:
        assert step_of(again.last) == 5


def test_a_run_without_a_whole_checkpoint_is_refused(run):
    for file in (run / "checkpoints").iterdir():
        damage(file)
    with RunDirectory(run, CONFIG) as again, pytest.raises(UserError, match="whole any more"):
        _ = again.last


@pytest.mark.processes
def test_a_damaged_run_continues_from_before_or_ends_with_a_sentence(command, tmp_path):
    line = f"{SMOKE} hydra.run.dir=run model.widths=[32] data.n=100 checkpoint.every_n_steps=15"
    assert command(f"{line} trainer.max_steps=30").code == 0
    folder = tmp_path / "run" / "checkpoints"
    damage(folder / "last.ckpt")
    result = command(f"{line} trainer.max_steps=33")
    assert result.code == 0, result
    assert "last.ckpt is damaged" in result.out
    assert "continues at step" in result.out
    assert step_of(folder / "last.ckpt") == 33
    for file in folder.glob("*.ckpt"):
        damage(file)
    result = command(f"{line} trainer.max_steps=36")
    assert result.code == 2
    assert len(result.err.strip().splitlines()) == 1
    assert "whole any more" in result.err


@pytest.mark.parametrize("name", [".hydra/config.yaml", "data.json"])
def test_a_damaged_file_of_the_run_is_a_sentence(run, name):
    for text in ("{", "[1]", ""):
        (run / name).write_text(text)
        with pytest.raises(UserError, match="damaged"), RunDirectory(run, CONFIG) as again:
            again.begin([], {"fingerprint": "a"})
