"""The learning rate as the module sets it: once a step, for all groups of weights."""

from types import SimpleNamespace

import pytest
import torch

from diffusion.denoiser import Denoiser
from diffusion.models.unet import UNet
from diffusion.module import DiffusionModule
from diffusion.pixels import PixelCodec
from diffusion.predictions import Velocity
from diffusion.schedules.linear import Linear
from diffusion.weightings import Uniform


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


def test_any_attribute_is_told_by_itself_and_none_more_often_than_chance_has_it():
    n, drop, known = 4096, 0.2, torch.zeros(4096, 10, dtype=torch.int64)
    known[:, 3] = -1  # of no sprite it is known
    network = UNet(1, classes=[2] * 10, widths=(32,))
    denoiser = Denoiser(network, Linear(), Velocity(), Uniform())
    module = DiffusionModule(denoiser, PixelCodec(), None, None, label_drop=drop)
    module._trainer = SimpleNamespace(world_size=1, global_rank=0)
    batch = {"image": torch.zeros(n, 1, 2, 2, dtype=torch.uint8), "attributes": known}
    *_, label = module._draw(batch, torch.Generator().manual_seed(0), training=True)
    told = (label >= 0).sum(1)
    assert (label[:, 3] < 0).all()
    for count in range(10):  # of nine: equally often any number, and none a share more
        share = (1 - drop) / 10 + (drop if count == 0 else 0)
        assert (told == count).float().mean().item() == pytest.approx(share, abs=0.02)
    alone = (label[told == 1] >= 0).sum(0)
    assert (alone[torch.arange(10) != 3] > 10).all()
    *_, label = module._draw(batch, torch.Generator().manual_seed(0), training=False)
    assert label.equal(known)
