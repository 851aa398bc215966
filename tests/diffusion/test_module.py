"""The learning rate as the module sets it: once a step, for all groups of weights."""

from types import SimpleNamespace

import pytest
import torch

from diffusion.module import DiffusionModule
from diffusion.pixels import PixelCodec


def test_the_budget_is_asked_once_a_step_for_all_groups(monkeypatch):
    """Between processes it is a message, which the device has to wait for."""
    shares = []

    def used(trainer):
        shares.append(len(shares) / 10)
        return shares[-1]

    monkeypatch.setattr("diffusion.module.budget_used", used)
    module = DiffusionModule(
        torch.nn.Identity(), PixelCodec(), None, lambda step, share: (step + 1) * (1 - share)
    )
    module._trainer = SimpleNamespace()
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = torch.optim.SGD([{"params": [weight]} for weight in weights], lr=1.0)
    schedule = module._with_rate(optimizer, speeds=(1.0, 2.0))["lr_scheduler"]["scheduler"]
    for step in range(4):
        rate = (step + 1) * (1 - step / 10)
        assert schedule.get_last_lr() == pytest.approx([rate, 2 * rate])
        assert len(shares) == step + 1
        optimizer.step()
        schedule.step()
