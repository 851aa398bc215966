"""Laws of sweeps: names that can be typed, jobs that do not touch each other, one table."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from datamodules.doctor.splits import nested
from diffusion.commands.jobs import job_name
from diffusion.commands.slots import environment_of, hold_slot, slots
from diffusion.commands.sweeps import Sweep, _table

SWEEP = "train.py -m experiment=smoke trainer.max_steps=20 sampler.steps=2"
BOMB = """
import os, signal
from pathlib import Path
from lightning.pytorch import Callback

class Bomb(Callback):
    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        kind = Path(f"bomb-{module.seed}")
        if kind.exists() and trainer.global_step == 15:
            if kind.read_text() == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise RuntimeError("the bomb went off")
"""
NAMED = sorted(file.stem for file in (ROOT / "conf" / "sweep").glob("*.yaml"))


def name(differs, num=0):
    return job_name(SimpleNamespace(override_dirname=differs, num=num))


@pytest.mark.parametrize(
    ("differs", "expected"),
    [
        ("schedule-linear_seed-0", r"schedule-linear_seed-0"),
        ("model.widths-[32,64]", r"model\.widths-32-64"),
        ("optimizer.lr-1e-3", r"optimizer\.lr-1e-3"),
        ("schedule@schedule.base-linear", r"schedule@schedule\.base-linear"),
        ("data.path-a/x.npz", r"data\.path-a-x\.npz-[0-9a-f]{6}"),
        ("", "0"),
    ],
)
def test_jobs_are_named_after_what_differs(differs, expected):
    assert re.fullmatch(expected, name(differs))


@given(st.text(min_size=1))
def test_names_can_be_typed_without_quotes(text):
    made = name(f"key-{text}")
    assert re.fullmatch(r"[A-Za-z0-9_.+@-]+", made)
    assert len(made) < 140
    parsed = OverridesParser.create().parse_override(f"run=runs/sweep/{made}")
    assert parsed.value() == f"runs/sweep/{made}"


@given(st.lists(st.text("/,=[] a1'-", min_size=1), min_size=2, max_size=2, unique=True))
def test_names_are_unique(texts):
    assert name(f"data.path-{texts[0]}") != name(f"data.path-{texts[1]}")


@pytest.mark.parametrize(
    ("launcher", "expected"),
    [
        ({"_target_": "a.BasicLauncher"}, 1),
        ({"_target_": "a.JoblibLauncher", "n_jobs": 3}, 3),
        ({"_target_": "a.JoblibLauncher", "n_jobs": -1}, 8),
        ({"_target_": "a.JoblibLauncher", "n_jobs": -2}, 7),
        ({"_target_": "a.LocalLauncher", "cpus_per_task": None}, 8),
        ({"_target_": "a.LocalLauncher", "cpus_per_task": 4}, 2),
        ({"_target_": "a.SlurmLauncher", "cpus_per_task": 4}, 1),
    ],
)
def test_a_launcher_has_so_many_places(launcher, expected):
    assert slots(launcher, cpus=8) == expected


def test_a_place_is_taken_by_one_job_at_a_time(tmp_path):
    with hold_slot(tmp_path, 2) as first, hold_slot(tmp_path, 2) as second:
        assert {first, second} == {0, 1}
    with hold_slot(tmp_path, 2) as again:
        assert again == 0


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_places_divide_threads_and_gpus(count, devices):
    made = [environment_of({"RANK": "1", "X": "y"}, k, count, devices, 8, 4) for k in range(count)]
    assert all(each["X"] == "y" and "RANK" not in each for each in made)
    if count == 1:
        assert made[0] == {"X": "y"}  # alone: everything
        return
    assert sum(int(each["OMP_NUM_THREADS"]) * devices for each in made) == 8
    gpus = [each["CUDA_VISIBLE_DEVICES"].split(",") for each in made]
    assert all(len(each) == devices for each in gpus)
    used = [sum(str(k) in each for each in gpus) for k in range(4)]
    assert max(used) - min(used) <= (count * devices < 4)


def test_the_users_threads_and_gpus_stay():
    said = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "5,7"}
    assert environment_of(said, 3, 4, 1, 16, 2) == said | {"CUDA_VISIBLE_DEVICES": "7"}


def test_a_cluster_gives_a_job_its_cpus():
    given_ = {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "6", "SLURM_PROCID": "0"}
    assert environment_of(given_, 0, 1, 2, 64, 0) == {"OMP_NUM_THREADS": "3"}


def test_the_table_shows_every_job(tmp_path, capsys):
    sweep = Sweep()
    sweep.path = tmp_path
    (tmp_path / ".jobs").mkdir()
    codes = {"good": 0, "wrong": 2, "killed": -9, "stopped": 143, "lost": None}
    for number, (job, code) in enumerate(codes.items()):
        row = {"number": number, "job": job, "overrides": [], "code": code}
        (tmp_path / ".jobs" / f"{number}.json").write_text(json.dumps(row))
    (tmp_path / "good").mkdir()
    summary = {"status": "finished", "step": 5, "val/loss": 0.25, "cpu_seconds": 3.0}
    (tmp_path / "good" / "summary.json").write_text(json.dumps(summary))
    assert not sweep.close()
    rows = json.loads((tmp_path / "sweep.json").read_text())
    assert [(row["job"], row["status"]) for row in rows] == [
        ("good", "finished"),
        ("wrong", "failed"),
        ("killed", "failed"),
        ("stopped", "interrupted"),
        ("lost", "interrupted"),
    ]
    assert rows[0]["val/loss"] == 0.25
    assert "1 of 5 jobs finished" in capsys.readouterr().out


def test_a_table_of_different_losses_says_so():
    rows = [{"job": f"{part}-{k}", "val/loss": 0.1} for part in ("schedule", "loss") for k in "ab"]
    assert "unit" not in _table(rows[:2])
    assert "in the unit of each job's prediction" in _table(rows[2:])


@pytest.mark.parametrize("sweep", NAMED)
def test_named_sweeps_are_sweeps_of_what_exists(sweep):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("train", [f"sweep={sweep}"], return_hydra_config=True)
        assert cfg.hydra.mode.name == "MULTIRUN"
        assert cfg.sweep_name == sweep
        params = OmegaConf.to_container(cfg.hydra.sweeper.params)
        jobs = np.prod([len(values.split(",")) for values in params.values()])
        assert 2 <= jobs <= 12
        for key, values in params.items():
            for value in values.split(","):
                compose("train", [f"sweep={sweep}", f"{key}={value}"])


def test_the_promised_sweeps_exist():
    assert {"schedules", "sizes", "n_train"} <= set(NAMED)


def test_fewer_sprites_are_part_of_more_and_keep_the_pinned():
    rows, pinned = np.arange(100, 200), np.arange(100) == 42
    few, more = nested(rows, pinned, 10), nested(rows, pinned, 50)
    assert 142 in few
    assert set(few) < set(more) < set(rows)
    assert (len(few), len(more)) == (10, 50)


def test_only_training_has_sweeps(command):
    result = command("sample.py -m run=a,b")
    assert result.code == 2
    assert "leave out -m" in result.err


def test_a_misspelt_value_ends_the_sweep_before_it_begins(command):
    result = command(f"{SWEEP} schedule=linear,cosine,linaer")
    assert result.code == 2
    assert "did you mean schedule=linear?" in result.err


def test_a_launcher_that_is_not_there_is_named(command):
    result = command(f"{SWEEP} seed=0,1 hydra/launcher=cloud")
    assert result.code == 2
    assert "hydra/launcher=cloud is not installed; pip install" in result.err


@pytest.mark.processes
def test_failed_jobs_stop_nobody_and_are_continued(launch, tmp_path):
    (tmp_path / "bomb.py").write_text(BOMB)
    (tmp_path / "bomb-1").write_text("raise")
    (tmp_path / "bomb-2").write_text("kill")
    path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    bomb = "+callbacks.bomb._target_=bomb.Bomb"
    line = f"{SWEEP} logger=wandb seed=0,1,2 {bomb} checkpoint.every_n_steps=10"
    line += " closing=false trainer.val_check_interval=10"

    process = launch(line, WANDB_MODE="offline", PYTHONPATH=path)
    out, _ = process.communicate(timeout=900)
    assert process.returncode == 1, out
    assert "1 of 3 jobs finished" in out
    rows = {row["job"]: row for row in sweep_json(tmp_path)}
    assert [row["status"] for row in rows.values()] == ["finished", "failed", "failed"]
    assert "the bomb went off" in rows["seed-1"]["reason"]
    assert "signal 9" in rows["seed-2"]["reason"]
    assert rows["seed-0"]["step"] == 20
    assert wandb_run(tmp_path, "seed-0") == {"group": "sweep", "name": "seed-0", "exit_code": 0}
    assert wandb_run(tmp_path, "seed-1") == {"group": "sweep", "name": "seed-1", "exit_code": 1}

    for seed in (1, 2):
        (tmp_path / f"bomb-{seed}").unlink()
    finished = tmp_path / "runs" / "sweep" / "seed-0"
    before = {file: file.stat().st_mtime_ns for file in finished.rglob("*")}
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    two = "hydra/launcher=joblib hydra.launcher.n_jobs=2"
    process = launch(f"{line} {two}", WANDB_MODE="disabled", PYTHONPATH=path)
    out, _ = process.communicate(timeout=900)
    assert process.returncode == 0, out
    assert out.count("continues at step 10") == 2
    assert "3 of 3 jobs finished" in out
    assert before == {file: file.stat().st_mtime_ns for file in finished.rglob("*")}


@pytest.mark.processes
def test_a_stopped_sweep_saves_its_job_and_goes_on(launch, tmp_path):
    line = f"{SWEEP} logger=csv seed=0,1 checkpoint.every_n_steps=10"
    process = launch(f"{line} trainer.max_steps=2000")
    run = tmp_path / "runs" / "sweep" / "seed-0"
    while not (run / "checkpoints" / "last.ckpt").exists() and process.poll() is None:
        time.sleep(0.05)
    other = launch(line)
    refused, _ = other.communicate(timeout=900)
    assert other.returncode == 2
    assert "in use by another sweep" in refused
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=900)
    assert process.returncode == 130, out
    assert json.loads((run / "summary.json").read_text())["status"] == "interrupted"
    assert [row["status"] for row in sweep_json(tmp_path)] == ["interrupted"]


@pytest.mark.processes
@pytest.mark.nightly
def test_submitit_runs_jobs_on_this_machine(launch, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    line = f"{SWEEP} logger=csv schedule=cosine,zero_terminal hydra/launcher=submitit_local"
    process = launch(line)
    out, _ = process.communicate(timeout=900)
    assert process.returncode == 1, out
    assert [row["status"] for row in sweep_json(tmp_path)] == ["finished", "failed"]
    assert "zero_terminal" in sweep_json(tmp_path)[1]["reason"]


def sweep_json(tmp_path):
    return json.loads((tmp_path / "runs" / "sweep" / "sweep.json").read_text())


def wandb_run(tmp_path, job):
    """What W&B itself reads back from a job's offline run."""
    (file,) = (tmp_path / "runs" / "sweep" / job).glob("wandb/offline-run-*/*.wandb")
    records = subprocess.run(
        [sys.executable, "-m", "wandb", "leet", "inspect", str(file.parent), "--json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [json.loads(line) for line in records.splitlines()]
    run = next(row["run"] for row in rows if row["type"] == "run")
    end = next(row["exit"] for row in rows if row["type"] == "exit")
    return {
        "group": run["run_group"],
        "name": run["display_name"],
        "exit_code": end.get("exit_code", 0),
    }
