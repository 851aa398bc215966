"""Draws a character: stamp the parts, grow the letters to the size, light them, lay ink round them, colour them.

All parts are drawn once, at 16 px. Above that a fine pixel takes the letter with the most votes among the 3 x 3
drawn pixels around it, each voting with exp(-distance^2 / 2 sigma^2), which turns stairs into slopes; light, contact
shadows, eyes, mouth and the ink are then drawn at the fine size, so that a line is one pixel wide at every size.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from datamodules.errors import DataError
from datamodules.forge_characters import Character
from datamodules.forge_parts import (
    BELT,
    CLOTH_COLOUR,
    CLOTHES,
    COLOURS,
    FACES,
    HAIR,
    HAIR_COLOUR,
    HATS,
    HEADS,
    MATERIALS,
    SKIN,
    TOOLS,
)

SIZES = (16, 24, 32)
DRAWN = 16  # the size of the hand-drawn parts
SPREAD = 0.6  # sigma of a vote in drawn pixels: more rounds corners, and loses single pixels
EMPTY, CUT, INK = b"._k"

PALETTE = np.array(
    [(0, 0, 0, 0), *((c >> 16, c >> 8 & 255, c & 255, 255) for c in COLOURS.values())], np.uint8
)  # RGBA rows; row 0 is transparent
_ROW = {name: row for row, name in enumerate(COLOURS, start=1)}


class Layer(NamedTuple):
    """Parts that share a place: which attributes choose one, and where its corner lies."""

    attributes: tuple[str, ...]
    parts: Mapping[tuple[str, ...], np.ndarray]
    row: int
    column: int


def _layer(attribute: str, parts: dict[str, np.ndarray], row: int, column: int) -> Layer:
    return Layer((attribute,), {(name,): part for name, part in parts.items()}, row, column)


LAYERS = (  # from bottom to top
    Layer(
        ("body", "clothes"),
        {(b, name): part for b, sheet in CLOTHES.items() for name, part in sheet.items()},
        row=9,
        column=2,
    ),
    _layer("head", HEADS, row=1, column=1),
    _layer("hair", HAIR, row=1, column=1),
    _layer("hat", HATS, row=1, column=1),
    _layer("head", FACES, row=1, column=1),
    _layer("tool", TOOLS, row=1, column=10),
)
SHAPE = ("body", "head", "hair", "hat", "clothes", "tool")  # the other attributes only colour


def draw(character: Character, size: int = 16) -> np.ndarray:
    """One sprite, RGBA uint8 `(size, size, 4)`, alpha 0 or 255; a size but 16, 24 or 32 raises DataError."""
    return draw_all([character], size)[0]


def draw_all(characters: Sequence[Character], size: int = 16) -> np.ndarray:
    """RGBA uint8 `(N, size, size, 4)`, alpha 0 or 255, RGB 0 where it is 0."""
    return PALETTE[palette_rows(characters, size)]


def palette_rows(characters: Sequence[Character], size: int) -> np.ndarray:
    """The sprites as rows of `PALETTE`, uint8 `(N, size, size)`."""
    if size not in SIZES:
        raise DataError(
            f"The forge draws sprites of 16, 24 or 32 pixels, not {size}; change size."
        )
    shapes: dict[tuple[str, ...], int] = {}
    which = [
        shapes.setdefault(tuple(getattr(c, a) for a in SHAPE), len(shapes)) for c in characters
    ]
    figures = np.stack([_figure(dict(zip(SHAPE, shape, strict=True))) for shape in shapes])
    letters = _finished(_grown(figures, size), size)[which]
    colours = np.stack([_colours(c) for c in characters])
    flat = np.take_along_axis(colours, letters.reshape(len(letters), -1).astype(np.intp), axis=1)
    return flat.reshape(letters.shape)


def drop(body: str) -> int:
    """How many drawn pixels the head and the hands of this body are lower than those of the others."""
    return int(body == "small")


def _figure(shape: dict[str, str]) -> np.ndarray:
    """The stamped letters, uint8 `(16, 16)`."""
    canvas = np.full((DRAWN, DRAWN), EMPTY, np.uint8)
    for layer in LAYERS:
        part = layer.parts[tuple(shape[a] for a in layer.attributes)]
        top = layer.row + drop(shape["body"])
        place = canvas[top : top + part.shape[0], layer.column : layer.column + part.shape[1]]
        np.copyto(place, part, where=part != EMPTY)
        place[place == CUT] = EMPTY
    return canvas


def votes(size: int) -> np.ndarray:
    """How much each fine pixel heeds each drawn one along an axis, float32 `(size, 16)`; the identity at 16."""
    if size == DRAWN:
        return np.eye(DRAWN, dtype=np.float32)
    centres = (np.arange(size) + 0.5) * DRAWN / size - 0.5
    distance = np.abs(centres[:, None] - np.arange(DRAWN))
    weight = np.exp(-(distance**2) / (2 * SPREAD**2)) * (distance < 1.5)
    return (weight / weight.sum(1, keepdims=True)).astype(np.float32)


_EAGER = {EMPTY: 0.85, ord("e"): 1.3, ord("M"): 1.3, ord("u"): 1.2}


def _grown(figures: np.ndarray, size: int) -> np.ndarray:
    heed = votes(size)
    grown = np.zeros((len(figures), size, size), np.uint8)
    most = np.zeros(grown.shape, np.float32)
    for letter in np.unique(figures):
        count = heed @ (figures == letter).astype(np.float32) @ heed.T * _EAGER.get(letter, 1.0)
        np.copyto(grown, letter, where=count > most)
        np.maximum(most, count, out=most)
    return grown


_DARKER = np.arange(256, dtype=np.uint8)
for ramp in (b"sz", b"Hhj", b"Ccd", b"Llm", b"WGgy", b"Oon", b"PR", b"iI"):
    _DARKER[list(ramp[:-1])] = list(ramp[1:])
_FAMILY = np.zeros(256, np.uint8)
for k, fam in enumerate(
    (b"szM", b"Hhj", b"Ccd", b"Llm", b"WGgy", b"Oon", b"PRr", b"iI", b"bu", b"t", b"ek"), 1
):
    _FAMILY[list(fam)] = k


def _finished(letters: np.ndarray, size: int) -> np.ndarray:
    padded = np.pad(letters, ((0, 0), (1, 1), (1, 1)), constant_values=EMPTY)
    above, below = padded[:, :-2, 1:-1], padded[:, 2:, 1:-1]
    left, right = padded[:, 1:-1, :-2], padded[:, 1:-1, 2:]
    filled = letters != EMPTY
    ink = ~filled & ((above != EMPTY) | (below != EMPTY) | (left != EMPTY) | (right != EMPTY))
    out = letters.copy()
    if size == DRAWN:
        out[letters == ord("M")] = ord("s")
    else:
        rim = filled & ((right == EMPTY) | (below == EMPTY))
        out[rim] = _DARKER[out[rim]]
        f, fa = _FAMILY[letters], _FAMILY[above]
        shadow = (f != fa) & (fa > 0) & np.isin(f, (1, 3, 4)) & (fa != 11)
        out[shadow] = _DARKER[out[shadow]]
        m = letters == ord("M")
        out[m] = np.where(above[m] == ord("M"), ord("s"), ord("z"))
        e = letters == ord("e")
        glint = e & (above != ord("e")) & (left != ord("e"))
        out[glint] = ord("W")
    out[ink] = INK
    return out


_BASE = np.zeros(128, np.uint8)
for L, names in MATERIALS.items():
    _BASE[list(L.encode())] = [_ROW[n] for n in names]


def _colours(c: Character) -> np.ndarray:
    colours = _BASE.copy()
    cloth = CLOTH_COLOUR[c.cloth_colour]
    belt = BELT[c.belt] or (cloth[-1],) * 2
    for ls, names in (
        ("sz", SKIN[c.skin]),
        ("Hhj", HAIR_COLOUR[c.hair_colour]),
        ("Ccd", cloth),
        ("bu", belt),
    ):
        colours[list(ls.encode())] = [_ROW[n] for n in names]
    return colours
