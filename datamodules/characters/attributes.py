"""Reads what a sprite shows clearly, though no pixel of it need be right: for sprites of a model.

In each window the nearest drawing is found, by squared differences of RGBA, and beside it stands
the same drawing with another value of one attribute. On the line from the first to the second a
sprite has a place, 0 to 1 and noise averaged out. An attribute is read where the sprite keeps
within a quarter of the way to each of its other values, and where that is no whim of its noise;
what lies between two values is left unsaid.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from datamodules.characters.drawing import PALETTE, palette_rows
from datamodules.characters.reader import WINDOWS, Window, check, choices, drawings

WAY = 0.25  # as far as a sprite may stray towards another value
ODDS = 10  # the log of the least odds against another value, were the error Gaussian noise
LIKE = 50  # the largest RMS error in 0..255, over the figure and over its part in a window
CHUNK = 256  # sprites looked at together

_RGBA = PALETTE.astype(np.float32)


def read_attributes(images: np.ndarray) -> list[dict[str, str]]:
    """For each RGBA sprite, uint8 `(N, S, S, 4)`, the attributes that it shows clearly.

    From what is nowhere near a character, and from a window that is not, nothing is read.

    Raises:
        DataError: another shape or type; S is 16, 24 or 32.
    """
    check(images)
    found: list[dict[str, str]] = []
    for start in range(0, len(images), CHUNK):
        found += _clear(images[start : start + CHUNK].astype(np.float32))
    return found


def snapped(images: np.ndarray) -> np.ndarray:
    """RGBA sprites, uint8 `(N, S, S, 4)`, with every pixel in the nearest colour of the palette.

    Raises:
        DataError: another shape or type; S is 16, 24 or 32.
    """
    check(images)
    rows = np.zeros(images.shape[:3], np.uint8)
    for start in range(0, len(images), CHUNK):
        pixels = images[start : start + CHUNK].astype(np.float32)
        far = np.stack([np.square(pixels - colour).sum(-1) for colour in _RGBA])
        rows[start : start + CHUNK] = far.argmin(0)
    return PALETTE[rows]


def _clear(pixels: np.ndarray) -> list[dict[str, str]]:
    """The attributes that sprites float32 `(N, S, S, 4)` share clearly with the nearest character.

    Bodies of another `drop` move the windows, so there are two guesses. Where a sprite is not
    clearly at the nearer one, what the two tell differently is left unsaid as well.
    """
    found: list[dict[str, str]] = [{} for _ in pixels]
    first, second = (_guess(pixels, low) for low in (0, 1))
    flat = pixels.reshape(len(pixels), -1)
    for guess, rival in ((first, second), (second, first)):
        way = rival.drawn - guess.drawn
        apart = _dot(way, flat - guess.drawn) <= WAY * _dot(way, way)
        error = _noise(flat, guess.drawn)
        for k in np.flatnonzero((error < _noise(flat, rival.drawn)) & (error < LIKE**2)):
            told, other = guess.clear[k].items(), rival.values[k].items()
            found[k] = dict(told if apart[k] else told & other)
    return found


class _Guess(NamedTuple):
    """The nearest character to each sprite, window by window.

    Args:
        values: all its attributes, for each of N sprites.
        clear: those that the sprite clearly shares.
        drawn: what it looks like, float32 `(N, S * S * 4)`.
    """

    values: list[dict[str, str]]
    clear: list[dict[str, str]]
    drawn: np.ndarray


def _guess(pixels: np.ndarray, low: int) -> _Guess:
    """Among the characters of this `drop`; sprites float32 `(N, S, S, 4)`."""
    columns, sure = dict[str, np.ndarray](), dict[str, np.ndarray]()
    for table in _tables(pixels.shape[1], low):
        table.read(pixels, columns, sure)
    values = [
        dict(zip(columns, row, strict=True))
        for row in zip(*(column.tolist() for column in columns.values()), strict=True)
    ]
    clear = [{a: v for a, v in row.items() if sure[a][k]} for k, row in enumerate(values)]
    worn = {name: column.tolist() for name, column in columns.items()}
    drawn = _RGBA[palette_rows(worn, pixels.shape[1])]
    return _Guess(values, clear, drawn.reshape(len(pixels), -1))


class _Table(NamedTuple):
    """What a window may show. Many choices look alike, for a hat covers what they differ in.

    Args:
        window: which one.
        options: the values of its attributes; a choice counts through them.
        seen: its pixels, bool `(S, S)`.
        drawn: its K different drawings, float32 `(K, D)`.
        choice: one that makes each of them, `(K,)`.
        drawing: the drawing that each choice makes.
    """

    window: Window
    options: list[tuple[str, ...]]
    seen: np.ndarray
    drawn: np.ndarray
    choice: np.ndarray
    drawing: np.ndarray

    def read(
        self, pixels: np.ndarray, values: dict[str, np.ndarray], clear: dict[str, np.ndarray]
    ) -> None:
        """Adds each attribute's nearest values `(N,)`, and whether they are clear, bool `(N,)`.

        Args:
            pixels: sprites float32 `(N, S, S, 4)`.
        """
        here = pixels[:, self.seen].reshape(len(pixels), -1)
        nearest = (_dot(self.drawn, self.drawn) - 2 * here @ self.drawn.T).argmin(1)
        own = self.drawn[nearest]
        noise = _noise(here, own)
        shape = [len(options) for options in self.options]
        places = np.unravel_index(self.choice[nearest], shape)
        for k, name in enumerate(self.window.tells):
            values[name] = np.array(self.options[k])[places[k]]
            clear[name] = noise < LIKE**2
            for place in range(shape[k]):
                changed = [*places]
                changed[k] = np.full(len(pixels), place)
                other = self.drawn[self.drawing[np.ravel_multi_index(changed, shape)]]
                way = other - own
                along, whole = _dot(way, here - own), _dot(way, way)
                kept = (along <= WAY * whole) & (whole / 2 - along >= ODDS * noise)
                clear[name] &= kept | (places[k] == place)


@cache
def _tables(size: int, low: int) -> list[_Table]:
    """The tables of the windows for the bodies of this `drop`."""
    tables = []
    for window, (seen, drawn) in zip(WINDOWS, drawings(size, low), strict=True):
        number: dict[bytes, int] = {}
        drawing = np.array([number.setdefault(bytes(pixels), len(number)) for pixels in drawn])
        choice = np.unique(drawing, return_index=True)[1]
        rgba = _RGBA[drawn[choice]].reshape(len(choice), -1)
        tables.append(_Table(window, choices(window, low), seen, rgba, choice, drawing))
    return tables


def _noise(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The mean square difference over the pixels that either shows; RGBA `(N, 4 P)` -> `(N,)`."""
    error = one - other
    shown = ((one[:, 3::4] > 0) | (other[:, 3::4] > 0)).sum(1)
    return _dot(error, error) / (4 * shown).clip(min=1)


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", one, other)
