"""The averages that a run keeps, as its checkpoints hold them."""

import pytest
import training

from diffusion.runs.checkpoint import read

# every step forgets half of the weights, so that they move as far as they are large
MUON = ("optimizer=muon", "optimizer.lr=0.1", "optimizer.weight_decay=5", "learning_rate.final=1")


def gap(folder):
    """Largest distance of a weight in the last checkpoint from its average, over its norm."""
    saved = read(folder / "checkpoints" / "last.ckpt")
    pairs = [
        (average, saved["current_model_state"][name])
        for name, average in saved["state_dict"].items()
        if name.endswith("weight")
    ]
    return max(((average - raw).norm() / raw.norm()).item() for average, raw in pairs)


@pytest.mark.parametrize("average", [("callbacks.ema.reach=0.1",), ()], ids=["typed", "default"])
def test_averages_stay_within_reach_of_fast_weights_also_when_the_run_goes_on(tmp_path, average):
    reach = 0.1 if average else 0.2
    for steps in (10, 15):
        training.fit(tmp_path, *MUON, *average, f"trainer.max_steps={steps}")
        assert gap(tmp_path) < reach + 1e-4


def test_a_run_that_was_begun_without_a_bound_goes_on_without(tmp_path):
    for steps in (10, 15):
        training.fit(
            tmp_path, *MUON, "~callbacks.ema.reach", "callbacks.ema.decay=0.999",
            f"trainer.max_steps={steps}",
        )  # fmt: skip
    assert gap(tmp_path) > 0.25
