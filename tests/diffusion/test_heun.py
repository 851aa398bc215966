"""Heun's method, the grid it comes with, and other names for samplers that exist."""

from itertools import pairwise

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from test_samplers import GaussianDenoiser, noise_of

from diffusion.commands.complaints import CONF
from diffusion.samplers.heun import Heun
from diffusion.schedules.base import GRIDS
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.linear import Linear

SCHEDULES = pytest.mark.parametrize("schedule", [Linear(), Cosine()], ids=["linear", "cosine"])


class Counting(GaussianDenoiser):
    asked = 0

    def __call__(self, *arguments):
        self.asked += 1
        return super().__call__(*arguments)


@SCHEDULES
@pytest.mark.parametrize("grid", GRIDS)
def test_the_error_falls_with_the_square_of_the_step(schedule, grid):
    """Without fresh noise the exact way of a Gaussian is known."""
    errors = []
    for n in (40, 80, 160):
        way = Heun(n, clip=False, grid=grid).trajectory(
            GaussianDenoiser(schedule, 0.0, 0.5), lambda _: torch.ones(1, 1, 1, 1).double()
        )
        alpha, sigma = schedule(torch.ones(1).double())
        level, x = next((level, x) for level, x, _ in way if level.t < 0.26)
        exact = ((level.alpha**2 / 4 + level.sigma**2) / (alpha**2 / 4 + sigma**2)) ** 0.5
        errors.append(abs(float(x) - float(exact)))
    assert all(3 < coarse / fine < 5.2 for coarse, fine in pairwise(errors)), errors


@SCHEDULES
def test_few_steps_return_the_gaussian(schedule):
    sprites = Heun(20, clip=False)(GaussianDenoiser(schedule, 0.3, 0.5), noise_of(16))
    assert sprites.mean() == pytest.approx(0.3, abs=0.03)
    assert sprites.std() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_a_sampler_says_how_often_it_asks(n):
    for name in ("heun", "ddim", "ddpm", "dpm_solver"):
        sampler, denoiser = named(name, steps=n), Counting(Cosine(), 0.3, 0.5)
        sampler(denoiser, noise_of(1))
        assert sampler.evaluations == denoiser.asked == (2 * n - 1 if name == "heun" else n)


def named(name, **values):
    """The sampler that `sampler=NAME` gives on the command line."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = [f"sampler={name}", *(f"sampler.{key}={value}" for key, value in values.items())]
        return instantiate(compose("train", words).sampler)


@pytest.mark.parametrize(
    ("name", "base"), [("euler_ancestral", "ddim"), ("dpmpp_2m_sde", "dpm_solver")]
)
def test_a_second_name_is_the_same_sampler(name, base):
    denoiser = GaussianDenoiser(Cosine(), 0.3, 0.5)
    samplers = named(name, steps=7), named(base, steps=7, eta=1.0)
    one, two = (sampler(denoiser, noise_of(2)) for sampler in samplers)
    assert torch.equal(one, two)


@SCHEDULES
def test_the_karras_grid_is_even_in_the_seventh_root_of_sigma(schedule):
    """Equation 5, in sigma / alpha, from the schedule's own ends, and then 0."""
    grid = schedule.grid(12, 1.0, "karras")
    assert (grid[0], grid[-1]) == (1, 0)
    assert float(grid[-2]) == pytest.approx(1 / schedule.steps)
    roots = torch.exp(-schedule.log_snr(grid[:-1]) / 2) ** (1 / 7)
    torch.testing.assert_close(roots.diff(), roots.diff().mean().expand(11), rtol=1e-4, atol=1e-6)
