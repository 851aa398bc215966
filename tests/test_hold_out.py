"""`data.hold_out=0`: all sprites are trained on, and what needs unseen ones does without."""

import csv
import json
import re
import shlex

import numpy as np
import pytest
from conftest import SMOKE_OF_ANY

from datamodules.forge import ForgeData
from diffusion.judge import Judge

N = 300
SMALL = f"{SMOKE_OF_ANY} model.widths=[32] model.blocks=1 data=array data.path=a"
UNSEEN = ("val/", "held_out/", "told_apart")


@pytest.fixture
def sprites(tmp_path):
    """A file of sprites in a folder with a blank in its name."""
    data = ForgeData(n=N)
    data.setup()
    (tmp_path / "a b").mkdir()
    np.savez(tmp_path / "a b" / "mine.npz", images=data.sprites.images)


def words_of(line, run):
    folder = "data.path=a b/mine.npz"
    words = [folder if word == "data.path=a" else word for word in line.split()]
    return [*words, f"hydra.run.dir={run}"]


def test_a_run_ends_with_the_command_that_trains_on_all(command, sprites, tmp_path):
    first = command(words_of(f"{SMALL} trainer.max_steps=8", "one"))
    assert first.code == 0, first
    line = next(line for line in first.out.splitlines() if f"on all {N}" in line)
    _, *words = shlex.split(line, comments=True)
    (longer,) = (line for line in first.out.splitlines() if "twice as long" in line)
    assert "trainer.max_steps=16" in longer
    assert re.search(r"about \d+ min$", longer)
    assert {"data.path=a b/mine.npz", "data.hold_out=0"} <= set(words)
    steps = [word for word in words if word.startswith("trainer.max_steps=")]
    assert len(steps) == 1
    assert 0 < int(steps[0].partition("=")[2]) <= 8

    more = ["trainer.val_check_interval=3", "callbacks.progress.seconds=0"]
    second = command([*words, *more, "hydra.run.dir=all"])
    assert second.code == 0, second
    run = tmp_path / "all"
    assert json.loads((run / "data.json").read_text())["split"] == {
        "train": N,
        "val": 0,
        "test": 0,
    }
    assert {file.name for file in (run / "checkpoints").iterdir()} == {
        "last.ckpt",
        "previous.ckpt",
    }
    with (run / "metrics.csv").open(newline="") as file:
        columns = {key for row in csv.DictReader(file) for key, value in row.items() if value}
    summary = json.loads((run / "summary.json").read_text())
    assert "preview/sprite_fd" in columns
    assert "samples/sprite_fd" in summary
    measured = columns | (summary.keys() - {"held_out/copy_rate"})
    assert not [key for key in measured if key.startswith(UNSEEN) or key.endswith(UNSEEN)]
    assert (run / "panel.png").exists()
    assert "No sprites were held out" in second.out
    assert "on all" not in second.out
    assert "data.hold_out=0" in second.out.partition("twice as long")[0].splitlines()[-1]
    assert second.out.count("images by the end") == 1

    longer = command("train.py hydra.run.dir=all trainer.max_steps=12")
    assert longer.code == 0, longer
    assert "continues at step" in longer.out
    refused = command("sample.py run=all n=10 of=100 out=best")
    assert refused.code == 2
    assert "there are 0" in refused.err
    judged = command("report.py runs=[all] n=40 out=judged")
    assert judged.code == 0, judged
    found = json.loads((tmp_path / "judged" / "report.json").read_text())
    assert "samples/sprite_fd" in found
    assert not [key for key in found if ("told_apart" in key or "floor" in key) and found[key]]


def test_nobody_can_tell_apart_what_nobody_kept():
    data = ForgeData(n=N, hold_out=0)
    data.setup()
    judge = Judge.of(data, {}, 64)
    assert judge.told_apart(data.images(data.split["train"])) is None
    assert any("No real sprites were kept" in note for note in judge.notes)
    rates = judge.passport.base_rates
    assert rates["copy_rate"] < 0.1
    assert "held_out_combinations" not in data.validity(data.images(data.split["train"][:8]))


@pytest.mark.parametrize("more", ["", "trainer.max_time=null", "trainer.max_steps=-1"])
def test_how_long_must_be_typed(command, sprites, tmp_path, more):
    refused = command(words_of(f"{SMALL} data.hold_out=0 {more}", "run"))
    assert refused.code == 2
    assert "minutes=N or trainer.max_steps=N" in refused.err
    assert not (tmp_path / "run" / ".hydra").exists()
