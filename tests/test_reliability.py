"""Never lose a run: damaged files, full disks, signals, numbers gone bad, other file systems."""

import csv
import errno
import fcntl
import os
import resource
import signal
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from conftest import SMOKE
from lightning.pytorch import Callback
from training import fit

from diffusion.checkpoint import AtomicCheckpointIO, read
from diffusion.errors import Interrupted, UserError
from diffusion.loggers import MetricsCSV
from diffusion.module import DiffusionModule
from diffusion.run_directory import RunDirectory
from diffusion.torchfiles import check, is_whole

CONFIG = {"seed": 0, "trainer": {"max_steps": 10}}
CONTENT = {
    "card": {"words": ["a", 1, 2.5, None]},
    "state_dict": {"w": torch.arange(900.0).view(30, 30), "n": torch.arange(7)},
    "global_step": 5,
}


def saved(path, step=5):
    AtomicCheckpointIO().save_checkpoint(CONTENT | {"global_step": step}, path)
    return path


def step_of(file):
    return read(file)["global_step"]


def files(folder):
    return sorted(file.name for file in folder.iterdir())


# Checkpoints are checked


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


def zeros(data, start, end):
    return data[:start] + bytes(end - start) + data[end:]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_cut_and_zeroed_files_are_refused(tmp_path, share):
    file = saved(tmp_path / "a.ckpt")
    data, place = file.read_bytes(), int(share * file.stat().st_size)
    for bad in (data[:place], zeros(data, place, len(data)), data[place + 1 :]):
        file.write_bytes(bad)
        with pytest.raises(UserError):
            check(file)


@pytest.fixture
def run(tmp_path):
    """A run directory with a last, a previous and a best checkpoint."""
    with RunDirectory(tmp_path / "run", CONFIG) as begun:
        begun.begin([], {"fingerprint": "a"})
    folder = tmp_path / "run" / "checkpoints"
    for step, name in ((5, "last"), (10, "last"), (1, "best")):
        saved(folder / f"{name}.ckpt", step)
    return tmp_path / "run"


def damage(file):
    file.write_bytes(zeros(file.read_bytes(), 500, 900))


def test_the_last_but_one_is_kept(run):
    folder = run / "checkpoints"
    assert files(folder) == ["best.ckpt", "last.ckpt", "previous.ckpt"]
    assert [step_of(folder / f"{name}.ckpt") for name in ("last", "previous")] == [10, 5]


def test_a_kill_between_the_two_names_of_one_file_harms_nothing(run):
    folder = run / "checkpoints"
    (folder / "previous.ckpt").unlink()
    os.link(folder / "last.ckpt", folder / "previous.ckpt")
    os.link(folder / "last.ckpt", folder / ".previous.ckpt.tmp")
    saved(folder / "last.ckpt", 15)
    assert files(folder) == ["best.ckpt", "last.ckpt", "previous.ckpt"]
    assert [step_of(folder / f"{name}.ckpt") for name in ("last", "previous")] == [15, 10]


def test_a_file_system_without_second_names_keeps_none(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no")))
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


# Full disks


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
    assert files(tmp_path / "checkpoints") == ["last.ckpt"]
    assert step_of(tmp_path / "checkpoints" / "last.ckpt") == 5
    full.free()
    assert fit(tmp_path, f"checkpoint.on_failure={reaction}").global_step == 15


@pytest.mark.processes
def test_a_small_file_system_that_fills_up(command, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=32m", "none", str(place)]
    if subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        line = f"{SMOKE} hydra.run.dir=small/run model.widths=[32] data.n=100"
        assert command(f"{line} trainer.max_steps=10").code == 0
        room = os.statvfs(place)
        with (place / "ballast").open("wb") as ballast:
            ballast.write(bytes(room.f_bavail * room.f_bsize - 300_000))
        result = command(f"{line} trainer.max_steps=30 checkpoint.every_n_steps=20")
        assert result.code == 2, result
        assert "No space left on device" in result.err
        assert step_of(place / "run" / "checkpoints" / "last.ckpt") == 10
        assert not list(place.rglob(".*.ckpt.tmp"))
        (place / "ballast").unlink()
        assert command(f"{line} trainer.max_steps=30 checkpoint.every_n_steps=20").code == 0
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_temporary_files_lie_beside_their_targets(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", None)
    seen = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (seen.append((a, b)), real(a, b)))
    fit(tmp_path / "run")
    moved = [(a.parent, b.parent) for a, b in seen if str(b).endswith(".ckpt")]
    assert len(moved) >= 3
    assert all(a == b for a, b in moved)
    assert not any(elsewhere.iterdir())


# Numbers gone bad


class Bad:
    """Multiplies the loss of some micro-batches."""

    def __init__(self, monkeypatch, numbers, factor):
        real = DiffusionModule.training_step

        def step(module, batch, batch_idx):
            loss = real(module, batch, batch_idx)
            number = module.trainer.fit_loop.epoch_loop.total_batch_idx
            return loss * factor if number in numbers else loss

        monkeypatch.setattr(DiffusionModule, "training_step", step)


def finite(file):
    content = read(file)
    weights = [*content["state_dict"].values(), *content["current_model_state"].values()]
    return all(weight.isfinite().all() for weight in weights)


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e9])
def test_training_stops_and_keeps_what_was_good(tmp_path, monkeypatch, factor):
    Bad(monkeypatch, [6], factor)
    with pytest.raises(UserError, match="at step 7, in a batch of .*optimizer.lr") as stopped:
        fit(tmp_path)
    assert len(str(stopped.value).split(" in a batch of ")[1].split("; ")[0].split(", ")) == 8
    assert step_of(tmp_path / "checkpoints" / "last.ckpt") == 5
    assert finite(tmp_path / "checkpoints" / "last.ckpt")


