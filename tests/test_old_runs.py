"""Runs begun before a change keep their promises: here five steps from before modules moved."""

import json
import shutil

import numpy as np
import pytest
import yaml
from conftest import ROOT, column
from small_checkpoints import step_of

OLD = ROOT / "tests" / "fixtures" / "before_the_rooms"
TEN = OLD / "at_ten"  # what ten steps at a time logged

pytestmark = pytest.mark.processes


@pytest.fixture
def run(tmp_path):
    shutil.copytree(OLD / "run", tmp_path / "run")
    return tmp_path / "run"


def test_an_old_run_continues_by_its_old_command(command, run):
    words = yaml.safe_load((run / ".hydra" / "overrides.yaml").read_text())
    words = [word for word in words if not word.startswith("trainer.max_steps=")]
    line = ["train.py", *words, "hydra.run.dir=run", "trainer.max_steps=10", "closing=false"]
    result = command(line)
    assert (result.code, "continues at step 5" in result.out) == (0, True), result
    assert step_of(run / "checkpoints" / "last.ckpt") == 10
    for key in ("train/loss", "val/loss"):
        np.testing.assert_allclose(column(run, key), column(TEN, key), rtol=1e-3)


def test_an_old_run_is_sampled_and_looked_at(command, run):
    assert command("sample.py run=run n=3 sampler.steps=2").code == 0
    rows = json.loads((run / "samples" / "manifest.json").read_text())
    assert all(row["verdict"] for row in rows)  # its training data is the same as before
    assert command("look.py run=run noising=Bob").code == 0


def test_a_run_of_the_old_defaults_continues_as_it_was(command, tmp_path):
    """It was begun without an experiment, when the defaults were the textbook's."""
    before = OLD.parent / "before_the_recipe" / "run"
    shutil.copytree(before, tmp_path / "run")
    words = yaml.safe_load((before / ".hydra" / "overrides.yaml").read_text())
    words = [word for word in words if not word.startswith("trainer.max_steps=")]
    line = ["train.py", *words, "hydra.run.dir=run", "trainer.max_steps=8"]
    result = command(line)
    assert (result.code, "continues at step 5" in result.out) == (0, True), result
    assert "chosen" not in result.out
    assert step_of(tmp_path / "run" / "checkpoints" / "last.ckpt") == 8
    old, now = (
        yaml.safe_load((run / ".hydra" / "config.yaml").read_text())
        for run in (before, tmp_path / "run")
    )
    parts = ("model", "schedule", "prediction", "weighting", "optimizer", "sampler")
    assert {part: now[part] for part in parts} == {part: old[part] for part in parts}
    assert now["prediction"]["_target_"].endswith("Epsilon")
