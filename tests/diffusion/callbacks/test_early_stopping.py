"""A run that gets no better ends, stays ended, and goes on when it may wait longer."""

import json

import pytest
from conftest import QUICK
from parts import composed
from training import fit as fit_for_long

from diffusion.callbacks.early_stopping import EarlyStopping
from diffusion.clock import callback_of

STILL = "optimizer.lr=0"  # nothing is learned, and every validation draws equal noise
STOPPING = ("callbacks=[default,early_stopping]", "callbacks.early_stopping.monitor=val/loss")
WORDS = (STILL, *STOPPING, "callbacks.early_stopping.patience=2")
LONG = "trainer.max_steps=100"


def fit(folder, *words):
    """A training that is measured every three steps."""
    return fit_for_long(folder, "trainer.val_check_interval=3", *words)


def test_it_stops_after_so_many_validations_without_a_better_one(tmp_path):
    trainer = fit(tmp_path, *WORDS, LONG)
    assert trainer.global_step == 9  # the first validation of three steps is the best
    assert callback_of(trainer, EarlyStopping).reason.endswith(" in 2 validations")


def test_a_run_that_learns_goes_on(tmp_path):
    trainer = fit(tmp_path, *WORDS[1:], "trainer.max_steps=12")
    assert trainer.global_step == 12
    assert callback_of(trainer, EarlyStopping).reason == ""


def test_what_it_has_waited_is_in_the_checkpoint(tmp_path):
    assert fit(tmp_path, *WORDS, "trainer.max_steps=8").global_step == 8
    assert fit(tmp_path, *WORDS, LONG).global_step == 9


def test_a_stopped_run_stays_stopped_until_it_may_wait_longer(tmp_path):
    fit(tmp_path, *WORDS, LONG)
    assert fit(tmp_path, *WORDS, LONG).global_step == 9
    assert fit(tmp_path, *WORDS, "callbacks.early_stopping.patience=4", LONG).global_step == 15


@pytest.mark.parametrize(("word", "step"), [("mode=max", 9), ("min_delta=100", 9)])
def test_better_is_what_the_configuration_says(tmp_path, word, step):
    """The loss of a network that learns never rises above the first, nor falls by a hundred."""
    words = (*WORDS[1:], f"callbacks.early_stopping.{word}")
    assert fit(tmp_path, *words, LONG).global_step == step


def test_alone_it_is_the_list_and_averages_stay():
    alone = composed("callbacks=early_stopping").callbacks
    assert alone == composed("callbacks=[default,early_stopping]").callbacks
    assert {k: v for k, v in alone.items() if k != "early_stopping"} == composed().callbacks


def test_the_run_is_finished_and_says_why(command, tmp_path):
    line = f"{QUICK} {' '.join(WORDS)} {LONG} hydra.run.dir=run"
    first = command(line)
    assert "stopped at step 9: val/loss got no better than" in first.out
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["status"], summary["step"]) == ("finished", 9)
    assert f": {summary['reason']}\n" in first.out
    again = command("train.py hydra.run.dir=run").out
    assert f"run is finished ({summary['reason']}); raise its callbacks.early_st" in again

    (tmp_path / "run" / "summary.json").unlink()  # as if it had been killed while it closed
    closed = command("train.py hydra.run.dir=run")
    assert closed.code == 0, closed
    assert (
        json.loads((tmp_path / "run" / "summary.json").read_text())["reason"] == summary["reason"]
    )
    longer = command("train.py hydra.run.dir=run callbacks.early_stopping.patience=3")
    assert "continues at step 9" in longer.out
    assert "stopped at step 12" in longer.out
    whole = command("train.py hydra.run.dir=run callbacks=default trainer.max_steps=14")
    assert whole.code == 0, whole
    assert whole.err == ""
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert ("reason" in summary, summary["step"]) == (False, 14)
