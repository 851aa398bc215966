"""Muon: matrices move by orthogonal steps, everything else as under AdamW."""

import copy
import io
import math
import re

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from diffusion.bfloat16 import multiplied_natively
from diffusion.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(2, 32, 32), (3, 24, 96), (1, 96, 24)])
def test_orthogonal_keeps_the_directions_and_evens_the_lengths(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    inner = u.mT @ orthogonal(matrices).double() @ v.mT  # diagonal if the directions were kept
    lengths = inner.diagonal(dim1=1, dim2=2)
    assert ((lengths > 0.5) & (lengths < 1.3)).all()
    assert (inner - torch.diag_embed(lengths)).abs().max() < 0.1


def test_singular_values_end_where_the_docstring_says():
    least, lowest, highest = map(
        float,
        re.search(
            r"value of ([\d.]+) to 1 times the norm into ([\d.]+)\.\.([\d.]+),", orthogonal.__doc__
        ).groups(),
    )
    one = torch.logspace(math.log10(least), math.log10(0.5**0.5), 5000, dtype=torch.float64)
    values = torch.stack([one, (1 - one**2).sqrt()], dim=1).float()
    ends = orthogonal(torch.diag_embed(values)).float().diagonal(dim1=1, dim2=2)
    rounding = 0.02 if multiplied_natively(torch.device("cpu")) else 1e-4
    assert lowest - rounding < ends.min() < lowest + 0.01 + rounding
    assert highest - 0.01 - rounding < ends.max() < highest + rounding


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_layout_of_memory_changes_nothing(layout):
    moved = []
    for format_ in (torch.contiguous_format, layout):
        weight = nn.Parameter(torch.zeros(32, 20, 3, 3).to(memory_format=format_))
        gradient = torch.randn(32, 20, 3, 3, generator=torch.Generator().manual_seed(0))
        weight.grad = gradient.to(memory_format=format_)
        Muon([weight], lr=0.1).step()
        moved.append(weight.detach())
    assert torch.equal(*moved)
    agreement = (moved[0] * gradient).sum() / moved[0].norm() / gradient.norm()
    assert agreement < -0.9  # downhill, with every weight where its gradient is


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(4, 32, 3), nn.SiLU(), nn.Conv2d(32, 4, 1), nn.Flatten(1))


def learn(model, optimizer, steps):
    x = torch.randn(8, 4, 5, 5, generator=torch.Generator().manual_seed(1))
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()


def test_a_step_on_a_matrix_does_not_know_the_scale_of_its_gradient():
    moved = []
    for scale in (1.0, 1024.0):  # a power of two is exact in bfloat16
        weight = nn.Parameter(torch.zeros(32, 64))
        gradient = torch.randn(32, 64, generator=torch.Generator().manual_seed(0))
        weight.grad = scale * gradient
        Muon([weight], lr=0.1).step()
        moved.append(weight.detach())
    assert torch.equal(*moved)
    assert moved[0].square().mean().sqrt() == pytest.approx(0.1 * 0.2, rel=0.15)


def test_small_weights_learn_as_under_adamw():
    settings = {"lr": 0.01, "betas": (0.9, 0.99), "weight_decay": 0.1}
    ours = nn.Sequential(nn.Conv2d(4, 8, 3), nn.SiLU(), nn.Conv2d(8, 4, 1), nn.Flatten(1))
    theirs = copy.deepcopy(ours)
    learn(ours, Muon(ours.parameters(), **settings), 5)
    learn(theirs, torch.optim.AdamW(theirs.parameters(), **settings), 5)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_a_weight_without_a_gradient_waits():
    """Each weight counts its own steps, as under AdamW."""
    settings = {"lr": 0.01, "betas": (0.9, 0.99), "weight_decay": 0.1}
    ours, theirs = ([nn.Parameter(torch.ones(3, k)) for k in (4, 5)] for _ in range(2))
    generator = torch.Generator().manual_seed(0)
    optimizers = Muon(ours, **settings), torch.optim.AdamW(theirs, **settings)
    for step in range(6):
        for k, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            gradient = torch.randn(mine.shape, generator=generator)
            mine.grad = other.grad = None if (step + k) % 3 == 0 else gradient
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=3e-7)


def test_a_continued_run_has_the_same_bits():
    whole = network()
    learn(whole, Muon(whole.parameters()), 6)
    parts = network()
    first = Muon(parts.parameters())
    learn(parts, first, 2)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second = Muon(parts.parameters())
    second.load_state_dict(torch.load(file, weights_only=True))
    learn(parts, second, 4)
    for once, twice in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(once, twice)


def test_it_lowers_the_loss():
    model = network()
    x = torch.randn(8, 4, 5, 5, generator=torch.Generator().manual_seed(1))
    before = model(x).square().mean().item()
    learn(model, Muon(model.parameters(), lr=0.02), 40)
    assert model(x).square().mean().item() < 0.2 * before


def test_a_rate_below_zero_is_refused():
    with pytest.raises(ValueError, match="lr=-1"):
        Muon(network().parameters(), lr=-1)


def test_its_state_is_plain_whatever_list_the_settings_came_in():
    betas = OmegaConf.create({"betas": [0.9, 0.99]}).betas
    (group,) = Muon([nn.Parameter(torch.zeros(3))], betas=betas).state_dict()["param_groups"]
    assert type(group["betas"]) is tuple
