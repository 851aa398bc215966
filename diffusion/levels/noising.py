"""The way of a sprite into noise, like an ink drop in water: a strip and a film."""

import torch
from PIL import Image
from torch import Tensor

from diffusion import pictures
from diffusion.noise import ImageNoise
from diffusion.pixels import PixelCodec
from diffusion.schedules.base import NoiseSchedule


def noised(x0: Tensor, schedule: NoiseSchedule, times: Tensor, seed: int = 0) -> Tensor:
    """x_t = alpha x0 + sigma eps of every sprite at every time, with one eps per sprite.

    Args:
        x0: clean sprites `(B, C, H, W)`.
        schedule: noise schedule.
        times: `(T,)` in [0, 1].
        seed: address of the noise.

    Returns:
        `(B, T, C, H, W)`.
    """
    eps = ImageNoise(seed, range(len(x0)), x0.shape[1:])(0)
    alpha, sigma = (level.view(1, -1, 1, 1, 1) for level in schedule(times))
    return alpha * x0[:, None] + sigma * eps[:, None]


def even_times(schedule: NoiseSchedule, n: int) -> Tensor:
    """n times from 0 to 1 between which a noised sprite changes by equal amounts, as ink drifts.

    (alpha, sigma) lies on a circle, and x_t moves as far as that point does.
    """
    angle = torch.linspace(0, torch.pi / 2, n, dtype=torch.float64)[1:-1]
    times = schedule.times_of(-2 * torch.log(torch.tan(angle)))
    return torch.cat([times.new_zeros(1), times, times.new_ones(1)]).float()


def noising_pictures(images: Tensor, schedule: NoiseSchedule, seed: int = 0) -> dict[str, bytes]:
    """`noising.png` (a row per sprite) and `noising.gif` of uint8 `(B, C, H, W)`, as files."""
    codec = PixelCodec()  # soft alpha: half-gone pixels are shown half gone
    x0, strip, frames = codec.encode(images), torch.linspace(0, 1, 11), even_times(schedule, 41)
    rows = codec.decode(noised(x0, schedule, strip, seed).flatten(0, 1))
    picture = pictures.grid(rows, columns=len(strip))
    captions = [f"t = {t:.1f}" for t in strip.tolist()]
    page = pictures.captioned(picture, captions, "From sprite, t = 0, to pure noise, t = 1")
    film: list[Image.Image] = [
        pictures.captioned(pictures.grid(codec.decode(x_t), columns=len(images)), [f"t = {t:.2f}"])
        for t, x_t in zip(
            frames.tolist(), noised(x0, schedule, frames, seed).unbind(1), strict=True
        )
    ]
    return {"noising.png": pictures.png(page), "noising.gif": pictures.gif(film)}
