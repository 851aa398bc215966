"""Laws of classifier-free guidance."""

from dataclasses import replace

import pytest
import torch
from randomsprites import sprites
from torch import nn

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.models.unet import UNet
from diffusion.palette import Palette
from diffusion.pixels import PixelCodec
from diffusion.predictions import Epsilon
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.schedules.linear import Linear
from diffusion.steering.guidance import Guided
from diffusion.weightings import Uniform

CLEAN = sprites(30)
LABELS = torch.arange(30) % 3
X_T = torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(0))
T = torch.linspace(0.5, 1, 6)
LABEL = torch.tensor([0, 1, 2, 0, 1, 2])
NONE = torch.full((6,), -1)


class Opinion(nn.Module):
    """Scores for the palette below: label k makes colour k likelier, wherever it looks."""

    classes = 3

    def __init__(self):
        super().__init__()
        self.scores = nn.Parameter(torch.cat([3 * torch.eye(3), torch.zeros(1, 3)]))

    def forward(self, x_t, t, label=None):
        chosen = self.scores[torch.full((len(x_t),), -1) if label is None else label]
        return chosen.view(-1, 3, 1, 1).expand(-1, -1, *x_t.shape[2:])


def network():
    torch.manual_seed(0)
    model = UNet(4, classes=3, widths=(32,), blocks=1).eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    return model.requires_grad_(False)


PALETTE = Palette([[255, 0, 0, 255], [0, 0, 255, 255], [0, 0, 0, 0]])
DENOISERS = {
    "exact": PosteriorDenoiser(Posterior(CLEAN, LABELS), Linear()),
    "epsilon": Denoiser(network(), Linear(), Epsilon(), Uniform()),
    "palette": Denoiser(Opinion(), Linear(), PALETTE, Uniform()),
}


@pytest.fixture(params=DENOISERS)
def denoiser(request):
    return DENOISERS[request.param]


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_scale_one_is_the_denoiser_and_scale_zero_knows_no_label(denoiser):
    told, untold = denoiser(X_T, T, LABEL), denoiser(X_T, T, NONE)
    assert (told - untold).abs().max() > 1e-3
    close(Guided(denoiser, 1)(X_T, T, LABEL), told)
    close(Guided(denoiser, 0)(X_T, T, LABEL), untold)


def shares(estimates):
    """Of each colour of the palette in each pixel `(B, 3, H, W)`; it is their only mixture."""
    colours = torch.cat([PALETTE.colours.double(), torch.ones(3, 1)], dim=1)
    pixels = torch.cat([estimates.double(), torch.ones_like(estimates[:, :1])], dim=1)
    found = torch.einsum("bchw,ck->bkhw", pixels, torch.linalg.pinv(colours))
    torch.testing.assert_close(torch.einsum("bkhw,kc->bchw", found, colours), pixels.double())
    return found


