"""Laws of the palette prediction: exact Bayes in every pixel, the network's scores its prior."""

import pytest
import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.exact.posterior import Posterior
from diffusion.models.unet import UNet
from diffusion.palette import Palette, SharpPalette
from diffusion.predictions import Velocity
from diffusion.runs.cards import check_card
from diffusion.schedules.cosine import Cosine
from diffusion.weightings import Uniform

COLOURS = [[0, 0, 0, 0], [20, 12, 28, 255], [208, 70, 72, 255], [222, 238, 214, 255]]


def case(log_snr, n=32):
    """Clean pixels of the palette, noised; alpha and sigma `(n, 1, 1, 1)`."""
    generator = torch.Generator().manual_seed(0)
    which = torch.randint(len(COLOURS), (n, 3, 2), generator=generator)
    x0 = (torch.tensor(COLOURS) / 127.5 - 1)[which].permute(0, 3, 1, 2).double()
    eps = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
    level = torch.full((n, 1, 1, 1), float(log_snr), dtype=torch.float64)
    alpha, sigma = level.sigmoid().sqrt(), (-level).sigmoid().sqrt()
    return which, x0, eps, alpha * x0 + sigma * eps, alpha, sigma


def scores(log_prior: Tensor, like: Tensor) -> Tensor:
    return log_prior.to(like).view(1, -1, 1, 1).expand(len(like), -1, *like.shape[2:])


@pytest.mark.parametrize("log_snr", [-6, -1, 0, 2, 6])
@pytest.mark.parametrize("repeats", [(1, 1, 1, 1), (5, 1, 2, 1)])
def test_it_is_the_exact_posterior_of_a_pixel(log_snr, repeats):
    """The memoriser of one-pixel sprites, some of them there several times, is the same thing."""
    *_, x_t, alpha, sigma = case(log_snr)
    palette = Palette(COLOURS)
    one_pixel = palette.colours.double()[:, :, None, None]
    posterior = Posterior(one_pixel.repeat_interleave(torch.tensor(repeats), dim=0))
    pixels = x_t.permute(0, 2, 3, 1).reshape(-1, 4, 1, 1)
    exact = posterior.clean_estimate(
        pixels, *(level.flatten()[:1].expand(len(pixels)) for level in (alpha, sigma))
    )
    prior = torch.tensor(repeats, dtype=torch.float64).log()
    estimate = palette.to_clean(scores(prior, x_t), x_t, alpha, sigma)
    torch.testing.assert_close(estimate.permute(0, 2, 3, 1).reshape(-1, 4, 1, 1), exact)


def test_faint_noise_cannot_hide_a_colour_whatever_the_network_says():
    _, x0, _, x_t, alpha, sigma = case(log_snr=9)
    palette, generator = Palette(COLOURS), torch.Generator().manual_seed(1)
    wrong = 5 * torch.randn(len(x_t), 4, 3, 2, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(palette.to_clean(wrong, x_t, alpha, sigma), x0)


@pytest.mark.parametrize("kind", [Palette, SharpPalette])
def test_without_noise_the_estimate_is_the_sprite(kind):
    _, x0, *_ = case(log_snr=0)
    output = torch.zeros(len(x0), 4, 3, 2, dtype=torch.float64)
    none, all_of_it = torch.zeros(len(x0), 1, 1, 1), torch.ones(len(x0), 1, 1, 1)
    estimate = kind(COLOURS).to_clean(output, x0, all_of_it.double(), none.double())
    torch.testing.assert_close(estimate, x0)


def test_the_training_error_is_the_surprise_at_the_true_colour():
    which, x0, eps, x_t, alpha, sigma = case(log_snr=-30)  # the pixel itself says nothing
    prior = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    error = Palette(COLOURS).training_error(scores(prior.log(), x_t), x0, eps, x_t, alpha, sigma)
    torch.testing.assert_close(error, -prior.log()[which].mean(dim=(1, 2)), atol=1e-5, rtol=0)


def test_other_losses_are_in_units_of_velocity():
    _, x0, eps, x_t, alpha, sigma = case(log_snr=0.5)
    palette, output = Palette(COLOURS), torch.zeros(len(x_t), 4, 3, 2, dtype=torch.float64)
    clean = palette.to_clean(output, x_t, alpha, sigma)
    velocity = (alpha * x_t - clean) / sigma  # the velocity that means the same estimate
    torch.testing.assert_close(
        palette.error(output, x0, eps, x_t, alpha, sigma),
        Velocity().error(velocity, x0, eps, x_t, alpha, sigma),
    )


@pytest.mark.parametrize("n", [0, 257])
def test_a_palette_has_1_to_256_colours(n):
    with pytest.raises(UserError, match="prediction=velocity"):
        Palette([[k % 256, k // 256, 0] for k in range(n)])


def test_a_denoiser_with_it_learns_and_names_no_colour_in_its_weights():
    torch.manual_seed(0)
    network = UNet(4, widths=[32], blocks=1, outputs=4)
    denoiser = Denoiser(network, Cosine(), Palette(COLOURS), Uniform())
    assert not [name for name in denoiser.state_dict() if "colours" in name]
    _, x0, eps, *_ = case(log_snr=0, n=8)
    x0, eps, t = x0.float(), eps.float(), torch.full((8,), 0.5)
    optimizer = torch.optim.Adam(denoiser.parameters(), lr=0.01)
    losses, evaluated = [], []
    for _ in range(10):
        loss = denoiser.training_loss(x0, t, eps).mean()
        losses.append(loss.item())
        evaluated.append(denoiser.loss(x0, t, eps).mean().item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]
    assert evaluated[-1] < 0.9 * evaluated[0]


def test_half_precision_around_it_does_not_blur_colours():
    _, x0, _, x_t, alpha, sigma = (part.float() for part in case(log_snr=6))
    palette, output = Palette(COLOURS), torch.zeros(len(x_t), 4, 3, 2)
    with torch.autocast("cpu", torch.bfloat16):
        estimate = palette.to_clean(output, x_t, alpha, sigma)
    torch.testing.assert_close(estimate, palette.to_clean(output, x_t, alpha, sigma))


@pytest.mark.parametrize(
    ("colours", "outputs"),
    [
        ([[0, 0, 0, 0]], 2),
        ([[0, 0, 0]], 1),
        ([[0, 0, 0, 256]], 1),
        ([[0, 0, 0, 0.5]], 1),
        ("white", 5),
        (None, 7),
    ],
)
def test_a_card_whose_colours_do_not_fit_is_refused(colours, outputs):
    card = {
        "sprites": {
            "shape": [4, 16, 16],
            "hard_alpha": True,
            "label_names": [],
            "label_frequencies": [],
        },
        "recipe": {
            "model": {"_target_": "diffusion.models.unet.UNet", "channels": 4, "outputs": 1},
            "schedule": {"_target_": "diffusion.schedules.cosine.Cosine"},
            "prediction": {"_target_": "diffusion.palette.Palette", "colours": [[0, 0, 0, 0]]},
            "weighting": {"_target_": "diffusion.weightings.Uniform"},
        },
    }
    check_card(card)
    card["recipe"]["model"]["outputs"] = outputs
    card["recipe"]["prediction"]["colours"] = colours
    with pytest.raises(UserError, match="is not what this project writes"):
        check_card(card)
