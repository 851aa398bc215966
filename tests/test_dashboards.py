"""What a person finds in a dashboard, read back from what the loggers have stored."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import SMOKE, TWICE
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image
from randominception import in_place_of_the_real
from test_continuing import composed
from test_loggers import events, in_wandb, text

from diffusion.commands.trainer import check_loggers, compose_loggers
from diffusion.errors import UserError
from diffusion.runs.loggers import (
    ended_loggers,
    log_lineage,
    log_picture,
    log_summary,
    log_table,
)

FILE = "events.out.tfevents.*"


def part(folder, begin, end, value):
    """A part of a run: it begins at a step, and says the same at each until it is killed."""
    loggers = compose_loggers(composed(["logger=tensorboard"]), folder, begin)
    grey = Image.fromarray(np.full((2, 2, 3), value, dtype=np.uint8))
    for step in range(begin, end):
        for logger in loggers:
            logger.log_metrics({"val/loss": float(value)}, step)
            logger.save()
        log_picture(loggers, "val/panel", grey, step)
        log_table(loggers, "val/levels", ["t"], [[value]], step)
    for logger in loggers:
        logger.finalize("failed")


def test_of_a_killed_and_continued_run_no_step_stands_twice(tmp_path):
    watching = pytest.importorskip("tensorboard.backend.event_processing.plugin_event_accumulator")
    part(tmp_path, 0, 6, value=1)
    watcher = watching.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    part(tmp_path, 3, 5, value=2)
    read = events(tmp_path)
    told = [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2)]
    assert [(each.step, each.value) for each in read.Scalars("val/loss")] == told
    assert [each.step for each in read.Images("val/panel")] == [step for step, _ in told]
    tables = read.Tensors("val/levels/text_summary")
    last = [each.tensor_proto.string_val[0].decode().split()[-2] for each in tables]
    assert [(each.step, int(value)) for each, value in zip(tables, last, strict=True)] == told
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = [(int(row["step"]), float(row["val/loss"])) for row in csv.DictReader(file)]
    assert rows == told
    for tag in ("val/loss", "val/panel", "val/levels/text_summary"):
        assert [each.step for each in watcher.Reload().Tensors(tag)] == [step for step, _ in told]


def test_only_the_first_process_has_event_files(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    part(tmp_path, 0, 3, value=1)
    before = {file: file.read_bytes() for file in (tmp_path / "tensorboard").iterdir()}
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    _, *others = compose_loggers(composed(["logger=tensorboard"]), tmp_path, 1)
    assert not others
    assert before == {file: file.read_bytes() for file in (tmp_path / "tensorboard").iterdir()}


def test_a_damaged_event_file_costs_what_was_damaged(tmp_path):
    pytest.importorskip("tensorboard")
    part(tmp_path, 0, 3, value=1)
    files = sorted((tmp_path / "tensorboard").glob(FILE), key=lambda file: file.stat().st_size)
    whole = files[-1].read_bytes()
    files[-1].write_bytes(whole[:-7])  # half an event
    part(tmp_path, 3, 4, value=2)
    assert [each.step for each in events(tmp_path).Scalars("val/loss")] == [0, 1, 2, 3]
    spoilt = b"\x04" + bytes(11) + b"\xff" * 4 + bytes(4)  # a whole record of no event
    files[-1].write_bytes(whole + spoilt)
    part(tmp_path, 3, 4, value=3)
    assert files[-1].read_bytes() == whole


@pytest.mark.parametrize("tags", ["[a,{b:1}]", f"[{'x' * 65}]", "['']", "[[a]]"])
def test_tags_that_are_none_are_refused_before_anything_is_written(tags):
    with pytest.raises(UserError, match=r"logger.wandb.tags=\[a,b\]"):
        check_loggers(composed(["logger=wandb", f"logger.wandb.tags={tags}"]))


def test_a_saved_logger_that_knows_no_tags_is_made_and_a_disabled_one_keeps_nothing(tmp_path):
    old = {"_target_": "diffusion.runs.loggers.wandb", "mode": "disabled", "project": "mine"}
    check_loggers({"logger": {"wandb": old}})
    with ended_loggers():
        _, logger = compose_loggers({"logger": {"wandb": old}}, tmp_path, 0)
        logger.log_metrics({"val/loss": 1.0}, 0)
        log_summary([logger], {"val/loss": 1.0}, 1)
        log_lineage([logger], tmp_path / "data.json", tmp_path / "last.ckpt", {"fingerprint": "a"})
        assert not logger.failed
    assert not list(tmp_path.rglob("*.wandb"))


def records(folder):
    """All that W&B's own program reads in the one file of an offline run, by its kind."""
    (log,) = folder.rglob("*.wandb")
    leet = [Path(sys.executable).with_name("wandb"), "leet", "inspect", log, "--json"]
    read = subprocess.run(leet, check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in read.stdout.splitlines()]
    return {
        kind: [line[kind] for line in lines if line["type"] == kind]
        for kind in ("run", "artifact")
    }


