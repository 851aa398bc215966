"""Attributes that are asked for: any of them, each with a guidance of its own."""

import pytest
import torch

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.models.unet import UNet
from diffusion.predictions import Velocity
from diffusion.schedules.linear import Linear
from diffusion.steering.asked import Asked
from diffusion.weightings import Uniform

X, T = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(0)), torch.full((3,), 0.5)


@pytest.fixture
def denoiser():
    torch.manual_seed(0)
    model = UNet(4, classes=[3, 5, 2], widths=(32,), blocks=1).eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.1)  # it begins with an answer of zeros
    return Denoiser(model.requires_grad_(False), Linear(), Velocity(), Uniform())


def told(denoiser, *row):
    return denoiser.output(X, T, torch.tensor([row] * 3))


def asked(denoiser, wanted):
    return Asked(denoiser, wanted).output(X, T)


def test_without_guidance_it_is_the_network_told_all_to_the_bit(denoiser):
    assert asked(denoiser, {0: (2, 1.0), 2: (1, 1.0)}).equal(told(denoiser, 2, -1, 1))


def test_one_guidance_for_all_is_that_of_all_as_one_condition(denoiser):
    none, both = told(denoiser, -1, -1, -1), told(denoiser, 2, -1, 1)
    found = asked(denoiser, {0: (2, 2.5), 2: (1, 2.5)})
    torch.testing.assert_close(found, none + 2.5 * (both - none))


def test_each_has_its_own_guidance_on_top_of_those_with_less(denoiser):
    none, weak, both = (told(denoiser, *row) for row in [(-1,) * 3, (2, -1, -1), (2, 4, -1)])
    found = asked(denoiser, {1: (4, 3.0), 0: (2, 1.5)})
    torch.testing.assert_close(found, none + 1.5 * (weak - none) + 3 * (both - weak))


def test_what_is_asked_for_with_no_guidance_is_not_told(denoiser):
    torch.testing.assert_close(asked(denoiser, {0: (2, 0.0)}), told(denoiser, -1, -1, -1))
    torch.testing.assert_close(
        asked(denoiser, {0: (2, 0.0), 1: (3, 1.0)}) + told(denoiser, 2, -1, -1),
        told(denoiser, -1, -1, -1) + told(denoiser, 2, 3, -1),
    )


def test_a_call_asks_no_more_often_than_guidances_differ(denoiser):
    rows = []
    denoiser.model.register_forward_hook(lambda _, given, __: rows.append(len(given[0])))
    for wanted, times in (
        ({0: (0, 1.0), 1: (0, 1.0)}, 1),
        ({0: (0, 2.0), 1: (0, 2.0)}, 2),
        ({0: (0, 1.0), 1: (0, 2.0)}, 2),
        ({0: (0, 3.0), 1: (0, 2.0)}, 3),
    ):
        asked(denoiser, wanted)
        assert rows.pop() == 3 * times


@pytest.mark.parametrize("scale", [-1, float("nan"), float("inf"), "2", True])
def test_a_guidance_is_a_number(denoiser, scale):
    with pytest.raises(UserError, match="guidance="):
        Asked(denoiser, {0: (1, scale)})


def test_every_attribute_is_heard_and_a_label_is_none(denoiser):
    none = denoiser.output(X, T)
    assert none.equal(told(denoiser, -1, -1, -1))
    assert none.equal(denoiser.output(X, T, torch.tensor([1, 0, 1])))
    answers = [none, *(told(denoiser, *row) for row in torch.eye(3).long().sub(1).tolist())]
    for k, one in enumerate(answers):
        for other in answers[k + 1 :]:
            assert (one - other).abs().max() > 1e-3


def test_what_is_told_anyway_counts_as_much_as_the_network_believes(denoiser):
    anyway = torch.tensor([[0, 4, -1]] * 3)
    none, drawn, all_told = (told(denoiser, *row) for row in [(-1,) * 3, (-1, 4, -1), (2, 4, -1)])
    found = Asked(denoiser, {0: (2, 3.0)}).output(X, T, anyway)
    torch.testing.assert_close(found, none + (drawn - none) + 3 * (all_told - drawn))
    assert Asked(denoiser, {0: (2, 1.0)}).output(X, T, anyway).equal(all_told)
