"""The averages that a run keeps, as its checkpoints hold them."""

import pytest
import torch
from lightning import LightningModule

from diffusion.callbacks.ema import EMA
from diffusion.errors import UserError


def test_the_bound_of_older_runs_is_no_more_than_a_word():
    assert EMA(decay=0.999, reach=None).average.decay == 0.999
    with pytest.raises(UserError, match="reach=0.1 is gone"):
        EMA(reach=0.1)


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
