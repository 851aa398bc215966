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


def gap(averages, weights):
    """Largest distance of a tensor from its average, as a share of its norm."""
    return max(((a - w).norm() / w.norm()).item() for a, w in zip(averages, weights, strict=True))


def test_no_tensor_is_ever_further_from_its_average_than_the_reach():
    path = turning(angle=0.2)
    assert max(gap(*pair) for pair in averaged(MovingAverage(0.999), path)) > 0.5
    bound = MovingAverage(0.999, reach=0.1)
    assert max(gap(*pair) for pair in averaged(bound, path)) < 0.1 + 1e-5


def test_weights_that_move_little_are_averaged_as_without_a_bound():
    path = turning(angle=1e-4)
    pairs = (averaged(MovingAverage(0.999, reach), path) for reach in (None, 0.1))
    for (free, _), (bound, _) in zip(*pairs, strict=True):
        for one, other in zip(free, bound, strict=True):
            torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


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


def test_weights_of_zero_are_followed_exactly():
    path = [[torch.zeros(4)]] * 3
    for (average,), _ in averaged(MovingAverage(0.999, reach=0.1), path):
        assert torch.equal(average, torch.zeros(4))


@pytest.mark.parametrize(
    "values", [{"decay": 2.0}, {"decay": float("nan")}, {"reach": 0.0}, {"reach": "far"}]
)
def test_absurd_values_are_refused(values):
    with pytest.raises(UserError, match="callbacks.ema"):
        MovingAverage(**values)
