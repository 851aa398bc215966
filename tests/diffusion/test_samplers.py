"""Laws of samplers, with denoisers known in closed form."""

from itertools import pairwise

import pytest
import torch
from test_schedules import SCHEDULES

from diffusion.errors import UserError
from diffusion.noise import ImageNoise
from diffusion.samplers.base import Level, Origin
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.linear import Linear

GRIDS = pytest.mark.parametrize("grid", ["time", "log_snr"])


class GaussianDenoiser:
    """The exact denoiser of pixels that are independent N(mean, std^2)."""

    def __init__(self, schedule, mean, std):
        self.schedule, self.mean, self.std = schedule, mean, std

    def __call__(self, x_t, t, label=None):
        alpha, sigma = (level.view(-1, 1, 1, 1) for level in self.schedule(t))
        gain = alpha * self.std**2 / (alpha**2 * self.std**2 + sigma**2)
        return self.mean + gain * (x_t - alpha * self.mean)


class PointDenoiser:
    """The exact denoiser of a data set of one sprite."""

    def __init__(self, schedule, sprite):
        self.schedule, self.sprite = schedule, sprite

    def __call__(self, x_t, t, label=None):
        return self.sprite.expand_as(x_t)


def noise_of(n, shape=(1, 16, 16), dtype=torch.float64):
    generators = {}

    def draw(k):
        generators[k] = torch.Generator().manual_seed(k)
        return torch.randn(n, *shape, generator=generators[k], dtype=dtype)

    return draw


ALL = {
    "ddim": lambda n: DDIM(n, clip=False),
    "ddim_half": lambda n: DDIM(n, eta=0.5, clip=False),
    "ddim_one": lambda n: DDIM(n, eta=1.0, clip=False),
    "dpm_solver": lambda n: DPMSolver(n, clip=False),
    "dpm_solver_ode": lambda n: DPMSolver(n, eta=0.0, clip=False, grid="time"),
    "ddpm_posterior": lambda n: DDPM(n, clip=False),
    "ddpm_beta": lambda n: DDPM(n, variance="beta", clip=False),
}


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
@pytest.mark.parametrize("name", ["linear", "cosine", "sigmoid", "zero_terminal"])
def test_all_steps_return_the_gaussian(make, name):
    denoiser = GaussianDenoiser(SCHEDULES[name], mean=0.3, std=0.5)
    sprites = make(1000)(denoiser, noise_of(16))
    assert sprites.mean() == pytest.approx(0.3, abs=0.03)
    assert sprites.std() == pytest.approx(0.5, abs=0.03)


@GRIDS
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("schedule", [Linear(), Cosine()], ids=["linear", "cosine"])
@pytest.mark.parametrize(("sampler", "order"), [(DDIM, 1), (DPMSolver, 2)])
def test_the_error_falls_at_the_order_of_the_sampler(sampler, order, schedule, eta, grid):
    """With twice the steps the error of the variance falls to 2^-order, with fresh noise too.

    Gaussian data make every sampler linear in its draws. Here each draw has a pixel of its own, so
    the squares of the pixels add up to the exact variance, and nothing is left to chance. It is
    taken at t = 1/4 or just above, before the last step, which ends on the clean estimate.
    """
    errors = []
    for n in (160, 320, 640):
        denoiser = GaussianDenoiser(schedule, mean=0.0, std=0.5)
        way = sampler(n, eta=eta, clip=False, grid=grid)
        draws = torch.eye(n + 1, dtype=torch.float64)
        alpha, sigma = schedule(torch.ones(1).double())
        draws[0] *= (alpha**2 * 0.25 + sigma**2).sqrt()
        trajectory = way.trajectory(denoiser, lambda k, draws=draws: draws[k].view(1, 1, 1, -1))
        level, x = next((level, x) for level, x, _ in trajectory if level.t < 0.26)
        errors.append(abs(float(x.square().sum()) - level.alpha**2 * 0.25 - level.sigma**2))
    for coarse, fine in pairwise(errors):
        assert 0.75 * 2**order < coarse / fine < 1.3 * 2**order


def test_the_solver_foresees_the_middle_of_a_step_of_any_length():
    """Of estimates that are linear in log(alpha / sigma), that is what the step uses."""

    def level(half_log_snr):
        alpha_bar = torch.sigmoid(torch.tensor(2 * half_log_snr).double())
        return Level(0.5, float(alpha_bar.sqrt()), float((1 - alpha_bar).sqrt()))

    before, now, nxt = (level(place) for place in (-1.0, 0.5, 1.1))
    found = DPMSolver(5).foresee(torch.tensor(0.5), now, nxt, [(before, torch.tensor(-1.0))])
    assert float(found) == pytest.approx((0.5 + 1.1) / 2)


