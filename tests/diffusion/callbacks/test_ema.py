"""The averages that a run keeps, as its checkpoints hold them."""

import torch
import training
from lightning import LightningModule

from diffusion.callbacks.ema import EMA
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


def test_the_average_follows_the_module_to_its_device():
    """At `setup` the module is on the host still, wherever it will be trained."""
    ema, module = EMA(), LightningModule()
    module.layer = torch.nn.Linear(2, 2)
    ema.setup(None, module, "fit")
    ema.on_fit_start(None, module.to("meta"))
    assert {weight.device.type for weight in ema.averaged.parameters()} == {"meta"}


def test_weights_that_are_one_stay_one(tmp_path):
    """A network may use one tensor twice; its average and the exchange treat it once."""
    ema, module = EMA(decay=0.5), LightningModule()
    module.first, module.second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    module.second.weight = module.first.weight
    ema.setup(None, module, "fit")
    old = module.first.weight.detach().clone()
    torch.nn.init.zeros_(module.first.weight)
    ema.on_validation_start(None, module)
    assert torch.equal(module.second.weight, old)
    ema.on_validation_end(None, module)
    assert not module.second.weight.any()
    assert ema.averaged.first.weight is ema.averaged.second.weight
