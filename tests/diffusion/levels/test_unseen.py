"""Colours that only held-out sprites have are counted, and taken out of `val/loss`."""

from types import SimpleNamespace

import numpy as np
import torch

from diffusion.denoiser import Denoiser
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.levels.losses import LevelLosses
from diffusion.levels.unseen import unseen_colours
from diffusion.models.unet import UNet
from diffusion.module import DiffusionModule
from diffusion.palette import Palette
from diffusion.pixels import PixelCodec
from diffusion.schedules.cosine import Cosine
from diffusion.weightings import Uniform

GROUND, KNOWN, ELSEWHERE = (0, 0, 0), (200, 40, 40), (40, 200, 40)
PALETTE = [list(GROUND), list(KNOWN)]
which = torch.randint(2, (40, 8, 8), generator=torch.Generator().manual_seed(0))
IMAGES = torch.tensor(PALETTE, dtype=torch.uint8)[which].permute(0, 3, 1, 2).contiguous()
IMAGES[30:, :, 0, 0] = torch.tensor(ELSEWHERE, dtype=torch.uint8)


class Data:
    """Forty sprites, of which the last ten, held out, have one foreign pixel each."""

    split = dict(zip(("train", "val", "test"), np.split(np.arange(40), [30, 35]), strict=True))

    def parts(self, rows):
        yield IMAGES[rows]


def test_they_are_counted():
    said = unseen_colours(Data(), PALETTE)
    assert said.startswith("10 of 10 held-out sprites have colours that no training sprite has")
    assert f"({1 / 64:.1%} of their pixels)" in said


def test_nothing_is_said_where_there_are_none():
    assert unseen_colours(Data(), [*PALETTE, list(ELSEWHERE)]) is None
    assert unseen_colours(Data(), ()) is None


def test_what_a_palette_can_say_is_as_it_was():
    x0 = PixelCodec().encode(IMAGES)
    said = Palette(PALETTE).sayable(x0)
    assert torch.equal(said[:30], x0[:30])
    assert torch.equal(said[30:, :, 0, 0], x0.new_tensor(GROUND).div(127.5).sub(1).expand(10, 3))


def test_losses_are_those_of_the_nearest_colours():
    """A foreign pixel costs nothing that its nearest colour does not."""
    torch.manual_seed(0)
    parts = Cosine(), Palette(PALETTE), Uniform()
    network = Denoiser(UNet(3, outputs=2, widths=(32,), blocks=1).eval(), *parts)
    exact = PosteriorDenoiser(Posterior(PixelCodec().encode(IMAGES[:30])), *parts)
    said = PixelCodec().decode(parts[1].sayable(PixelCodec().encode(IMAGES[30:])))
    assert not torch.equal(said, IMAGES[30:])
    one, other = (
        LevelLosses(IMAGES[:30], held_out, exact, times=(0.1, 0.5)).measure(network)
        for held_out in (IMAGES[30:], said)
    )
    assert torch.equal(one.held_out, other.held_out)
    assert torch.equal(one.exact_held_out, other.exact_held_out)


def test_validation_measures_on_the_palette():
    module = DiffusionModule(
        Denoiser(
            UNet(3, outputs=2, widths=(32,), blocks=1), Cosine(), Palette(PALETTE), Uniform()
        ),
        PixelCodec(),
        None,
        lambda step, share: 1.0,
    )
    module._trainer = SimpleNamespace(world_size=1, global_rank=0)
    said = PixelCodec().decode(Palette(PALETTE).sayable(PixelCodec().encode(IMAGES[30:])))
    one, other = (
        module._loss({"image": images}, torch.Generator().manual_seed(0), training=False)
        for images in (IMAGES[30:], said)
    )
    assert torch.equal(one, other)