@pytest.mark.parametrize("n", [1, 7, 50, 1000])
def test_ddim_with_eta_one_is_ddpm(n):
    denoiser = GaussianDenoiser(Cosine(), 0.3, 0.5)
    ddim = DDIM(n, eta=1.0, clip=False)(denoiser, noise_of(2))
    ddpm = DDPM(n, clip=False)(denoiser, noise_of(2))
    torch.testing.assert_close(ddim, ddpm)


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
@pytest.mark.parametrize("n", [1, 2, 3, 7, 30, 60, 333, 999, 1000])
def test_every_number_of_steps_ends_on_the_only_sprite(make, n):
    sprite = torch.linspace(-1, 1, 256).view(1, 1, 16, 16).double()
    sprites = make(n)(PointDenoiser(Linear(), sprite), noise_of(3))
    torch.testing.assert_close(sprites, sprite.expand_as(sprites))


def test_a_trajectory_has_one_entry_per_step_and_falls_to_zero():
    denoiser = GaussianDenoiser(Linear(), 0.0, 0.5)
    way = list(DDIM(7).trajectory(denoiser, noise_of(2)))
    times = [level.t for level, _, _ in way]
    assert len(way) == 7
    assert times == sorted(times, reverse=True)
    assert times[-1] == 0


@GRIDS
@pytest.mark.parametrize("sampler", [DDIM, DDPM, DPMSolver])
def test_the_levels_are_those_of_the_grid(sampler, grid):
    sprite = torch.full((1, 16, 16), 0.5).double()
    for origin, start in ((None, 1.0), (Origin(sprite, 0.4), 0.4)):
        levels, x = sampler(12, grid=grid).start(Cosine(), noise_of(1)(0), origin)
        times = torch.tensor([level.t for level in levels]).double()
        torch.testing.assert_close(times, Cosine().grid(12, start, grid))
        mean = 0.5 * levels[0].alpha if origin else 0.0
        assert float(x.mean()) == pytest.approx(mean, abs=4 / 16)


@pytest.mark.parametrize("origin", [None, Origin(torch.zeros(1, 16, 16), 0.6)])
def test_a_sprite_is_the_same_alone_and_in_a_batch(origin):
    """Also where fresh noise and the estimate of the step before come in."""
    denoiser = GaussianDenoiser(Cosine(), 0.3, 0.5)
    draws = [ImageNoise(5, indices, (1, 16, 16)) for indices in (range(7), [4])]
    together, alone = (DPMSolver(10)(denoiser, noise, origin=origin) for noise in draws)
    torch.testing.assert_close(together[4:5], alone)
    assert not torch.allclose(together[3:4], alone, atol=0.1)


def test_clipping_keeps_clean_estimates_in_range():
    denoiser = GaussianDenoiser(Linear(), 3.0, 0.1)
    assert DDIM(10)(denoiser, noise_of(2)).max() <= 1
    assert DDIM(10, clip=False)(denoiser, noise_of(2)).max() > 1


def test_ddim_draws_no_noise_without_eta():
    drawn = []

    def noise(k):
        drawn.append(k)
        return torch.zeros(1, 1, 2, 2)

    DDIM(5)(GaussianDenoiser(Linear(), 0.0, 1.0), noise)
    assert drawn == [0]


def test_one_ddpm_step_equals_the_paper():
    """Equation 7 of DDPM with its own symbols."""
    alpha_bar, alpha_bar_before = 0.5, 0.7
    beta = 1 - alpha_bar / alpha_bar_before
    x_t, x0 = torch.tensor(0.4), torch.tensor(-0.2)
    mean = (alpha_bar_before**0.5 * beta / (1 - alpha_bar)) * x0 + (
        (1 - beta) ** 0.5 * (1 - alpha_bar_before) / (1 - alpha_bar)
    ) * x_t
    variance = (1 - alpha_bar_before) / (1 - alpha_bar) * beta
    now = Level(0.5, alpha_bar**0.5, (1 - alpha_bar) ** 0.5)
    nxt = Level(0.4, alpha_bar_before**0.5, (1 - alpha_bar_before) ** 0.5)
    for variance_name, expected in (("posterior", variance), ("beta", beta)):
        step = DDPM(10, variance_name).step(x_t, x0, now, nxt, lambda: torch.tensor(1.0))
        torch.testing.assert_close(step, mean + expected**0.5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: DDIM(0),
        lambda: DDPM(-1),
        lambda: DDIM(5, eta=1.5),
        lambda: DDPM(5, "small"),
        lambda: DPMSolver(5, grid="sigma"),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(UserError):
        make()


def test_more_steps_than_levels_are_refused():
    with pytest.raises(UserError, match="schedule.steps=1000"):
        DDIM(1001)(GaussianDenoiser(Linear(), 0.0, 1.0), noise_of(1))
