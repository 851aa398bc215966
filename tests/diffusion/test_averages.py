"""Laws of the average of the weights."""

import math
import re

import pytest
import torch

from diffusion import averages as module
from diffusion.averages import MovingAverage
from diffusion.errors import UserError


def turning(angle, steps=400, sizes=((32, 32), (32, 48, 3, 3), (32,))):
    """Weights that keep their norm and turn by this angle a step."""
    generator = torch.Generator().manual_seed(0)
    one, other = ([torch.randn(size, generator=generator) for size in sizes] for _ in range(2))
    return [
        [
            math.cos(angle * n) * a + math.sin(angle * n) * b
            for a, b in zip(one, other, strict=True)
        ]
        for n in range(steps)
    ]


def averaged(rule, path):
    averages = [weight.clone() for weight in path[0]]
    for step, weights in enumerate(path[1:], start=1):
        rule.move(averages, weights, step)
        yield averages, weights


def test_weights_that_turn_at_full_rate_have_an_average_that_is_most_of_them():
    """As Muon turns them, 0.02 of their norm a step; of a window that is too long little is left,
    and such a network makes nearly empty sprites."""
    path = turning(angle=0.02, steps=1500)

    def left(rule):
        *_, (averages, weights) = averaged(rule, path)
        return [(a.norm() / w.norm()).item() for a, w in zip(averages, weights, strict=True)]

    assert max(left(MovingAverage(0.999))) < 0.4
    assert min(left(MovingAverage())) > 0.6


def test_until_its_decay_it_is_the_power_function_average_of_gamma_8():
    """Karras et al. 2024, equation 126: the weights of step n count as n^gamma."""
    numbers = torch.randn(300, generator=torch.Generator().manual_seed(0)).double()
    path = [[number.view(1)] for number in numbers]
    *_, ((average,), _) = averaged(MovingAverage(0.999), path)
    shares = (torch.arange(300).double() + 5.5) ** 8  # it lags behind their start by as much
    right = (shares * numbers).sum() / shares.sum()
    assert average.item() == pytest.approx(right.item(), abs=1e-4)


def test_the_docstring_says_when_the_decay_is_reached():
    decay, step = re.search(r"decay, ([\d.]+) at step ([\d,]+),", module.__doc__).groups()
    step = int(step.replace(",", ""))
    assert MovingAverage().decay == float(decay)
    kept = [(1 + n) / (10 + n) for n in (step - 1, step)]
    assert kept[0] < float(decay) <= kept[1]


@pytest.mark.parametrize("decay", [2.0, float("nan"), "0.9"])
def test_absurd_values_are_refused(decay):
    with pytest.raises(UserError, match="callbacks.ema"):
        MovingAverage(decay)
