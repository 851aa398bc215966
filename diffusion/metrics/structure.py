"""What the eye sees first in a sprite: flat areas, steps, ramps, specks, outlines, stray pixels.

Every number is a mean over places of one sprite, weighted by how opaque they are. Differences of
colour enter as

    step(d) = log2(1 + d / 32)

with d the largest difference of a channel in 0..255: 0 for equal colours, 1 for 32 values apart,
about 3 for black against white. It grows evenly from a difference nobody sees, so noise counts for
as much as it shows.
"""

import torch
from torch import Tensor

ACROSS, DOWN, FALLING, RISING = (0, 1), (1, 0), (1, 1), (1, -1)
KNOTS = (0.0, 1.0, 2.0, 3.2)  # of the histogram of steps


def structure(pixels: Tensor) -> dict[str, Tensor]:
    """Named groups of numbers `(N, k)` about neighbouring pixels.

    Args:
        pixels: float64 `(N, 4, H, W)` in 0..255, colours multiplied by alpha.
    """
    alpha = pixels[:, 3] / 255
    return {
        "step across": _steps(pixels, alpha, ACROSS),
        "step down": _steps(pixels, alpha, DOWN),
        "step diagonal": _steps(pixels, alpha, FALLING, RISING),
        **_lines(pixels, alpha),
        "flat": _flat(pixels, alpha),
        "speck": _specks(pixels, alpha),
        **_silhouette(alpha),
        "outline": _outline(pixels, alpha),
    }


def mean_over(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean over the places of each sprite, `(N,)`; 0 where nothing has weight."""
    return (values * weights).sum((1, 2)) / weights.sum((1, 2)).clamp_min(1e-9)


def _step(difference: Tensor) -> Tensor:
    return torch.log2(1 + difference / 32)


def _same(difference: Tensor) -> Tensor:
    """1 for equal colours, falling to 0 at 32 values apart."""
    return (1 - _step(difference)).clamp_min(0)


def _row(x: Tensor, direction: tuple[int, int], length: int) -> list[Tensor]:
    """`x` at the first, second, ... pixel of every straight row of `length` pixels."""
    (down, right), reach = direction, length - 1
    height, width = x.shape[-2] - reach * down, x.shape[-1] - reach * abs(right)
    start = reach if right < 0 else 0
    return [
        x[..., k * down :, start + k * right :][..., : max(height, 0), : max(width, 0)]
        for k in range(length)
    ]


def _steps(pixels: Tensor, alpha: Tensor, *directions: tuple[int, int]) -> Tensor:
    """Shares of neighbours inside the sprite that are equal, 32 and 96 values apart `(N, 3)`.

    A step between two knots counts for both, by its nearness to each.
    """
    steps, weights = [], []
    for direction in directions:
        one, other = _row(pixels, direction, 2)
        steps.append(_step((one - other).abs().amax(1)))
        weights.append(torch.stack(_row(alpha, direction, 2)).prod(0))
    step, weight = torch.cat(steps, 1), torch.cat(weights, 1)
    shares = []
    for low, knot, high in zip((-1.0, *KNOTS), KNOTS, KNOTS[1:], strict=False):
        nearness = torch.minimum((step - low) / (knot - low), (high - step) / (high - knot))
        shares.append(mean_over(nearness.clamp_min(0), weight))
    return torch.stack(shares, 1)


def _lines(pixels: Tensor, alpha: Tensor) -> dict[str, Tensor]:
    """Three pixels in a row: those that rise or fall evenly, that turn back, that stay.

    Blur turns spikes into ramps; noise breaks runs.
    """
    found: dict[str, list[Tensor]] = {"ramp": [], "spike": [], "run": []}
    for direction in (ACROSS, DOWN):
        one, two, three = _row(pixels, direction, 3)
        weight = torch.stack(_row(alpha, direction, 3)).prod(0)
        first, second = two - one, three - two
        smaller = torch.minimum(first.abs(), second.abs())
        onward = first * second
        larger = torch.maximum(first.abs(), second.abs()).amax(1)
        found["ramp"].append(mean_over(_step((smaller * (onward > 0)).amax(1)), weight))
        found["spike"].append(mean_over(_step((smaller * (onward < 0)).amax(1)), weight))
        found["run"].append(mean_over(_same(larger), weight).sqrt())
    return {name: torch.stack(numbers, 1) for name, numbers in found.items()}


def _flat(pixels: Tensor, alpha: Tensor) -> Tensor:
    """Share of 2x2 blocks in one colour, as a square root `(N, 1)`."""
    block = torch.stack([x for row in _row(pixels, DOWN, 2) for x in _row(row, ACROSS, 2)])
    weight = torch.stack([x for row in _row(alpha, DOWN, 2) for x in _row(row, ACROSS, 2)])
    spread = (block.amax(0) - block.amin(0)).amax(1)
    return mean_over(_same(spread), weight.prod(0)).sqrt()[:, None]


def _around(x: Tensor) -> Tensor:
    """The 4 direct and then the 4 diagonal neighbours `(8, ...)`; nothing beyond the canvas."""
    height, width = x.shape[-2:]
    ground = torch.nn.functional.pad(x, (1, 1, 1, 1))
    places = [(0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (0, 2), (2, 0), (2, 2)]
    return torch.stack([ground[..., y : y + height, z : z + width] for y, z in places])


def _specks(pixels: Tensor, alpha: Tensor) -> Tensor:
    """How far pixels differ from all 8, and from all 4, of their neighbours `(N, 2)`."""
    differences = (_around(pixels) - pixels).abs().amax(2)
    nearest = torch.stack([differences.amin(0), differences[:4].amin(0)])
    eight, four = _step(nearest).clamp_max(1)
    return torch.stack([mean_over(eight, alpha), mean_over(four, alpha)], 1)


def _silhouette(alpha: Tensor) -> dict[str, Tensor]:
    """Where alpha changes, how soft it is, and pixels alone on the ground or missing inside."""
    area = alpha.sum((1, 2)).clamp_min(1)
    across = (alpha[:, :, 1:] - alpha[:, :, :-1]).abs().sum((1, 2)) / area
    down = (alpha[:, 1:] - alpha[:, :-1]).abs().sum((1, 2)) / area
    neighbours = _around(alpha)
    stray = mean_over(1 - neighbours.amax(0), alpha)
    hole = ((1 - alpha) * neighbours[:4].amin(0)).sum((1, 2)) / area
    return {
        "edge": torch.stack([across, down], 1),
        "soft": mean_over(4 * alpha * (1 - alpha), alpha)[:, None],
        "stray": torch.stack([stray.sqrt(), hole.sqrt()], 1),
    }


def _outline(pixels: Tensor, alpha: Tensor) -> Tensor:
    """How much darker the rim is than the inside, and how uneven `(N, 2)`."""
    light = pixels[:, :3].mean(1) / 255
    inside = _around(alpha)[:4].amin(0)
    rim = alpha * (1 - inside)
    level = mean_over(light, rim)
    uneven = mean_over(_step(255 * (light - level[:, None, None]).abs()), rim)
    return torch.stack([level - mean_over(light, alpha * inside), uneven / 4], 1)
