"""The averages that a run keeps, as its checkpoints hold them."""

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


def test_averages_stay_within_reach_of_fast_weights_also_when_the_run_goes_on(tmp_path):
    for steps in (10, 15):
        training.fit(tmp_path, *MUON, "callbacks.ema.reach=0.1", f"trainer.max_steps={steps}")
        assert gap(tmp_path) < 0.1 + 1e-4


def test_without_a_reach_nothing_holds_them(tmp_path):
    for steps in (10, 15):
        training.fit(tmp_path, *MUON, f"trainer.max_steps={steps}")
    assert gap(tmp_path) > 0.25
