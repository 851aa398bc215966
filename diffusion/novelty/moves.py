"""A sprite moved over its ground: what a shift by a pixel or two does to it.

Ground is transparency; without an alpha channel it is the colour that all four corners share.
Pixels that leave the canvas are lost, and ground comes in.
"""

from itertools import product

import torch
from torch import Tensor

SHIFT = 2  # pixels
STEPS = range(-SHIFT, SHIFT + 1)
MOVES = sorted(product(STEPS, STEPS), key=lambda move: abs(move[0]) + abs(move[1]))


def grounded(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sprites less their ground, their ground, and whether they have one.

    Args:
        images: uint8 `(n, C, H, W)`.

    Returns:
        int16 `(n, C, H, W)`, 0 where ground shows; int16 `(n, C)`; bool `(n,)`.
    """
    pixels = images.to(torch.int16)
    ground = torch.zeros_like(pixels[:, :, 0, 0])
    if images.shape[1] == 4:
        return pixels, ground, torch.ones(len(images), dtype=torch.bool)
    corners = pixels[:, :, [0, 0, -1, -1], [0, -1, 0, -1]]
    framed = (corners == corners[:, :, :1]).all(dim=2).all(dim=1)
    ground[framed] = corners[framed, :, 0]
    return pixels - ground[:, :, None, None], ground, framed


def moved(pixels: Tensor, move: tuple[int, int]) -> Tensor:
    """`(n, C, H, W)` shifted down and right by `move`; 0 comes in."""
    height, width = pixels.shape[-2:]
    (to_y, from_y), (to_x, from_x) = _spans(move[0], height), _spans(move[1], width)
    shifted = torch.zeros_like(pixels)
    shifted[..., to_y, to_x] = pixels[..., from_y, from_x]
    return shifted


def left_after_moves(values: Tensor) -> Tensor:
    """Sums float32 `(n, 25)` over what of `(n, H, W)` each of `MOVES` leaves on the canvas."""
    sums = _stays(values.shape[1]).T @ values @ _stays(values.shape[2])
    rows, columns = zip(*MOVES, strict=True)
    return sums[:, [dy + SHIFT for dy in rows], [dx + SHIFT for dx in columns]]


def _spans(step: int, length: int) -> tuple[slice, slice]:
    """Where pixels of an axis arrive, and where they come from."""
    kept = max(0, length - abs(step))
    to, source = max(0, step), max(0, -step)
    return slice(to, to + kept), slice(source, source + kept)


def _stays(length: int) -> Tensor:
    """1 `(length, 5)` where a pixel of an axis stays on the canvas under each of `STEPS`."""
    arrival = torch.arange(length)[:, None] + torch.tensor(list(STEPS))
    return ((arrival >= 0) & (arrival < length)).float()