@pytest.mark.parametrize(
    "options", [[], ["trainer.accumulate_grad_batches=2"], ["callbacks.ema=null"]]
)
def test_training_goes_back_and_skips_the_bad_batches(tmp_path, monkeypatch, capsys, options):
    Bad(monkeypatch, [6 * (1 + ("accumulate" in str(options)))], float("nan"))
    trainer = fit(tmp_path, "callbacks.finite.rollbacks=1", *options)
    assert trainer.global_step == 15
    said = capsys.readouterr().out
    assert "step 7" in said
    assert "back to the weights of step 5" in said
    content = read(tmp_path / "checkpoints" / "last.ckpt")
    assert content["global_step"] == 15
    assert all(weight.isfinite().all() for weight in content["state_dict"].values())


def test_going_back_is_training_without_the_skipped_steps(tmp_path, monkeypatch):
    """Weights after going back at step 10 are those of step 5, moments and averages too."""
    Bad(monkeypatch, [6], float("nan"))
    fit(tmp_path, "callbacks.finite.rollbacks=1", "trainer.max_steps=10")
    folder = tmp_path / "checkpoints"
    late, early = read(folder / "last.ckpt"), read(folder / "previous.ckpt")
    assert (late["global_step"], early["global_step"]) == (10, 5)
    for part in ("state_dict", "current_model_state"):
        for name, weight in early[part].items():
            assert torch.equal(late[part][name], weight)
    moments = [content["optimizer_states"][0]["state"][0] for content in (late, early)]
    assert all(torch.equal(moments[0][key], moments[1][key]) for key in moments[0])


def test_a_run_that_goes_bad_again_and_again_stops(tmp_path, monkeypatch):
    Bad(monkeypatch, range(6, 100), float("nan"))
    with pytest.raises(UserError, match="rollbacks"):
        fit(tmp_path, "callbacks.finite.rollbacks=1")
    assert finite(tmp_path / "checkpoints" / "last.ckpt")


# Signals


class Send(Callback):
    def __init__(self, number, step):
        self.number, self.step = number, step

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT])
def test_signals_of_people_and_schedulers_save_the_exact_step(tmp_path, number):
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match="interrupted at step 7") as interrupted:
        fit(tmp_path, callbacks=[Send(number, 7)])
    expected = signal.SIGINT if number == signal.SIGINT else signal.SIGTERM
    assert interrupted.value.signal == expected
    assert step_of(tmp_path / "checkpoints" / "last.ckpt") == 7
    assert signal.getsignal(number) == before


def test_an_ignored_signal_stays_ignored(tmp_path):
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        assert fit(tmp_path, callbacks=[Send(signal.SIGUSR2, 7)]).global_step == 15
    finally:
        signal.signal(signal.SIGUSR2, before)


# Run directories


def test_where_folders_cannot_be_locked_a_file_is(tmp_path, monkeypatch):
    """As on NFS."""
    real = fcntl.flock

    def flock(file, how):
        if os.path.isdir(f"/proc/self/fd/{file}"):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        RunDirectory(tmp_path / "run", CONFIG),
        pytest.raises(UserError, match="in use"),
        RunDirectory(tmp_path / "run", CONFIG),
    ):
        pass
    with RunDirectory(tmp_path / "run", CONFIG):
        pass  # what is left of the lock stops nobody


def test_where_nothing_can_be_locked_that_is_said(tmp_path, monkeypatch, capsys):
    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with RunDirectory(tmp_path / "run", CONFIG):
        assert "cannot be locked" in capsys.readouterr().out


def test_a_run_killed_before_it_began_can_be_begun(tmp_path):
    (tmp_path / "run" / ".hydra").mkdir(parents=True)
    (tmp_path / "run" / ".hydra" / ".config.yaml.tmp").write_text("trainer:")
    with RunDirectory(tmp_path / "run", CONFIG) as run:
        run.begin([], {"fingerprint": "a"})
    assert (tmp_path / "run" / ".hydra" / "config.yaml").exists()


@pytest.mark.parametrize("name", [".hydra/config.yaml", "data.json"])
def test_a_damaged_file_of_the_run_is_a_sentence(run, name):
    for text in ("{", "[1]", ""):
        (run / name).write_text(text)
        with pytest.raises(UserError, match="damaged"), RunDirectory(run, CONFIG) as again:
            again.begin([], {"fingerprint": "a"})


# metrics.csv


def test_rows_survive_a_kill_at_any_moment(tmp_path, monkeypatch):
    """Columns are added by a new file that takes the place of the old one."""
    table = MetricsCSV(tmp_path)
    table.log_metrics({"a": 1.0}, step=1)
    table.save()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            table.log_metrics({"b": 2.0}, step=2)
    again = MetricsCSV(tmp_path, keep=5)
    again.log_metrics({"a": 3.0, "b": 3.0}, step=3)
    again.save()
    with (tmp_path / "metrics.csv").open(newline="") as file:
        assert [row["a"] for row in csv.DictReader(file)] == ["1.0", "3.0"]


def test_half_a_row_is_cut(tmp_path):
    (tmp_path / "metrics.csv").write_text("a,step,z\n1,1,5\n2,2,6\n3,")
    table = MetricsCSV(tmp_path, keep=5)
    table.log_metrics({"a": 3.0, "z": 7.0}, step=3)
    table.save()
    with (tmp_path / "metrics.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3"]
