"""The frozen encoder of sprites: a few dozen numbers that say how a sprite looks.

Nothing in it is learned, so it needs no download and is the same everywhere. Two kinds of numbers
stand side by side: what the eye sees first (`structure`: flat areas, steps, specks, outlines) and
what the whole is (`appearance`: colours, shape, light, symmetry). Each group is multiplied by a
constant that gives its numbers a deviation of about 1 over real sprites of several sets; less
where real sprites hardly vary, so that a difference counts for what it shows.

It was chosen among other encoders by known damage: `docs/metrics.md`.
"""

import torch
from torch import Tensor

from diffusion.metrics.appearance import appearance
from diffusion.metrics.structure import structure

SCALES = {
    "step across": 10.0,
    "step down": 10.0,
    "step diagonal": 10.0,
    "ramp": 8.0,
    "spike": 5.0,
    "run": 6.0,
    "flat": 6.0,
    "speck": 6.0,
    "edge": 8.0,
    "soft": 8.0,
    "stray": 10.0,
    "outline": 8.0,
    "variety": 1.5,
    "colour": 16.0,
    "area": 8.0,
    "shape": 28.0,
    "brightness": 16.0,
    "shade": 56.0,
    "tint": 120.0,
    "symmetry": 4.0,
}
CHUNK = 256  # sprites at a time: bounded memory, and faster than all at once


def encode(images: Tensor) -> Tensor:
    """The numbers of each sprite, float64 `(N, 51)`; of a sprite alone or among others the same.

    Args:
        images: uint8 `(N, C, H, W)` with C = 1, 3 or 4; grey and RGB count as opaque.
    """
    return torch.cat([_encode(part) for part in images.split(CHUNK)])


def _encode(images: Tensor) -> Tensor:
    pixels = shown(images)
    groups = structure(pixels) | appearance(pixels)
    return torch.cat([scale * groups[name] for name, scale in SCALES.items()], 1)


def shown(images: Tensor) -> Tensor:
    """Float64 `(N, 4, H, W)` in 0..255, colours multiplied by alpha."""
    pixels = images.cpu().double()
    if pixels.shape[1] == 4:
        colour, alpha = pixels[:, :3], pixels[:, 3:]
    else:
        colour, alpha = pixels.expand(-1, 3, -1, -1), torch.full_like(pixels[:, :1], 255)
    return torch.cat([colour * alpha / 255, alpha], 1)
