"""Laws of predictions, weightings and the denoiser that joins them."""

import pytest
import torch
from test_schedules import SCHEDULES

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.predictions import Clean, Epsilon, Velocity
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.linear import Linear
from diffusion.schedules.wrappers import ZeroTerminal
from diffusion.weightings import MinSNR, Uniform

PREDICTIONS = [Epsilon(), Clean(), Velocity()]
every_prediction = pytest.mark.parametrize(
    "prediction", PREDICTIONS, ids=lambda p: type(p).__name__
)


def random_case(schedule, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    x0, eps = torch.randn(2, 64, 4, 5, 3, generator=generator, dtype=dtype)
    t = torch.linspace(1 / schedule.steps, 1, 64, dtype=dtype)
    alpha, sigma = (level.view(-1, 1, 1, 1) for level in schedule(t))
    return x0, eps, t, alpha, sigma


@every_prediction
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_target_and_to_clean_are_inverse(prediction, schedule):
    if schedule.reaches_zero_snr and isinstance(prediction, Epsilon):
        pytest.skip(
            "epsilon says nothing at zero SNR; the denoiser refuses the pair (tested below)"
        )
    x0, eps, _, alpha, sigma = random_case(schedule)
    target = prediction.target(x0, eps, alpha, sigma)
    torch.testing.assert_close(
        prediction.to_clean(target, alpha * x0 + sigma * eps, alpha, sigma), x0
    )


@every_prediction
def test_clean_scale_turns_target_errors_into_clean_errors(prediction):
    x0, eps, _, alpha, sigma = random_case(Cosine())
    target = prediction.target(x0, eps, alpha, sigma)
    wrong = target + 0.1 * torch.randn_like(target)
    clean = prediction.to_clean(wrong, alpha * x0 + sigma * eps, alpha, sigma)
    snr = (alpha / sigma) ** 2
    target_error = (wrong - target).square()
    torch.testing.assert_close((clean - x0).square(), target_error * prediction.clean_scale(snr))


class Oracle(torch.nn.Module):
    """A network that outputs a fixed tensor."""

    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, x_t, t, label=None):
        return self.output


@every_prediction
@pytest.mark.parametrize("weighting", [Uniform(), MinSNR()], ids=["uniform", "min_snr"])
def test_a_perfect_network_has_no_loss_and_returns_the_sprite(prediction, weighting):
    x0, eps, t, alpha, sigma = random_case(Cosine())
    network = Oracle(prediction.target(x0, eps, alpha, sigma))
    denoiser = Denoiser(network, Cosine(), prediction, weighting)
    assert denoiser.loss(x0, t, eps).max() < 1e-10
    clean = denoiser(alpha * x0 + sigma * eps, t)
    torch.testing.assert_close(clean, x0)


def test_min_snr_weighs_all_predictions_alike():
    """The same clean estimate costs the same, whatever the network was asked to output."""
    x0, eps, t, alpha, sigma = random_case(Linear())
    clean = x0 + 0.1
    costs = []
    for prediction in PREDICTIONS:
        x_t = alpha * x0 + sigma * eps
        output = prediction.target(clean, (x_t - alpha * clean) / sigma, alpha, sigma)
        denoiser = Denoiser(Oracle(output), Linear(), prediction, MinSNR(gamma=5))
        costs.append(denoiser.loss(x0, t, eps))
    snr = ((alpha / sigma) ** 2).flatten()
    for cost in costs:
        torch.testing.assert_close(cost, 0.01 * snr.clamp(max=5), rtol=1e-3, atol=1e-7)


def test_uniform_is_the_plain_error_of_the_target():
    x0, eps, t, alpha, sigma = random_case(Linear())
    denoiser = Denoiser(Oracle(eps + 0.5), Linear(), Epsilon(), Uniform())
    torch.testing.assert_close(denoiser.loss(x0, t, eps), torch.full((64,), 0.25).double())


def test_zero_terminal_refuses_epsilon():
    with pytest.raises(UserError, match="velocity"):
        Denoiser(torch.nn.Identity(), ZeroTerminal(Linear()), Epsilon(), Uniform())
    Denoiser(torch.nn.Identity(), ZeroTerminal(Linear()), Velocity(), Uniform())


def test_training_times_cover_every_part_of_the_range_once():
    denoiser = Denoiser(torch.nn.Identity(), Linear(), Epsilon(), Uniform())
    t = denoiser.training_times(64, torch.Generator().manual_seed(1))
    first = 1 / 1000
    strata = ((t - first) / (1 - first) * 64).floor()
    assert sorted(strata.tolist()) == list(range(64))
    assert strata.tolist() != sorted(strata.tolist())  # no sprite of a batch has its own level
    assert t.min() >= first
    assert t.max() <= 1


def test_min_snr_refuses_a_gamma_of_zero():
    with pytest.raises(UserError):
        MinSNR(gamma=0)
