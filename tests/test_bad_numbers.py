"""Numbers gone bad: training stops or goes back, and nothing bad is ever saved."""

import pytest
import torch
from chaos import equal
from small_checkpoints import step_of
from training import fit

from diffusion.errors import UserError
from diffusion.module import DiffusionModule
from diffusion.runs.checkpoint import read


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
    "options",
    [
        [],
        ["trainer.accumulate_grad_batches=2"],
        ["trainer.accumulate_grad_batches=2", "trainer.log_every_n_steps=3"],  # seen in mid-step
        ["callbacks.ema=null"],
    ],
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


def test_averages_are_never_saved_in_the_place_of_raw_weights(tmp_path):
    """`best.ckpt` is written while the network holds the averages, `last.ckpt` is not."""
    fit(tmp_path, "trainer.max_steps=10")
    best, last = (read(tmp_path / "checkpoints" / f"{name}.ckpt") for name in ("best", "last"))
    assert best["global_step"] == last["global_step"] == 10
    for part in ("state_dict", "current_model_state"):
        assert equal(best[part], last[part])
    assert not equal(last["state_dict"], last["current_model_state"])