@pytest.mark.parametrize("scale", [0.5, 3.0, 30.0])
def test_of_a_palette_the_odds_are_raised_to_the_scale(scale):
    none, one, some = (
        shares(Guided(DENOISERS["palette"], s)(X_T, T, LABEL)) for s in (0, 1, scale)
    )
    assert some.min() > -1e-6
    odds = none * (one / none) ** scale
    torch.testing.assert_close(some, odds / odds.sum(1, keepdim=True), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("sampler", [DDPM(20), DDIM(20), DPMSolver(20)])
def test_guided_sprites_have_the_colours_of_their_palette(sampler):
    guided = made(Guided(DENOISERS["palette"], 3.0), sampler)
    found = torch.cat(list(guided.batches(range(64)))).permute(0, 2, 3, 1).reshape(-1, 4)
    known = PixelCodec().decode(PALETTE.colours.view(3, 4, 1, 1)).view(3, 4)
    assert {*map(tuple, found.tolist())} <= {*map(tuple, known.tolist())}


def test_who_has_no_label_is_not_guided(denoiser):
    guided = Guided(denoiser, 5.0)
    close(guided(X_T, T), denoiser(X_T, T))
    mixed = torch.tensor([0, -1, 2, 0, -1, 2])
    close(guided(X_T, T, mixed)[mixed < 0], denoiser(X_T, T)[mixed < 0])


def test_mixing_estimates_of_the_noise_is_the_same():
    denoiser, scale = DENOISERS["epsilon"], 4.0
    told, untold = (denoiser.model(X_T, T, label) for label in (LABEL, NONE))
    alpha, sigma = (level.view(-1, 1, 1, 1) for level in denoiser.schedule(T))
    mixed = denoiser.prediction.to_clean(untold + scale * (told - untold), X_T, alpha, sigma)
    torch.testing.assert_close(Guided(denoiser, scale)(X_T, T, LABEL), mixed, rtol=1e-3, atol=0.01)


def test_the_network_is_asked_once_for_twice_the_sprites():
    asked = []

    class Listening(PosteriorDenoiser):
        def output(self, x_t, t, label=None):
            asked.append((len(x_t), label.tolist()))
            return super().output(x_t, t, label)

    Guided(Listening(Posterior(CLEAN, LABELS), Linear()), 2.0)(X_T, T, LABEL)
    assert asked == [(12, [*LABEL.tolist(), *[-1] * 6])]


def made(denoiser, sampler=None, **rest):
    shares = [0.2, 0.3, 0.5]
    return SpriteSet(denoiser, sampler or DDIM(4), PixelCodec(), (4, 8, 8), shares, **rest)


def test_a_set_at_scale_zero_is_the_set_without_labels(denoiser):
    guided = made(Guided(denoiser, 0.0)).labelled(2)
    assert guided.labels(range(5)).tolist() == [2] * 5
    plain = made(denoiser).labelled(-1)
    assert plain.labels(range(5)) is None
    one, two = (next(each.batches(range(5))).int() for each in (guided, plain))
    assert (one - two).abs().max() <= 1


def test_guided_sprite_k_is_the_same_in_any_batch(denoiser):
    guided = made(Guided(denoiser, 3.0), seed=4)
    together = torch.cat(list(guided.batches(range(7), 7))).int()
    apart = torch.cat(list(guided.batches(range(7), 2))).int()
    assert (together - apart).abs().max() <= 1
    assert (next(guided.batches([5])).int() - together[5:6]).abs().max() <= 1


@pytest.mark.parametrize("sampler", [DDPM(5), DDIM(5), DPMSolver(5)])
def test_estimates_that_leave_the_range_are_clipped(sampler):
    guided = Guided(DENOISERS["exact"], 6.0)
    assert guided(X_T, T, LABEL).abs().max() > 1.1
    sprites = made(guided, sampler)
    noise, label = sprites._address(range(4))
    estimates = [x0 for *_, x0 in sampler.trajectory(guided, noise, label)]
    assert max(x0.abs().max() for x0 in estimates) == 1
    assert torch.isfinite(sampler(guided, noise, label)).all()


def test_guidance_leaves_doubtful_sprites_to_the_other_classes():
    """Two classes on a line that overlap in the middle; more guidance ends farther out."""
    left = torch.linspace(-0.9, 0.1, 11)
    clean = torch.cat([left, -left]).view(-1, 1, 1, 1)
    labels = torch.arange(22) // 11
    exact = PosteriorDenoiser(Posterior(clean, labels), Linear())
    plain = SpriteSet(exact, DDIM(20), PixelCodec(), (1, 1, 1), [0.5, 0.5]).labelled(1)
    means = [
        float(next(replace(plain, denoiser=Guided(exact, s)).batches(range(64))).float().mean())
        for s in (0, 1, 3)
    ]
    assert means == sorted(means)
    assert means[2] > means[1] + 5


@pytest.mark.parametrize("scale", [-1, float("nan"), float("inf"), "much", None, True])
def test_a_scale_that_means_nothing_is_refused(scale):
    with pytest.raises(UserError, match=r"guidance=.* must be a number, 0 or more"):
        Guided(DENOISERS["exact"], scale)


def test_a_network_without_labels_cannot_be_guided():
    with pytest.raises(UserError, match=r"guidance=3\.0 needs a network that learned labels"):
        Guided(PosteriorDenoiser(Posterior(CLEAN), Linear()), 3.0)
