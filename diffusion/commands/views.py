"""Views of one sprite with a trained network: the noise-level panel and the variations."""

from collections.abc import Sequence

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.drawing.panel import panel_pictures
from diffusion.exact.memoriser import memoriser, suspects
from diffusion.exact.posterior import UNDECIDED, Posterior
from diffusion.exact.ruler import Ruler
from diffusion.levels.panel import look
from diffusion.levels.sentences import panel_sentences
from diffusion.levels.variations import in_words, variation_pictures, vary
from diffusion.pixels import PixelCodec
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.schedules.base import NoiseSchedule
from diffusion.sprite_data import SpriteData

MEASURED = 2_000  # training sprites that a schedule is held against
LOWEST = -14.0  # log-SNR below which nothing is left of any sprite


def show_panels(
    sprites: Sequence[tuple[str, Tensor, Sequence[int] | int]],
    denoiser: Denoiser,
    data: SpriteData,
    flip: bool,
) -> tuple[dict[str, bytes], str]:
    """`panel.png`, `panel.gif` and `panel.json` of some sprites, as files, and a line for each
    sentence about them.

    Args:
        sprites: name, uint8 `(C, H, W)` and label of each, -1 for none, as `data.pick` returns; or
            values of its attributes.
        denoiser: the network, on any device.
        data: the SpriteDataModule it was trained on.
        flip: whether training mirrored sprites, which then are suspects too.
    """
    posterior = memoriser(data, denoiser, flip).model
    names = [data.called(int(row)) for row in suspects(data)]
    panels = [
        look(image, name, denoiser, posterior, names, label=label)
        for name, image, label in sprites
    ]
    lines = [sentence for panel in panels for sentence in panel_sentences(panel)]
    return panel_pictures(panels), "\n".join(lines)


def show_variations(
    image: Tensor, sprites: SpriteSet, data: SpriteData, n: int
) -> tuple[dict[str, bytes], str]:
    """`variations.png` and `variations.json` as files, and a line for each noise level."""
    rows = suspects(data)
    names = [data.called(int(row)) for row in rows]
    found = vary(image, sprites, data.images(rows), n=n)
    lines = (f"t = {each.noise_level:g}: {in_words(each, names)}" for each in found)
    return variation_pictures(image, found, names), "\n".join(lines)


def warning(schedule: NoiseSchedule, data: SpriteData) -> str | None:
    """A sentence if sprites of this data are still recognised where the schedule ends."""
    clean = PixelCodec().encode(data.images(data.split["train"][:MEASURED]))
    end = schedule.log_snr(torch.ones(1, dtype=torch.float64)).clamp(min=LOWEST)
    quick = Ruler(Posterior(clean), log_snr=torch.cat([end, end + 0.5]))
    if quick.read(schedule).candidates >= UNDECIDED * quick.n:
        return None
    return Ruler(Posterior(clean)).read(schedule).warning


def in_these_sprites(schedule: NoiseSchedule, data: SpriteData) -> str:
    """What a schedule does with this data: its steps in each band, the shift that would suit, and
    a warning where sprites are still recognised at its end."""
    clean = PixelCodec().encode(data.images(data.split["train"][:MEASURED]))
    ruler = Ruler(Posterior(clean))
    reading = ruler.read(schedule)
    shares = ", ".join(f"{share:.0%} {band}" for band, share in reading.shares.items())
    lines = [
        f"steps: {shares}",
        f"end: {reading.candidates:,.0f} of {reading.n:,} sprites in question; "
        f"{reading.divergence:.2g} nats from pure noise",
        f"these sprites as if of 16 pixels: schedule=shifted schedule.shift={ruler.shift:.2f}",
    ]
    return "\n".join([*lines, *([reading.warning] if reading.warning else [])])
