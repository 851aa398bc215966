"""Laws of the split into outline and detail."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from randomsprites import sprites
from torch import nn

from diffusion.denoiser import Denoiser
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.levels.detail import GRID, coarse, detail
from diffusion.levels.noising import noised
from diffusion.models.unet import UNet
from diffusion.pixels import PixelCodec
from diffusion.predictions import Clean, Epsilon
from diffusion.schedules.linear import Linear
from diffusion.weightings import Uniform

IMAGES = PixelCodec().decode(sprites(30))
CLEAN = PixelCodec().encode(IMAGES)
TIMES = (0.1, 0.5, 1.0)
sizes = st.integers(1, 33)


@given(height=sizes, width=sizes, seed=st.integers(0, 99))
def test_outline_and_detail_are_orthogonal_and_sum_to_the_whole(height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    error = torch.randn(2, 3, height, width, dtype=torch.float64, generator=generator)
    outline = coarse(error)
    rest = error - outline
    parts = outline.square().sum() + rest.square().sum()
    torch.testing.assert_close(parts, error.square().sum())
    torch.testing.assert_close(coarse(outline), outline)
    torch.testing.assert_close(coarse(rest), torch.zeros_like(rest))


@pytest.mark.parametrize("side", [16, 24, 32])
def test_the_outline_is_the_average_over_each_block(side):
    images = torch.rand(2, 4, side, side)
    blocks = nn.functional.avg_pool2d(images, side // GRID)
    expected = nn.functional.interpolate(blocks, scale_factor=side // GRID)
    torch.testing.assert_close(coarse(images), expected)


class Wrong(nn.Module):
    """Estimates every sprite with the same error added, whatever the noise."""

    classes = 0

    def __init__(self, error):
        super().__init__()
        self.error, self.exact = error, PosteriorDenoiser(Posterior(CLEAN[:1] / 2), Linear())

    def forward(self, x_t, t, label=None):
        return self.exact(x_t, t) + self.error


@pytest.mark.parametrize("part", ["coarse", "fine"])
def test_each_part_is_told_as_what_it_is(part):
    """One sprite is in question, so the error is the one that was added."""
    flat = torch.full((8, 8), 0.3)
    checks = 0.3 * (-1.0) ** torch.arange(8).add(torch.arange(8)[:, None])
    error = flat if part == "coarse" else checks
    image = PixelCodec().decode(CLEAN[:1] / 2)
    model = Wrong(PixelCodec().encode(image)[0] - CLEAN[0] / 2 + error)
    found = detail(image, Denoiser(model, Linear(), Clean(), Uniform()), times=TIMES).plain()
    other = "fine" if part == "coarse" else "coarse"
    assert found["t"] == list(TIMES)
    assert found[part] == pytest.approx([0.09] * 3, rel=1e-4)
    assert found[other] == pytest.approx([0] * 3, abs=1e-6)


def untrained():
    torch.manual_seed(0)
    return Denoiser(UNet(4, widths=(32,), blocks=1).eval(), Linear(), Epsilon(), Uniform())


def test_the_whole_is_the_error_of_what_one_sees():
    denoiser = untrained()
    found = detail(IMAGES, denoiser, times=TIMES)
    for k, t in enumerate(TIMES):
        x_t = noised(CLEAN, Linear(), torch.tensor([t]))[:, 0]
        seen = denoiser(x_t, torch.full((30,), t)).clamp(-1, 1)
        torch.testing.assert_close(found.whole[k].float(), (seen - CLEAN).square().mean())


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_the_batch_size_changes_nothing(batch_size):
    one, two = (detail(IMAGES, untrained(), times=TIMES, batch_size=b) for b in (64, batch_size))
    torch.testing.assert_close(one.coarse, two.coarse, rtol=1e-4, atol=1e-8)
    torch.testing.assert_close(one.fine, two.fine, rtol=1e-4, atol=1e-8)


def test_labels_reach_the_network():
    class Labelled(nn.Module):
        classes = 2

        def __init__(self):
            super().__init__()
            self.one = nn.Parameter(torch.ones(()))

        def forward(self, x_t, t, label):
            return label.view(-1, 1, 1, 1) * self.one * torch.ones_like(x_t)

    labels = torch.arange(30) % 2
    denoiser = Denoiser(Labelled(), Linear(), Clean(), Uniform())
    found = detail(IMAGES, denoiser, labels, TIMES, batch_size=7)
    expected = (labels.view(-1, 1, 1, 1) - CLEAN).square().mean()
    torch.testing.assert_close(found.whole.float(), expected.expand(3))
