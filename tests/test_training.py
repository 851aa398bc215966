"""Whole runs: what they leave, that they continue exactly, and that devices do not matter."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from chaos import equal
from conftest import QUICK, ROOT, SMOKE
from PIL import Image

FILES = ["metrics.csv", "summary.json", "data.json", "samples.png", "denoising.gif", "noising.png"]
FILES += ["nearest.png", "panel.png", "noise_levels.json", "noise_levels.png", "train.log"]


def weights(run, name="last"):
    return torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)


def rows(run):
    with (run / "metrics.csv").open(newline="") as file:
        return [
            {key: value for key, value in row.items() if "per_second" not in key}
            for row in csv.DictReader(file)
        ]


def test_a_run_leaves_everything_behind_and_is_done_once(command, tmp_path):
    result = command(f"{SMOKE} hydra.run.dir=run")
    assert result.code == 0, result
    run = tmp_path / "run"
    for name in FILES:
        assert (run / name).stat().st_size > 0
    for name in ("config", "overrides"):
        assert (run / ".hydra" / f"{name}.yaml").exists()
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "finished"
    assert summary["step"] == 5
    assert summary["progress/images"] == 80
    promised = {"train/loss", "val/loss", "train/images_per_second", "samples/copy_rate"}
    promised |= {f"samples/{name}" for name in ("sprite_fd", "precision", "recall", "coverage")}
    promised |= {"held_out/sprite_fd", "val/gap", "val/memorised", "preview/sprite_fd"}
    assert promised <= summary.keys()
    logged = rows(run)[0].keys()
    assert "preview/sprite_fd" in logged
    assert not [key for key in logged if key.startswith("samples/")]
    assert (run / "train.log").read_text() == result.out
    said = result.out.partition("closing: ")[2].splitlines()
    assert said[0].startswith("128 sprites by DDPM in 5 evaluations, their scores and passports")
    parts = [line.split(":")[0].strip() for line in said[1:6]]
    assert parts == ["128 sprites", "scores and passports", "told apart", "film of 16", "3 panels"]
    after = result.out.partition("no sprites yet: ")[2]
    assert after.index("Train longer.") < after.index("next:")
    checkpoint = weights(run)
    assert {"state_dict", "current_model_state", "card"} <= checkpoint.keys()
    assert (
        checkpoint["card"]["data"]["fingerprint"]
        == weights(run, "best")["card"]["data"]["fingerprint"]
    )
    assert not equal(checkpoint["state_dict"], checkpoint["current_model_state"])
    with Image.open(run / "denoising.gif") as film:
        assert film.n_frames == 6
    before = {f: f.read_bytes() for f in run.rglob("*") if f.is_file()}
    again = command(f"{SMOKE} hydra.run.dir=run")
    assert again.code == 0
    assert "finished" in again.out
    assert before == {f: f.read_bytes() for f in run.rglob("*") if f.is_file()}


@pytest.mark.processes
@pytest.mark.parametrize(
    "options",
    [
        "",
        pytest.param(
            "trainer.accumulate_grad_batches=2 model.dropout=0.1 flip=true",
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "prediction=velocity schedule=cosine weighting=min_snr data.batch_size=24",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_a_killed_run_continues_to_the_same_bits(command, launch, tmp_path, options):
    line = f"{SMOKE} {options} checkpoint.every_n_steps=7"
    assert command(f"{line} hydra.run.dir=whole").code == 0
    for marks in (7, 21):
        process = launch(f"{line} hydra.run.dir=killed")
        last = tmp_path / "killed" / "checkpoints" / "last.ckpt"
        while process.poll() is None:
            if last.exists() and step_of(last) >= marks:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.01)
        process.wait()
    result = command(f"{line} hydra.run.dir=killed")
    assert result.code == 0, result
    assert "continues at step" in result.out or "finished" in result.out
    whole, killed = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    for part in ("state_dict", "current_model_state", "optimizer_states", "lr_schedulers"):
        assert equal(whole[part], killed[part]), part
    assert equal(
        weights(tmp_path / "whole", "best")["state_dict"],
        weights(tmp_path / "killed", "best")["state_dict"],
    )
    assert rows(tmp_path / "whole") == rows(tmp_path / "killed")


def step_of(file):
    try:
        return torch.load(file, weights_only=True)["global_step"]
    except (OSError, RuntimeError, EOFError):  # pragma: no cover: writes are atomic
        pytest.fail("a torn checkpoint was seen")


@pytest.mark.processes
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_the_exact_step(command, launch, tmp_path, number, code):
    line = f"{SMOKE} trainer.max_steps=300 checkpoint.every_n_steps=10 hydra.run.dir=run"
    process = launch(line)
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    while not last.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    out, _ = process.communicate(timeout=900)
    assert process.returncode == code, out
    assert "interrupted at step" in out
    assert f"interrupted at step {weights(tmp_path / 'run')['global_step']}" in out
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["status"] == "interrupted"


@pytest.mark.processes
@pytest.mark.parametrize(
    "options",
    [
        # a checkpoint on the step of a validation
        "checkpoint.every_n_steps=20 trainer.val_check_interval=10",
        pytest.param(
            "trainer.accumulate_grad_batches=4 trainer.log_every_n_steps=1",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_an_interrupted_run_continues_to_the_same_bits(command, launch, tmp_path, options):
    line = f"{SMOKE} {options} trainer.max_steps=60 closing=false"
    assert command(f"{line} hydra.run.dir=whole").code == 0
    process = launch(f"{line} hydra.run.dir=cut")
    table = tmp_path / "cut" / "metrics.csv"
    while process.poll() is None and not (table.exists() and len(rows(tmp_path / "cut")) > 3):
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=900)
    assert process.returncode == 143, out
    again = command(f"{line} hydra.run.dir=cut")
    assert again.code == 0, again
    assert "continues at step" in again.out
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    for part in ("state_dict", "current_model_state", "optimizer_states"):
        assert equal(whole[part], cut[part]), part
    assert rows(tmp_path / "whole") == rows(tmp_path / "cut")


def test_a_run_may_end_without_a_closing(command, tmp_path):
    line = QUICK.replace("callbacks.samples=null", "callbacks.samples.n=20")
    result = command(f"{line} hydra.run.dir=run")
    assert result.code == 0, result
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["status"] == "finished"
    assert "preview/copy_rate" in summary
    assert not (tmp_path / "run" / "denoising.gif").exists()


def test_a_run_killed_while_closing_is_completed(command, tmp_path):
    line = f"{SMOKE} trainer.max_steps=7 hydra.run.dir=run"  # its last step is no validation
    assert command(line).code == 0
    before = rows(tmp_path / "run")
    for name in ("summary.json", "samples.png", "denoising.gif"):
        (tmp_path / "run" / name).unlink()
    assert command(line).code == 0
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["status"] == "finished"
    assert rows(tmp_path / "run") == before


def test_averages_keep_the_running_statistics(command, tmp_path):
    line = QUICK.replace("model.widths=[32] model.blocks=1", "model=course")
    assert command(f"{line} hydra.run.dir=run").code == 0
    checkpoint = weights(tmp_path / "run")
    averaged, raw = checkpoint["state_dict"], checkpoint["current_model_state"]
    running = [name for name in raw if "running_" in name]
    assert running
    for name in running:
        assert torch.equal(averaged[name], raw[name])


@pytest.mark.processes
def test_an_offline_wandb_run_holds_metrics_pictures_and_tables(command, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    line = SMOKE.replace("logger=csv", "logger=wandb")
    assert command(f"{line} hydra.run.dir=run").code == 0
    (log,) = tmp_path.rglob("*.wandb")
    leet = [Path(sys.executable).with_name("wandb"), "leet", "inspect", log, "--summary", "--json"]
    read = subprocess.run(leet, check=True, capture_output=True, text=True)
    held = json.loads(read.stdout)
    assert held["state"] == "finished"
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    logged = [key for key in rows(tmp_path / "run")[0] if "/" in key]
    assert len(logged) > 30
    assert set(logged) - {"train/images_per_second"} <= held["summary"].keys()
    assert held["summary"]["samples/sprite_fd"] == pytest.approx(summary["samples/sprite_fd"])
    for key in ("val/loss", "preview/sprite_fd"):
        assert held["summary"][key]["last"] == pytest.approx(summary[key])
    for name in ("preview/sprites", "samples/nearest", "val/panel"):
        assert held["summary"][name]["_type"] == "images/separated"
    for name, lines in (("samples/scores", 10), ("samples/passports", 128)):
        assert held["summary"][name]["_type"] == "table-file"
        assert held["summary"][name]["nrows"] >= lines


@pytest.mark.processes
def test_a_directory_in_use_is_refused(command, launch, tmp_path):
    process = launch(f"{SMOKE} trainer.max_steps=5000 hydra.run.dir=run")
    while not (tmp_path / "run" / "data.json").exists() and process.poll() is None:
        time.sleep(0.05)
    result = command(f"{SMOKE} trainer.max_steps=5000 hydra.run.dir=run")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert result.code == 2
    assert "in use" in result.err


@pytest.mark.processes
@pytest.mark.parametrize("words", ["--help", "--cfg job"])
def test_help_and_configuration_do_not_wait_for_torch(words):
    """Importing it takes longer than all else that these words need."""
    line = [sys.executable, "-X", "importtime", str(ROOT / "train.py"), *words.split()]
    imports = subprocess.run(line, check=True, capture_output=True, text=True).stderr
    assert "hydra" in imports
    assert not re.search(r"\| +(torch|lightning|torchmetrics|wandb)$", imports, re.MULTILINE)


@pytest.mark.processes
def test_a_run_begins_with_the_weights_of_another_and_continues_without_it(command, tmp_path):
    line = f"{SMOKE} trainer.max_steps=2 closing=false"
    assert command(f"{line} hydra.run.dir=first").code == 0
    second = f"{line} seed=1 init_from=first/checkpoints/last.ckpt hydra.run.dir=second"
    assert "begins with 100.0% of its weights" in command(second).out
    shutil.rmtree(tmp_path / "first")
    longer = command(second.replace("max_steps=2", "max_steps=4"))
    assert longer.code == 0, longer
    assert "continues at step 2" in longer.out
    refused = command(f"{line} init_from=first hydra.run.dir=third")
    assert refused.code == 2
    assert "no run first" in refused.err
    assert not (tmp_path / "third").exists()
