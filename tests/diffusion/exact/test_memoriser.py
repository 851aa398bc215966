"""Laws of the denoiser that knows its sprites by heart."""

import numpy as np
import pytest
import torch
from randomsprites import sprites

from diffusion.denoiser import Denoiser
from diffusion.exact import memoriser as posterior_denoiser
from diffusion.exact.memoriser import PosteriorDenoiser, memoriser
from diffusion.exact.posterior import Posterior
from diffusion.models.unet import UNet
from diffusion.noise import ImageNoise
from diffusion.pixels import PixelCodec
from diffusion.predictions import Clean, Epsilon, Velocity
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.laplace import Laplace
from diffusion.schedules.linear import Linear
from diffusion.schedules.sigmoid import Sigmoid
from diffusion.schedules.wrappers import ZeroTerminal
from diffusion.weightings import MinSNR

CLEAN = sprites(30)


@pytest.mark.parametrize("sampler", [DDIM, DDPM, DPMSolver])
@pytest.mark.parametrize(
    "schedule",
    [Linear(), Cosine(200), Sigmoid(200), Laplace(200), ZeroTerminal(Linear(200))],
    ids=["linear", "cosine", "sigmoid", "laplace", "zero_terminal"],
)
def test_every_sampler_ends_on_training_sprites(sampler, schedule):
    denoiser = PosteriorDenoiser(Posterior(CLEAN), schedule)
    noise = ImageNoise(0, range(12), CLEAN.shape[1:])
    made = sampler(schedule.steps)(denoiser, noise)
    distance = (made[:, None] - CLEAN).abs().flatten(2).amax(2)
    assert distance.amin(1).max() < 1e-5
    assert len(distance.argmin(1).unique()) > 3


@pytest.mark.parametrize("prediction", [Epsilon(), Clean(), Velocity()])
def test_the_loss_is_in_the_units_of_the_prediction(prediction):
    denoiser = PosteriorDenoiser(Posterior(CLEAN), Linear(), prediction, MinSNR())
    t = torch.linspace(0.2, 0.9, 30)
    eps = torch.randn(CLEAN.shape, generator=torch.Generator().manual_seed(0))
    alpha, sigma = (level.view(-1, 1, 1, 1) for level in denoiser.schedule(t))
    x_t = alpha * CLEAN + sigma * eps
    clean = denoiser(x_t, t)
    output = prediction.target(clean, (x_t - alpha * clean) / sigma, alpha, sigma)
    error = (output - prediction.target(CLEAN, eps, alpha, sigma)).square().mean((1, 2, 3))
    snr = (alpha / sigma).flatten() ** 2
    weight = MinSNR()(snr, prediction.clean_scale(snr))
    torch.testing.assert_close(denoiser.loss(CLEAN, t, eps), weight * error, rtol=1e-3, atol=1e-6)


def test_no_other_estimate_has_a_lower_loss():
    """Over many draws of sprite and noise, not of one: the most likely one, the mean of all."""
    schedule, generator = Linear(), torch.Generator().manual_seed(0)
    posterior = Posterior(CLEAN)
    x0 = CLEAN.repeat(20, 1, 1, 1)
    t = torch.full((len(x0),), 0.62)
    eps = torch.randn(x0.shape, generator=generator)
    alpha, sigma = schedule(t)
    x_t = alpha.view(-1, 1, 1, 1) * x0 + sigma.view(-1, 1, 1, 1) * eps
    probability = posterior.probabilities(x_t, alpha, sigma)
    ours = PosteriorDenoiser(posterior, schedule).loss(x0, t, eps).mean()
    sharper = torch.softmax(2 * probability.log(), dim=1).float()
    softer = torch.softmax(probability.log() / 2, dim=1).float()
    rivals = {
        "likeliest": CLEAN[probability.argmax(1)],
        "mean": CLEAN.mean(0),
        "sharper": (sharper @ CLEAN.flatten(1)).view_as(x0),
        "softer": (softer @ CLEAN.flatten(1)).view_as(x0),
    }
    for name, estimate in rivals.items():
        assert ours < (estimate - x0).square().mean(), name


def losses(denoiser, label=None, draws=20):
    """Of every sprite at one noise level, over many draws of noise."""
    x0 = CLEAN.repeat(draws, 1, 1, 1)
    eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(0))
    label = None if label is None else label.repeat(draws)
    return denoiser.loss(x0, torch.full((len(x0),), 0.62), eps, label)


def test_who_is_told_the_label_loses_less():
    labels = torch.arange(30) % 3
    told = PosteriorDenoiser(Posterior(CLEAN, labels), Linear())
    with_label, without = losses(told, labels), losses(told)
    assert with_label.mean() < 0.9 * without.mean()
    assert torch.equal(without, losses(PosteriorDenoiser(Posterior(CLEAN), Linear()), labels))
    t = torch.full((10,), 0.62)
    for k in range(3):
        one = CLEAN[labels == k]
        eps = torch.randn(one.shape, generator=torch.Generator().manual_seed(k))
        alone = PosteriorDenoiser(Posterior(one), Linear()).loss(one, t, eps)
        torch.testing.assert_close(told.loss(one, t, eps, torch.full((10,), k)), alone)


class Data:
    """Thirty sprites, of which the last ten are held out."""

    pixels = PixelCodec().decode(CLEAN)
    clean = PixelCodec().encode(pixels)
    shape = tuple(CLEAN.shape[1:])
    split = {"train": np.arange(20), "val": np.arange(20, 30)}

    def images(self, rows):
        return self.pixels[rows]

    def labels(self, rows):
        return torch.from_numpy(rows % 3)


@pytest.mark.parametrize(("classes", "flip"), [(0, False), (3, False), (3, True)])
def test_the_memoriser_is_told_what_the_network_is_told(classes, flip):
    network = Denoiser(UNet(4, classes, widths=(32,), blocks=1), Linear(), Velocity(), MinSNR())
    exact = memoriser(Data(), network, flip)
    assert len(exact.model) == 20
    assert exact.model.classes == classes
    assert exact.model.in_question(1).sum() == (7 if classes else 20)
    assert exact.model.holds(Data.clean[3].flip(-1)) == flip
    assert not exact.model.holds(Data.clean[25])
    assert (exact.schedule, exact.prediction) == (network.schedule, network.prediction)


def test_of_more_sprites_than_it_can_ask_about_it_knows_the_first(monkeypatch):
    monkeypatch.setattr(posterior_denoiser, "SUSPECTS", 5)
    network = Denoiser(UNet(4, widths=(32,), blocks=1), Linear(), Velocity(), MinSNR())
    assert torch.equal(memoriser(Data(), network, False).model.clean, Data.clean[:5])
    monkeypatch.setattr(posterior_denoiser, "BYTES", 3 * 4 * Data.clean[0].numel())
    assert torch.equal(memoriser(Data(), network, False).model.clean, Data.clean[:3])
