"""Reads a sprite back to the character it shows, or finds that it shows none, to the pixel.

Some pixels can be changed by the outfit alone, some by the head, some by the tool: those that no
part of another kind can reach. For each of these three windows a table leads from its pixels to
the attributes behind them; no two entries look alike, so no two characters do. What the tables
tell is drawn and compared with the whole sprite: an answer is never wrong.
"""

from dataclasses import replace
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from datamodules.characters.drawing import (
    DRAWN,
    EMPTY,
    LAYERS,
    PALETTE,
    SIZES,
    drop,
    neighbours,
    palette_rows,
    votes,
    worn_by,
)
from datamodules.characters.people import ATTRIBUTES, BOB, Character
from datamodules.errors import DataError


class Window(NamedTuple):
    """A part of the sprite: the attributes it tells, and those that also colour it."""

    tells: tuple[str, ...]
    takes: tuple[str, ...]


WINDOWS = (
    Window(("body", "clothes", "cloth_colour", "belt"), ("skin",)),
    Window(("head", "hair", "hair_colour", "skin", "hat"), ("cloth_colour",)),
    Window(("tool",), ("skin",)),
)


def read_back(image: np.ndarray) -> Character | None:
    """The character in an RGBA uint8 `(S, S, 4)` sprite, or None; see `read_back_all`."""
    return read_back_all(image[None])[0]


def read_back_all(images: np.ndarray) -> list[Character | None]:
    """For each RGBA sprite, uint8 `(N, S, S, 4)`, the character whose drawing it is, or None.

    Raises:
        DataError: another shape or type; S is 16, 24 or 32.
    """
    check(images)
    size, sprites = images.shape[1], _as_palette_rows(images)
    found: list[Character | None] = [None] * len(sprites)
    for low in (0, 1):
        told = [
            [table.get(pixels.tobytes()) for pixels in sprites[:, seen]]
            for seen, table in _tables(size, low)
        ]
        guesses = {
            k: Character(**outfit, **head, **tool)
            for k, (outfit, head, tool) in enumerate(zip(*told, strict=True))
            if outfit and head and tool
        }
        if guesses:
            equal = palette_rows(worn_by(list(guesses.values())), size) == sprites[list(guesses)]
            for (k, guess), right in zip(guesses.items(), equal.all((1, 2)), strict=True):
                if right:
                    found[k] = guess
    return found


def check(images: np.ndarray) -> None:
    """DataError unless these are uint8 `(N, S, S, 4)`."""
    size = images.shape[1] if images.ndim == 4 else 0
    if size not in SIZES or images.shape[2:] != (size, 4) or images.dtype != np.uint8:
        raise DataError(
            "Sprites of the forge are uint8 (N, S, S, 4) with S = 16, 24 or 32; "
            f"these are {images.dtype} {images.shape}."
        )


def bodies(low: int) -> tuple[str, ...]:
    """The bodies of this `drop`."""
    return tuple(body for body in ATTRIBUTES["body"] if drop(body) == low)


def choices(window: Window, low: int) -> list[tuple[str, ...]]:
    """The values of each attribute in a window; their product, in this order, is its table."""
    names = window.tells + window.takes
    return [bodies(low) if name == "body" else ATTRIBUTES[name] for name in names]


@cache
def drawings(size: int, low: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each window the pixels it sees, bool `(S, S)`, and what it shows for all its choices.

    The latter as rows of `PALETTE`, uint8 `(K, pixels)`, K being the product of the choices.
    """
    wearer = replace(BOB, body=bodies(low)[0])
    found = []
    for window in WINDOWS:
        names = window.tells + window.takes
        rows = zip(*product(*choices(window, low)), strict=True)
        told = dict(zip(names, rows, strict=True))
        count = len(told[names[0]])
        worn = {name: told.get(name, (getattr(wearer, name),) * count) for name in ATTRIBUTES}
        seen = _seen(names, size, low)
        drawn = palette_rows(worn, size)
        found.append((seen, drawn[:, seen]))
    return found


def _as_palette_rows(images: np.ndarray) -> np.ndarray:
    """Rows of `PALETTE`, uint8 `(N, S, S)`; 255 for a colour that is not there."""
    colours = np.ascontiguousarray(images).view(np.uint32)[..., 0]
    palette = PALETTE.view(np.uint32)[:, 0]
    order = np.argsort(palette)
    row = order[np.searchsorted(palette, colours, sorter=order).clip(max=len(palette) - 1)]
    return np.where(palette[row] == colours, row, 255).astype(np.uint8)


@cache
def _tables(size: int, low: int) -> list[tuple[np.ndarray, dict[bytes, dict[str, str]]]]:
    """For the bodies of this `drop`, each window as the pixels it sees and what they tell."""
    tables = []
    for window, (seen, drawn) in zip(WINDOWS, drawings(size, low), strict=True):
        told = (
            dict(zip(window.tells, row, strict=False)) for row in product(*choices(window, low))
        )
        tables.append((seen, dict(zip(map(bytes, drawn), told, strict=True))))
    return tables


def _seen(names: tuple[str, ...], size: int, low: int) -> np.ndarray:
    """The pixels, bool `(S, S)`, that no part chosen by another attribute can reach."""
    foreign = np.zeros((DRAWN, DRAWN), bool)
    for layer in LAYERS:
        if not {*layer.attributes} <= {*names}:
            for part in layer.parts.values():
                top, (height, width) = layer.row + low, part.shape
                foreign[top : top + height, layer.column : layer.column + width] |= part != EMPTY
    heed = (votes(size) > 0).astype(np.float32)
    reached = heed @ foreign.astype(np.float32) @ heed.T > 0
    return ~np.any([reached, *neighbours(reached, False)], 0)  # ink and light reach one pixel on
