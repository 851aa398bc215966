"""The true grid: sprites that were stored enlarged are found by the lines along which they change.

Nearest-neighbour enlargement by `f` moves every change of colour to a multiple of `f`, so `f` is
the greatest common divisor of the sizes and of all places where neighbouring pixels differ.
"""

from collections.abc import Iterable
from math import gcd

import numpy as np


def factor(batches: Iterable[np.ndarray]) -> int:
    """By how much the images `(n, h, w, C)` of all batches were enlarged; 1 when in doubt.

    Flat pictures change nowhere and would pass for enlargements of anything. Therefore at least
    half of the lines of the smaller grid, and three of them, must be seen on both axes.
    """
    common, height, width = 0, 0, 0
    rows: set[int] = set()
    columns: set[int] = set()
    for images in batches:
        height, width = max(height, images.shape[1]), max(width, images.shape[2])
        rows.update(_changes(images))
        columns.update(_changes(images.swapaxes(1, 2)))
        common = gcd(common, *images.shape[1:3], *rows, *columns)
        if common == 1:
            return 1
    lines = ((len(rows), height), (len(columns), width))
    seen = all(found >= max(3, (size // common - 1) / 2) for found, size in lines)
    return common if seen else 1


def times(images: np.ndarray, size: tuple[int, int]) -> int:
    """`f` if all images `(n, h, w, C)` are enlarged by `f` from pictures of that size, else 1."""
    f, rest = divmod(images.shape[1], size[0])
    if rest or f < 2 or images.shape[2] != f * size[1]:
        return 1
    small = images[:, ::f, ::f]
    return f if (images == small.repeat(f, axis=1).repeat(f, axis=2)).all() else 1


def _changes(images: np.ndarray) -> list[int]:
    """Rows at which some image differs from its own row above."""
    differs = (images[:, 1:] != images[:, :-1]).any(axis=(0, 2, 3))
    return [int(row) for row in np.flatnonzero(differs) + 1]
