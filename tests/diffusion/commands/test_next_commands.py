"""What the end of a run offers to type can be typed, and is what it says."""

import re
from types import SimpleNamespace

import pytest

from diffusion.commands import next_commands as offered

FILE = {"path": "a.npz", "hold_out": 0.2}
SUMMARY = {"step": 100, "progress/images": 6400, "train/images_per_second": 16.0}
WORDS = ["data=array", "data.path='a.npz'", "trainer.max_steps=100", "++data.hold_out=0.1"]


def trainings(tmp_path, monkeypatch, words=(), longer=False, unseen=2, train=8, **changed):
    (tmp_path / "checkpoints").mkdir(exist_ok=True)
    (tmp_path / "checkpoints" / "best.ckpt").touch()
    monkeypatch.setattr(offered, "read", lambda _: {"global_step": 50})
    config = {"data": FILE, "callbacks": {}, "teacher": None} | changed.pop("config", {})
    data = SimpleNamespace(
        split={"train": range(train), "val": range(unseen), "test": range(unseen)},
        called=lambda row: "Bob",
        attribute_names={},
    )
    run = SimpleNamespace(path=tmp_path, config=config)
    found = offered.next_commands(run, SUMMARY | changed, data, [*WORDS, *words], longer)
    return [each for each in found if each.startswith("train.py")]


def test_one_is_on_all_and_one_twice_as_long(tmp_path, monkeypatch):
    longer, whole = trainings(tmp_path, monkeypatch, longer=True)
    assert whole == (
        "train.py data=array data.path=a.npz trainer.max_steps=50 data.hold_out=0"
        "   # on all 12, about 3 min"
    )
    assert longer == (
        "train.py data=array data.path=a.npz ++data.hold_out=0.1 trainer.max_steps=200"
        "   # twice as long, about 13 min"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"words": ["sweep=schedules"], "longer": True},
        {"config": {"data": FILE | {"n_train": 5}}},
        {"config": {"data": {"n": 4000}}},
        {"config": {"teacher": "runs/teacher"}},
        {"config": {"callbacks": {"early_stopping": {"monitor": "val/loss"}}}},
        {"unseen": 0},
        {"unseen": 0, "longer": True, "reason": "got no better"},
    ],
)
def test_none_is_offered_that_would_be_refused_or_untrue(changed, tmp_path, monkeypatch):
    assert trainings(tmp_path, monkeypatch, **changed) == []


@pytest.mark.parametrize(
    ("model", "train", "often", "offered"),
    [
        ({"classes": True, "dropout": 0.0}, 8, 75, "0.2"),
        ({"classes": True, "dropout": 0.0}, 499, 75, "0.2"),
        ({"classes": True, "dropout": 0.0}, 500, 75, "0.1"),
        ({"classes": "attributes", "dropout": 0.0}, 500, 75, "0.1"),
        ({"classes": True, "dropout": 0.0}, 8, 50, None),
        ({"classes": False, "dropout": 0.0}, 8, 75, None),
        ({"classes": True, "dropout": 0.2}, 8, 75, None),
        ({"classes": True}, 8, 75, None),
    ],
)
def test_a_long_training_of_a_network_that_is_told_something_is_offered_dropout(
    model, train, often, offered, tmp_path, monkeypatch
):
    changed = {"progress/images": float(often * train), "config": {"model": model}}
    longer, whole = trainings(tmp_path, monkeypatch, longer=True, train=train, **changed)
    assert re.findall(r"model\.dropout=(\S+)", longer) == [offered] * (offered is not None)
    assert "dropout" not in whole
