"""A full disk costs no run: what was good stays, and once there is room it continues."""

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import SMOKE
from lightning.pytorch import Callback
from small_checkpoints import files, step_of
from test_bad_input import refused
from training import fit

from diffusion.errors import UserError
from diffusion.runs.files import Folder

SMALL = f"{SMOKE} hydra.run.dir=run model.widths=[32] data.n=60 callbacks.noise_levels=null"


@contextmanager
def files_limited_to(size):
    """Writing more to a file fails with an OSError, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class FullFrom(Callback):
    """Fills the disk at one step and makes room at another."""

    def __init__(self, first, end):
        self.first, self.end, self.disk = first, end, None

    def on_train_batch_start(self, trainer, *_):
        if trainer.global_step == self.first:
            self.disk = files_limited_to(50_000)
            self.disk.__enter__()
        if trainer.global_step == self.end:
            self.free()

    def free(self):
        if self.disk:
            self.disk.__exit__(None, None, None)
            self.disk = None


@pytest.fixture
def full(request):
    disk = FullFrom(8, request.param)
    yield disk
    disk.free()


@pytest.mark.parametrize("full", [22], indirect=True)
def test_training_goes_on_over_a_full_disk(tmp_path, capsys, full):
    fit(tmp_path, "trainer.max_steps=25", callbacks=[full])
    said = capsys.readouterr().out
    assert said.count("could not be written") == 1
    assert "step 10" in said
    folder = tmp_path / "checkpoints"
    assert step_of(folder / "last.ckpt") == 25
    assert step_of(folder / "previous.ckpt") == 5
    assert not list(tmp_path.rglob(".*tmp"))


@pytest.mark.parametrize("full", [99], indirect=True)
@pytest.mark.parametrize(("reaction", "step"), [("go_on", 15), ("stop", 10)])
def test_without_room_the_last_good_checkpoint_stays(tmp_path, full, reaction, step):
    with pytest.raises(UserError, match=f"could not be written at step {step} .*Make room"):
        fit(tmp_path, f"checkpoint.on_failure={reaction}", callbacks=[full])
    assert files(tmp_path / "checkpoints") == ["last.ckpt", "previous.ckpt"]
    assert step_of(tmp_path / "checkpoints" / "last.ckpt") == 5
    full.free()
    assert fit(tmp_path, f"checkpoint.on_failure={reaction}").global_step == 15


@contextmanager
def file_system(place, size):
    """A small one in this folder; the test is skipped where nobody may mount it."""
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    if subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.processes
def test_a_small_file_system_that_fills_up(command, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    with file_system(place, "32m"):
        line = f"{SMOKE} hydra.run.dir=small/run data.n=100 checkpoint.every_n_steps=20"
        assert command(f"{line} trainer.max_steps=10").code == 0
        room = os.statvfs(place)
        with (place / "ballast").open("wb") as ballast:
            ballast.write(bytes(room.f_bavail * room.f_bsize - 300_000))
        result = command(f"{line} trainer.max_steps=30")
        assert result.code == 2, result
        assert "No space left on device" in result.err
        assert step_of(place / "run" / "checkpoints" / "last.ckpt") == 10
        assert not list(place.rglob(".*.ckpt.tmp"))
        (place / "ballast").unlink()
        assert command(f"{line} trainer.max_steps=30").code == 0


@pytest.mark.processes
def test_a_full_folder_of_wandb_costs_no_run(command, tmp_path):
    line = f"{SMALL} logger=wandb"
    assert command(f"{line} trainer.max_steps=10").code == 0
    with file_system(tmp_path / "run" / "wandb", "64k"):
        result = command(f"{line} trainer.max_steps=12")
    assert result.code == 0, result
    assert result.err.count("W&B failed") + result.out.count("W&B failed") == 1
    assert step_of(tmp_path / "run" / "checkpoints" / "last.ckpt") == 12


def test_temporary_files_lie_beside_their_targets(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", None)
    seen = []
    real = os.replace

    def replace(a, b, src_dir_fd, dst_dir_fd):
        seen.append((b, src_dir_fd == dst_dir_fd))
        real(a, b, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "replace", replace)
    fit(tmp_path / "run")
    moved = [same_folder for name, same_folder in seen if name.endswith(".ckpt")]
    assert len(moved) >= 3
    assert all(moved)
    assert not any(elsewhere.iterdir())


@pytest.fixture(scope="module")
def trained():
    """Where a run of ten steps is kept for several tests."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "run"


@pytest.mark.processes
@pytest.mark.parametrize(
    "name",
    ["data.json", "metrics.csv", "samples.png", "denoising.gif", "summary.json", "train.log"],
)
def test_no_room_for_a_small_file_is_a_sentence(command, tmp_path, trained, name, monkeypatch):
    def without_room(real):
        def write(self, wanted, *more, **how):
            if wanted == name:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(self, wanted, *more, **how)

        return write

    if not trained.exists():
        assert command(f"{SMALL} trainer.max_steps=10").code == 0
        shutil.copytree(tmp_path / "run", trained)
        shutil.rmtree(tmp_path / "run")
    shutil.copytree(trained, tmp_path / "run")
    for way in ("write", "append"):  # the command is a fork of this process
        monkeypatch.setattr(Folder, way, without_room(getattr(Folder, way)))
    refused(command(f"{SMALL} trainer.max_steps=12"), "written", "make room")


@pytest.mark.processes
def test_no_room_for_an_export_is_a_sentence(command, tmp_path):
    assert command(f"{SMALL} trainer.max_steps=10").code == 0
    with files_limited_to(50_000):
        refused(command("sample.py run=run export=net.safetensors"), "File too large", "make room")
    assert not list(tmp_path.glob("*net*"))


@pytest.mark.processes
def test_a_run_that_found_no_room_to_begin_can_be_begun(command):
    with files_limited_to(1000):  # .hydra/config.yaml is longer
        refused(command(f"{SMALL} trainer.max_steps=10"), "File too large", "make room")
    assert command(f"{SMALL} trainer.max_steps=10").code == 0