TEXTBOOK = (
    "train.py experiment=textbook inception=true logger=[wandb,tensorboard] "
    "logger.wandb.mode=offline logger.wandb.tags=[a,7] data.n=80 data.batch_size=8 "
    "model.widths=[32] model.blocks=1 sampler.steps=2 trainer.max_steps=6 "
    "trainer.val_check_interval=3 trainer.log_every_n_steps=1 callbacks.samples.n=24 "
    "callbacks.samples.sampler.steps=2 callbacks.noise_levels.n=4 hydra.run.dir=lr/one"
)


@pytest.mark.processes
def test_everything_that_a_textbook_run_finds_is_in_every_dashboard(
    command, tmp_path, monkeypatch
):
    pytest.importorskip("tensorboard")
    in_place_of_the_real(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("WANDB_RUN_GROUP", raising=False)
    (tmp_path / "lr" / ".jobs").mkdir(parents=True)  # as in a sweep
    ended = command([*TEXTBOOK.split(), "logger.wandb.notes=first try"])
    assert ended.code == 0, ended
    run = tmp_path / "lr" / "one"
    summary = json.loads((run / "summary.json").read_text())
    found = {"samples/fid", "samples/kid", "samples/sprite_fd", "val/loss"}
    assert found <= {key for key, value in summary.items() if isinstance(value, float)}
    assert f"FID, KID        {summary['samples/fid']:.1f}, " in ended.out

    held, said = in_wandb(run), records(run)
    kept = {key: value for key, value in held["summary"].items() if not isinstance(value, dict)}
    both = {key: value for key, value in held["summary"].items() if "min" in str(value)}
    kept |= {key: value["last"] for key, value in both.items()}
    numbers = {key: value for key, value in summary.items() if isinstance(value, float)}
    assert {key: kept[key] for key in numbers} == pytest.approx(numbers)
    assert ("samples/told_apart" in kept) == ("samples/told_apart" in summary)
    assert kept["status"] == "finished"
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"train/loss", "val/loss", "preview/fid", "preview/kid", "preview/sprite_fd"} <= set(
        both
    )
    for key, value in both.items():
        least = min(float(row[key]) for row in rows if row[key])
        assert value["min"] == pytest.approx(least)

    (begun,) = said["run"]
    assert (begun["job_type"], begun["run_group"]) == ("train", "lr")
    assert (begun["tags"], begun["notes"]) == (["a", "7"], "first try")

    levels = json.loads((run / "noise_levels.json").read_text())
    tables = [json.loads(file.read_text()) for file in run.rglob("levels_*.table.json")]
    assert len(tables) == len(levels) == 2
    for row in levels:
        del row["images"]
        rows = [list(each) for each in zip(*row.values(), strict=True)]
        assert [list(row), rows] in [[table["columns"], table["data"]] for table in tables]

    read = events(run)
    for key in found:
        assert read.Scalars(key)[-1].value == pytest.approx(summary[key], rel=1e-5)
    assert len(read.Tensors("val/levels/text_summary")) == 2
    assert len(text(read, "val/levels").splitlines()) == 2 + len(levels[0]["t"])

    artifacts = {each["type"]: each for each in said["artifact"] if each["type"] != "run_table"}
    assert artifacts["dataset"]["use_after_commit"]
    assert not artifacts["model"].get("use_after_commit")
    (entry,) = artifacts["model"]["manifest"]["contents"]
    assert entry["ref"] == (run / "checkpoints" / "last.ckpt").as_uri()
    facts = {kind: json.loads(each["metadata"]) for kind, each in artifacts.items()}
    fingerprint = json.loads((run / "data.json").read_text())["fingerprint"]
    assert facts["dataset"]["fingerprint"] == facts["model"]["fingerprint"] == fingerprint
    assert command("sample.py run=lr/one n=2 sampler.steps=2 out=made").code == 0
    manifest = json.loads((tmp_path / "made" / "manifest.json").read_text())
    assert {row["checkpoint"] for row in manifest} == {facts["model"]["sha256"]}
    assert sum(file.stat().st_size for file in (run / "wandb").rglob("*")) < 2**20


@pytest.mark.processes
def test_a_run_that_goes_back_to_an_earlier_checkpoint_says_every_step_once(command, tmp_path):
    pytest.importorskip("tensorboard")
    run = tmp_path / "run"
    line = SMOKE.replace("logger=csv", "logger=tensorboard callbacks.samples=null") + f" {TWICE}"
    assert command(f"{line} closing=false hydra.run.dir=run").code == 0
    for name in ("last", "best"):
        (run / "checkpoints" / f"{name}.ckpt").unlink()
    again = command("train.py hydra.run.dir=run trainer.max_steps=41")
    assert (again.code, "continues at step 20" in again.out) == (0, True), again
    read = events(run)
    tags = read.Tags()
    steps = {
        "train/loss": [4, 9, 14, 19, 24, 29, 34, 39],
        "val/loss": [19, 39, 40],
        "val/panel": [19, 39, 40],
        "val/levels/text_summary": [19, 39, 40],
    }
    for kind, ask in {
        "scalars": read.Scalars,
        "images": read.Images,
        "tensors": read.Tensors,
    }.items():
        for tag in set(tags[kind]) - {"progress/images"}:  # beside both losses
            there = [each.step for each in ask(tag)]
            assert there == sorted(set(there)), tag
            assert there == steps.get(tag, there), tag
