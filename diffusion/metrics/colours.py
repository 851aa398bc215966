"""Colours as a pixel artist counts them: those that differ by a few levels are one colour.

A colour is near another within a Euclidean distance of 16 levels in RGB: what a diffusion model
wobbles stays one colour, while neighbours in a drawn palette are usually 25 or more apart. The
palette of a set is the 256 commonest colours of its figures, or all if they are fewer, each known
to 4 levels (64 cells along each channel).
"""

from functools import lru_cache

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

NEAR = 16.0  # levels, Euclidean in RGB
MAX_COLOURS = 256  # colours of a palette, as many as an indexed image has
CELL = 4  # levels
CELLS = 256 // CELL
NOWHERE = -1.0  # the cell of a transparent pixel


def near(one: Tensor, other: Tensor) -> Tensor:
    """Whether colours float `(..., 3)` are nearly equal, bool `(...)`."""
    return (one - other).square().sum(-1) <= NEAR**2


def count(colours: Tensor, shown: Tensor) -> Tensor:
    """How many colours each sprite has, float32 `(N,)`.

    Row by row from the top left, a pixel near no colour so far is a new one.

    Args:
        colours: float32 `(N, P, 3)`.
        shown: the pixels that count, bool `(N, P)`.
    """
    found = torch.zeros(len(colours))
    rows, left = torch.arange(len(colours)), shown
    while (going := left.any(1)).any():
        rows, colours, left = rows[going], colours[going], left[going]
        found[rows] += 1
        first = colours[torch.arange(len(rows)), left.int().argmax(1)]
        left = left & ~near(colours, first[:, None])
    return found


def cells(colours: Tensor, shown: Tensor) -> Tensor:
    """The palette cell of each pixel as a whole number, or `NOWHERE`; float32 `(N, P)`."""
    places = (colours / CELL).floor() @ torch.tensor([CELLS**2, CELLS, 1.0])
    return torch.where(shown, places, NOWHERE)


def palette(cells: Tensor) -> tuple[int, ...]:
    """The cells of the commonest colours of a set, ascending; `cells` as above, `(N, P)`."""
    number = torch.bincount(cells[cells >= 0].long(), minlength=CELLS**3)
    used = number.nonzero().flatten()
    commonest = number[used].argsort(descending=True, stable=True)[:MAX_COLOURS]
    return tuple(sorted(used[commonest].tolist()))


def from_palette(cells: Tensor, palette: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """How far the pixels of each sprite are from the nearest colour of a palette.

    Args:
        cells: of the sprites, `(N, P)`.
        palette: at least one cell.

    Returns:
        mean distance in levels, and share of pixels that are near no colour of the palette,
        float32 `(N,)`; NaN where a sprite has no pixel.
    """
    shown = cells >= 0
    distance = _distances(palette)[cells.long().clamp(min=0)] * shown
    return distance.sum(1) / shown.sum(1), (distance > NEAR).sum(1) / shown.sum(1)


@lru_cache(maxsize=8)
def _distances(palette: tuple[int, ...]) -> Tensor:
    """From each cell to the nearest of a palette, in levels, float32 `(CELLS**3,)`."""
    other = np.ones(CELLS**3, bool)
    other[list(palette)] = False
    away = distance_transform_edt(other.reshape(CELLS, CELLS, CELLS)) * CELL
    return torch.from_numpy(away.astype(np.float32)).flatten()
