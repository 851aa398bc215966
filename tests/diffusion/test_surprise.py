"""What a network finds unlikely: a sprite with specks, and none for its size or its neighbours."""

import pytest
import torch
from torch import nn

from diffusion.denoiser import Denoiser
from diffusion.exact.posterior import Posterior
from diffusion.pixels import PixelCodec
from diffusion.predictions import Clean
from diffusion.schedules.cosine import Cosine
from diffusion.surprise import surprise
from diffusion.weightings import Uniform


def squares(n, seed):
    """Sprites of one filled rectangle each, of every size."""
    drawn = torch.Generator().manual_seed(seed)
    images = torch.zeros(n, 4, 8, 8, dtype=torch.uint8)
    for image in images:
        top, left = torch.randint(0, 4, (2,), generator=drawn).tolist()
        high, wide = torch.randint(2, 5, (2,), generator=drawn).tolist()
        image[:, top : top + high, left : left + wide] = torch.tensor([200, 90, 40, 255])[
            :, None, None
        ].to(torch.uint8)
    return images


class Knowing(nn.Linear):
    """The best network for three hundred such sprites; its weights say nothing."""

    def __init__(self):
        super().__init__(1, 1)
        self.exact = Posterior(PixelCodec().encode(squares(300, seed=0)))

    def forward(self, x_t, t, label=None):
        return self.exact.clean_estimate(x_t, *Cosine()(t))


@pytest.fixture(scope="module")
def network() -> Denoiser:
    return Denoiser(Knowing(), Cosine(), Clean(), Uniform())


def test_specks_surprise(network):
    clean = squares(40, seed=1)
    specked = clean.clone()
    drawn = torch.Generator().manual_seed(2)
    for image in specked:
        for _ in range(5):
            y, x = torch.randint(0, 8, (2,), generator=drawn).tolist()
            image[:, y, x] = torch.tensor([30, 220, 90, 255])
    found = surprise(network, torch.cat([clean, specked]))
    assert (found[40:] > found[:40]).float().mean() > 0.95


def test_size_does_not(network):
    images = squares(200, seed=3)
    seen = (images[:, 3] > 0).flatten(1).float().mean(1)
    found = surprise(network, images)
    assert abs(float(torch.corrcoef(torch.stack([found, seen]))[0, 1])) < 0.05
    assert abs(float(found.mean())) < 1e-3


def test_the_order_of_sprites_says_nothing(network):
    images = squares(300, seed=4)
    whole, again = surprise(network, images), surprise(network, images.flip(0)).flip(0)
    torch.testing.assert_close(whole, again)
