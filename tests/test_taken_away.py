"""A run's directory or its data goes away while it trains: one sentence, and nothing is lost."""

import os
import shutil

import numpy as np
import pytest
from lightning.pytorch import Callback
from small_checkpoints import step_of
from training import fit

from datamodules.errors import DataError
from diffusion.errors import UserError
from diffusion.runs.claim import Claim
from diffusion.runs.directory import RunDirectory

CONFIG = {"seed": 0}


class At(Callback):
    """Does something after a step."""

    def __init__(self, step, work):
        self.step, self.work = step, work

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            self.work()


@pytest.fixture(autouse=True)
def _given_back():
    yield
    Claim.give_all_back()


def train(run, work, *words):
    with RunDirectory(run, CONFIG) as directory:
        directory.begin([], {"fingerprint": "a"})
        fit(run, *words, callbacks=[At(8, work)])


WAYS = {
    "moved": lambda run: run.rename(run.with_name("elsewhere")),
    "removed": shutil.rmtree,
    "replaced": lambda run: (run.rename(run.with_name("elsewhere")), run.mkdir()),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_run_directory_that_goes_away_ends_the_run(tmp_path, way):
    run = tmp_path / "run"
    with pytest.raises(UserError, match=r"run was moved, removed or replaced while"):
        train(run, lambda: WAYS[way](run))
    assert not run.exists() or not any(run.iterdir())
    if way != "removed":
        kept = tmp_path / "elsewhere"
        assert step_of(kept / "checkpoints" / "last.ckpt") == 5
        if run.exists():
            run.rmdir()
        kept.rename(run)
        assert fit(run, "trainer.max_steps=10").global_step == 10


def test_what_stands_in_its_place_is_left_alone(tmp_path):
    Claim.of(tmp_path / "run")
    (tmp_path / "run").rmdir()
    (tmp_path / "run").mkdir()  # of somebody else
    Claim.give_all_back()
    assert (tmp_path / "run").is_dir()


@pytest.mark.parametrize("way", ["written to", "cut short"])
def test_data_that_changes_ends_the_run_and_keeps_its_checkpoint(tmp_path, monkeypatch, way):
    monkeypatch.setattr("datamodules.files.numpyfiles.IN_MEMORY", 0)
    file, run = tmp_path / "a.npy", tmp_path / "run"
    np.save(file, np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), np.uint8))

    def change():
        with file.open("r+b") as opened:
            opened.seek(-1, os.SEEK_END)
            opened.write(b"\x07")
            opened.truncate(5000 if way == "cut short" else None)

    words = ["data._target_=datamodules.array.ArrayData", f"+data.path={file}", "~data.n"]
    words += ["~data.size"]
    with pytest.raises(DataError, match="was written to while it was in use"):
        train(run, change, *words)
    assert step_of(run / "checkpoints" / "last.ckpt") == 5
    assert '"failed"' in (run / "summary.json").read_text()
