"""From a run to its student by the commands a user types."""

import json

import numpy as np
import pytest
from conftest import SMOKE, column

STUDENT = "train.py experiment=distill logger=csv trainer.max_steps=6 trainer.val_check_interval=3"
STUDENT += " data.n=300 data.batch_size=8 callbacks.samples.n=8"


def sprites(folder):
    with np.load(folder / "sprites.npz") as file:
        return file["images"]


@pytest.mark.processes
def test_a_student_is_trained_sampled_and_shared_as_any_run_is(command, tmp_path):
    small = "model.widths=[32] model.blocks=1 prediction=palette"
    assert command(f"{SMOKE} {small} hydra.run.dir=teacher").code == 0
    before = {f: f.read_bytes() for f in (tmp_path / "teacher").rglob("*") if f.is_file()}
    result = command(f"{STUDENT} teacher=teacher hydra.run.dir=student")
    assert result.code == 0, result
    assert before == {f: f.read_bytes() for f in (tmp_path / "teacher").rglob("*") if f.is_file()}
    for name in ("samples.png", "denoising.gif", "metrics.csv", "summary.json"):
        assert (tmp_path / "student" / name).stat().st_size > 0
    assert "finished" in command(f"{STUDENT} teacher=teacher hydra.run.dir=student").out

    assert command("sample.py run=student n=4 out=made").code == 0
    (row, *_) = json.loads((tmp_path / "made" / "manifest.json").read_text())
    assert row["sampler"]["steps"] == 2
    assert command("sample.py run=student export=student.safetensors").code == 0
    assert command("sample.py run=student.safetensors n=4 out=shared").code == 0
    assert (sprites(tmp_path / "made") == sprites(tmp_path / "shared")).all()

    for words, why in (("", "teacher="), ("teacher=student", "a student itself")):
        refused = command(f"{STUDENT} {words} hydra.run.dir=third")
        assert refused.code == 2
        assert why in refused.err
        assert not (tmp_path / "third").exists()


@pytest.mark.processes
def test_a_student_learns_the_same_on_one_and_on_two_processes(command, launch, tmp_path):
    small = "model.widths=[32] model.blocks=1 prediction=palette"
    assert command(f"{SMOKE} {small} closing=false hydra.run.dir=teacher").code == 0
    line = f"{STUDENT} teacher=teacher trainer.precision=32-true trainer.log_every_n_steps=1"
    line += " closing=false"
    assert command(f"{line} trainer.accelerator=cpu hydra.run.dir=alone").code == 0
    both = launch(f"{line} trainer=ddp trainer.accelerator=cpu hydra.run.dir=both")
    out, _ = both.communicate(timeout=900)
    assert both.returncode == 0, out
    alone, together = (column(tmp_path / name, "train/loss") for name in ("alone", "both"))
    assert len(alone) == 6
    np.testing.assert_allclose(together, alone, atol=1e-5)
