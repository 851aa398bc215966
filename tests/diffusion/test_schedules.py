"""Noise schedules: each equals its formula, and what they all share."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from laws import LAWS, TIMES
from parts import names, part

from diffusion.errors import UserError
from diffusion.schedules.base import GRIDS
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.laplace import Laplace
from diffusion.schedules.linear import Linear
from diffusion.schedules.sigmoid import Sigmoid
from diffusion.schedules.wrappers import Shifted, ZeroTerminal

HAND_MADE = {
    "linear_course": Linear(500, 1.398e-4, 0.02),
    "linear_steep": Linear(100, 1e-4, 0.5),
    "zero_terminal_linear": ZeroTerminal(Linear()),
    "zero_terminal_shifted": ZeroTerminal(Shifted(Sigmoid(), -0.5)),
}
SCHEDULES = {name: part("schedule", name)() for name in names("schedule")} | HAND_MADE
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


@pytest.mark.parametrize("law", LAWS["schedule"])
@pytest.mark.parametrize("schedule", HAND_MADE.values(), ids=HAND_MADE)
def test_one_made_by_hand_keeps_the_laws_too(schedule, law):
    law(lambda: schedule)


def test_zero_terminal_ends_in_pure_noise():
    for name in ("zero_terminal", "zero_terminal_linear", "zero_terminal_shifted"):
        alpha, sigma = SCHEDULES[name](TIMES[-1:])
        assert (alpha, sigma) == (0, 1)
        assert SCHEDULES[name].reaches_zero_snr


@given(
    steps=st.integers(1, 1500),
    start=st.floats(1e-6, 1e-2),
    end=st.floats(1e-2, 0.3),
)
def test_linear_is_the_exact_table(steps, start, end):
    table = np.cumprod(1 - np.linspace(start, end, steps, dtype=np.float64))
    times = torch.arange(1, steps + 1, dtype=torch.float64) / steps
    ours = Linear(steps, start, end).alpha_bar(times).numpy()
    np.testing.assert_allclose(ours, table, rtol=1e-9)


def test_linear_is_log_linear_between_levels():
    schedule = Linear(10)
    at = schedule.alpha_bar(torch.tensor([0.3, 0.325, 0.35, 0.4], dtype=torch.float64)).log()
    torch.testing.assert_close(at[2], (at[0] + at[3]) / 2)
    torch.testing.assert_close(at[1], 0.75 * at[0] + 0.25 * at[3])


def test_cosine_equals_its_formula():
    t = TIMES[:-1].numpy()
    expected = (
        np.cos((t + 0.008) / 1.008 * np.pi / 2) ** 2 / np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    )
    np.testing.assert_allclose(Cosine().alpha_bar(TIMES[:-1]).numpy(), expected, rtol=1e-12)


def test_laplace_log_snr_has_laplace_quantiles():
    schedule = Laplace(mean=0.7, scale=1.3)
    log_snr = schedule.log_snr(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64))
    expected = torch.tensor([0.7 + 1.3 * math.log(2), 0.7, 0.7 - 1.3 * math.log(2)]).double()
    torch.testing.assert_close(log_snr, expected, rtol=1e-6, atol=1e-6)


def test_shift_moves_log_snr_by_its_amount():
    inner = TIMES[1:900]
    moved = Shifted(Cosine(), -1.0).log_snr(inner)
    torch.testing.assert_close(moved, Cosine().log_snr(inner) - 1)


@every_schedule
@pytest.mark.parametrize("start", [1.0, 0.9995, 0.5, 0.03])
def test_a_grid_even_in_log_snr_falls_in_equal_parts_to_the_first_level(schedule, start):
    for n in (1, 2, 3, 10, 47, schedule.steps):
        grid = schedule.grid(n, start, "log_snr")
        assert grid[0] == start
        assert grid[-1] == 0
        assert (grid.diff() < 0).all()
        assert grid[-2] >= 1 / schedule.steps
        log_snr = schedule.log_snr(grid).clamp(min=-10.2)
        log_snr[-1] = schedule.log_snr(torch.tensor(1 / schedule.steps).double())
        parts = log_snr.diff()
        torch.testing.assert_close(parts, parts.mean().expand_as(parts), rtol=1e-6, atol=1e-6)


@every_schedule
def test_a_later_start_takes_the_steps_below_it_of_either_grid(schedule):
    for spread in GRIDS:
        whole = schedule.grid(20, spread=spread)
        for start in (1 / schedule.steps, 0.04, 0.31, 0.5, 0.99):
            steps = len(schedule.grid(20, start, spread)) - 1
            assert steps == max(1, int((whole[:-1] <= start).sum()))
        assert torch.equal(schedule.grid(20, 1.0, spread), whole)
        torch.testing.assert_close(schedule.grid(20, float(whole[3]), spread), whole[3:])


@pytest.mark.parametrize("n", [0, -1, 1001])
def test_a_grid_outside_the_levels_is_refused(n):
    with pytest.raises(UserError, match="between 1 and"):
        Linear().grid(n)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Linear(0),
        lambda: Linear(beta_start=0.5, beta_end=0.1),
        lambda: Linear(beta_end=1.0),
        lambda: Sigmoid(start=1, end=1),
        lambda: Laplace(scale=0),
    ],
)
def test_impossible_numbers_are_refused(make):
    with pytest.raises(UserError):
        make()


def test_float32_times_give_float32_levels_near_the_exact_ones():
    for schedule in SCHEDULES.values():
        alpha, sigma = schedule(TIMES.float())
        assert alpha.dtype == sigma.dtype == torch.float32
        exact = schedule(TIMES.float().double())
        torch.testing.assert_close(sigma.double(), exact[1], rtol=1e-6, atol=1e-7)
