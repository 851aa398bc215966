"""What a sprite is as a whole: its colours and how many, its shape, its light, its symmetry."""

import math

import torch
from torch import Tensor

from diffusion.metrics.structure import mean_over

LUMA = (0.299, 0.587, 0.114)


def appearance(pixels: Tensor) -> dict[str, Tensor]:
    """Named groups of numbers `(N, k)` about whole sprites.

    Args:
        pixels: float64 `(N, 4, H, W)` in 0..255, colours multiplied by alpha.
    """
    alpha, colour = pixels[:, 3] / 255, pixels[:, :3] / 255
    light = (colour * colour.new_tensor(LUMA)[:, None, None]).sum(1)
    bluer, redder = colour[:, 2] - light, colour[:, 0] - light
    saturation = mean_over(colour.amax(1) - colour.amin(1), alpha)
    spread = [_mean_and_deviation(plane, alpha) for plane in (light, bluer, redder)]
    shape, shade = _waves(alpha), _waves(light)
    return {
        "variety": _entropy(pixels, alpha)[:, None],
        "colour": torch.cat([*spread, saturation[:, None]], 1),
        "area": shape[:, :1],
        "shape": shape[:, 1:],
        "brightness": shade[:, :1],
        "shade": shade[:, 1:],
        "tint": torch.cat([_waves(bluer)[:, 1:3], _waves(redder)[:, 1:3]], 1),
        "symmetry": _asymmetry(pixels, alpha),
    }


def _mean_and_deviation(plane: Tensor, alpha: Tensor) -> Tensor:
    mean = mean_over(plane, alpha)
    variance = mean_over((plane - mean[:, None, None]).square(), alpha)
    return torch.stack([mean, variance.sqrt()], 1)


def _entropy(pixels: Tensor, alpha: Tensor) -> Tensor:
    """Entropy in nats of a sprite's colours, 16 levels a channel: the log of their number."""
    levels = pixels[:, :3].long() >> 4
    colours = (levels[:, 0] << 8 | levels[:, 1] << 4 | levels[:, 2]).flatten(1)
    counts = pixels.new_zeros(len(pixels), 16**3).scatter_add_(1, colours, alpha.flatten(1))
    shares = counts / counts.sum(1, keepdim=True).clamp_min(1e-9)
    return -torch.special.xlogy(shares, shares).sum(1)


def _waves(plane: Tensor) -> Tensor:
    """The six lowest coefficients of the cosine transform `(N, 6)`, the mean first.

    They say how much there is, whether it lies left or right, high or low, in the middle or at
    the borders; and they do not depend on the number of pixels.
    """
    height, width = plane.shape[-2:]
    rows, columns = (
        torch.cos(math.pi * order[:, None] * (torch.arange(size) + 0.5) / size) / size
        for order, size in ((torch.arange(3.0, dtype=plane.dtype), n) for n in (height, width))
    )
    waves = rows @ plane @ columns.T
    orders = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0)]
    return torch.stack([waves[:, down, across] for down, across in orders], 1)


def _asymmetry(pixels: Tensor, alpha: Tensor) -> Tensor:
    """How much a sprite and its silhouette differ from their mirror images `(N, 2)`."""
    either = torch.maximum(alpha, alpha.flip(-1))
    colours = torch.log2(1 + (pixels - pixels.flip(-1)).abs().amax(1) / 32)
    silhouette = (alpha - alpha.flip(-1)).abs()
    return torch.stack([mean_over(colours, either), mean_over(silhouette, either)], 1)
