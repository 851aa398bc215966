"""Below temperature 1 a palette network's likely colours are likelier, where a sprite shows."""

import pytest
import torch
from hands import CODEC, COLOURS, network

from diffusion.errors import UserError
from diffusion.predictions import Epsilon
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.samplers.heun import Heun
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.linear import Linear
from diffusion.steering.colours import AllowedColours

SAMPLERS = (DDPM, DDIM, DPMSolver, Heun)


def made(denoiser, sampler, size=12):
    return torch.cat(list(SpriteSet(denoiser, sampler, CODEC, (4, 8, 8)).batches(range(12), size)))


@pytest.mark.parametrize("schedule", [Cosine(), Linear()])
def test_the_networks_part_of_the_odds_is_raised_and_that_of_the_pixel_stays(schedule):
    denoiser = network()
    denoiser.schedule = schedule
    x_t, t = torch.randn(3, 4, 8, 8), torch.tensor([0.05, 0.5, 1.0])
    alpha, sigma = schedule.of_sprites(t)
    said, palette = denoiser.output(x_t, t), denoiser.prediction
    pixel = palette.scores(0 * said, x_t, alpha, sigma)
    for temperature in (0.25, 2.0):
        power = 1 + (1 / temperature - 1) / (1 + (sigma / alpha) ** 2)
        shares = (power * said + pixel).softmax(dim=1)
        expected = torch.einsum("bkhw,kc->bchw", shares, palette.colours)
        found = DDIM(10, temperature=temperature).ask(denoiser, x_t, t, None)
        assert torch.allclose(found, expected, atol=1e-5)
        assert float(power[0]) == pytest.approx(1 / temperature, rel=0.1), "nearly clean"
        assert float(power[2]) == pytest.approx(1, abs=0.01), "pure noise"
    assert torch.equal(DDIM(10).ask(denoiser, x_t, t, None), denoiser(x_t, t))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_colder_the_fewer_pixels_stray(sampler):
    """Where every pixel likes one colour best, chance picks another the less often."""
    denoiser, liked = network(), torch.zeros(len(COLOURS), 8, 8)
    liked[2] = 2
    denoiser.model.forward = lambda x_t, t, label=None: liked.expand(len(x_t), -1, -1, -1)
    best = torch.tensor(COLOURS[2], dtype=torch.uint8)[:, None, None]
    strays = [
        float((made(denoiser, sampler(20, temperature=each)) != best).any(dim=1).float().mean())
        for each in (2.0, 1.0, 0.5, 0.2)
    ]
    assert strays == sorted(strays, reverse=True)
    assert strays[3] < strays[1] / 2


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_sprite_is_the_same_in_any_batch(sampler):
    cold = sampler(8, temperature=0.4)
    assert torch.equal(made(network(), cold), made(network(), cold, 5))
    assert not torch.equal(made(network(), cold), made(network(), sampler(8)))


def test_it_goes_with_a_hand_on_the_palette():
    allowed = torch.tensor([True, True, False, True, False, True])
    denoiser = AllowedColours(network(), allowed)
    known = torch.tensor(COLOURS, dtype=torch.uint8)[allowed].unique(dim=0)
    pixels = made(denoiser, DPMSolver(12, temperature=0.3)).permute(0, 2, 3, 1).reshape(-1, 4)
    assert len(torch.cat([known, pixels]).unique(dim=0)) == len(known)


@pytest.mark.parametrize("temperature", [0, 0.05, 3, True, "cold", float("nan")])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_temperature_out_of_range_is_refused(sampler, temperature):
    with pytest.raises(UserError, match=r"from 0\.1 to 2"):
        sampler(8, temperature=temperature)


def test_a_network_that_chooses_nothing_has_no_temperature():
    with pytest.raises(UserError, match="prediction=palette"):
        DPMSolver(8, temperature=0.5).check(network(Epsilon))
    DPMSolver(8).check(network(Epsilon))
