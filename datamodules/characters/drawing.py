"""Draws a character: stamp the parts, grow them to the size, light them, ink them, colour them.

All parts are drawn once, at 16 px. Above that a fine pixel takes the letter with the most votes
among the drawn pixels around it, each voting with exp(-distance^2 / 2 sigma^2), which turns stairs
into slopes. Light, contact shadows, a glint in the eye, a smile and the ink are laid at the fine
size, so that a line is one pixel wide at every size.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from datamodules.characters.parts import (
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
from datamodules.characters.people import ATTRIBUTES, Character
from datamodules.errors import DataError

DRAWN = 16  # the size of the hand-drawn parts
SIZES = (DRAWN, 24, 32)
SPREAD = 0.7  # sigma of a vote, in drawn pixels: more rounds corners and loses points
NUDGE = 0.4  # a fine pixel votes from this share of its way off the middle of the drawn one
FILLED = 0.4  # share of votes for an opaque pixel: below a half, so that points of hair survive
WHOLE = b"eMuR"  # letters of small things, which keep exactly the pixels they were drawn with
EMPTY, CUT, INK, EYE, MOUTH = b"._keM"

PALETTE = np.array(
    [(0, 0, 0, 0), *((c >> 16, c >> 8 & 255, c & 255, 255) for c in COLOURS.values())], np.uint8
)  # RGBA; row 0 is transparent
_ROW = {name: row for row, name in enumerate(COLOURS, start=1)}


class Layer(NamedTuple):
    """Parts that share a place: which attributes choose one, and where its corner lies."""

    attributes: tuple[str, ...]
    parts: Mapping[tuple[str, ...], np.ndarray]
    row: int
    column: int


def _layer(attribute: str, parts: dict[str, np.ndarray], column: int = 1) -> Layer:
    return Layer((attribute,), {(name,): part for name, part in parts.items()}, 1, column)


_OUTFITS: dict[tuple[str, ...], np.ndarray] = {
    (body, name): part for body, sheet in CLOTHES.items() for name, part in sheet.items()
}
LAYERS = (  # from bottom to top
    Layer(("body", "clothes"), _OUTFITS, row=9, column=2),
    _layer("head", HEADS),
    _layer("hair", HAIR),
    _layer("hat", HATS),
    _layer("head", FACES),
    _layer("tool", TOOLS, column=10),
)
_SHAPE = ("body", "head", "hair", "hat", "clothes", "tool")
_INK = ("skin", "hair_colour", "cloth_colour", "belt")  # these only colour


def draw(character: Character, size: int = DRAWN) -> np.ndarray:
    """One sprite, RGBA uint8 `(size, size, 4)`; see `draw_all`."""
    return draw_all([character], size)[0]


def draw_all(characters: Sequence[Character], size: int = DRAWN) -> np.ndarray:
    """RGBA uint8 `(N, size, size, 4)` of N >= 1 characters: alpha 0 or 255, RGB 0 where it is 0.

    Raises:
        DataError: the size is not 16, 24 or 32.
    """
    return PALETTE[palette_rows(worn_by(characters), size)]


def worn_by(characters: Sequence[Character]) -> dict[str, list[str]]:
    """Attribute -> its value for each of the characters."""
    return {name: [getattr(each, name) for each in characters] for name in ATTRIBUTES}


def palette_rows(worn: Mapping[str, Sequence[str]], size: int) -> np.ndarray:
    """Characters as rows of `PALETTE`, uint8 `(N, size, size)`.

    Args:
        worn: attribute -> its value for each of N >= 1 characters.
        size: of the sprites, 16, 24 or 32.
    """
    if size not in SIZES:
        raise DataError(f"The forge draws sprites of 16, 24 or 32 px, not {size}; change size.")
    shapes: dict[tuple[str, ...], int] = {}  # each is drawn once, however it is coloured
    which = [
        shapes.setdefault(one, len(shapes)) for one in zip(*(worn[a] for a in _SHAPE), strict=True)
    ]
    figures = np.stack([_figure(dict(zip(_SHAPE, shape, strict=True))) for shape in shapes])
    letters = _inked(_lit(_grown(figures, size)) if size > DRAWN else figures)[which]
    inks: dict[tuple[str, ...], int] = {}
    coloured = zip(*(worn[a] for a in _INK), strict=True)
    whose = [inks.setdefault(ink, len(inks)) for ink in coloured]
    colours = np.stack([_colours(*ink) for ink in inks])[whose]
    return colours[np.arange(len(letters))[:, None, None], letters]


def drop(body: str) -> int:
    """By how many drawn pixels head and hands of this body are lower than those of the others."""
    return int(body == "small")


def votes(size: int) -> np.ndarray:
    """How much a fine pixel heeds each drawn one along an axis, `(size, 16)`; the identity at 16.

    Whole numbers in float32, so that sums are exact and a tie is the same tie on every machine.
    """
    if size == DRAWN:
        return np.eye(DRAWN, dtype=np.float32)
    centres = (np.arange(size) + 0.5) * DRAWN / size
    middles = _homes(size) + 0.5
    seats = middles + NUDGE * (centres - middles)
    distance = np.abs(seats[:, None] - np.arange(DRAWN) - 0.5)
    weight = np.exp(-(distance**2) / (2 * SPREAD**2)) * (distance < 1)
    return np.round(32 * weight).astype(np.float32)


def neighbours(grid: np.ndarray, beyond: int) -> tuple[np.ndarray, ...]:
    """What lies above, below, left and right of the pixels `(..., H, W)`; `beyond` is outside."""
    wide = np.pad(grid, [(0, 0)] * (grid.ndim - 2) + [(1, 1)] * 2, constant_values=beyond)
    rows, columns = wide[..., 1:-1], wide[..., 1:-1, :]
    return rows[..., :-2, :], rows[..., 2:, :], columns[..., :-2], columns[..., 2:]


def _homes(size: int) -> np.ndarray:
    """The drawn pixel in which each fine one lies along an axis; on a border, the first."""
    return np.ceil((np.arange(size) + 0.5) * DRAWN / size).astype(np.intp) - 1


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


def _grown(figures: np.ndarray, size: int) -> np.ndarray:
    """Letters `(N, 16, 16)` -> `(N, size, size)`; with equal votes the first in ASCII wins."""
    heed = votes(size)
    homes = figures[:, _homes(size)[:, None], _homes(size)]
    grown = np.full(homes.shape, EMPTY, np.uint8)
    most = np.zeros(homes.shape, np.float32)
    for letter in np.setdiff1d(figures, [EMPTY, *WHOLE]):
        count = heed @ (figures == letter).astype(np.float32) @ heed.T
        np.copyto(grown, letter, where=count > most)
        np.maximum(most, count, out=most)
    filled = heed @ (figures != EMPTY).astype(np.float32) @ heed.T
    grown[filled < FILLED * np.outer(heed.sum(1), heed.sum(1))] = EMPTY
    return np.where(np.isin(homes, list(WHOLE)), homes, grown)


_RAMPS = (b"sz", b"Ccd", b"Llm", b"Hhj", b"WGgy", b"Oon", b"PRr", b"iI", b"b", b"u", b"t")
_SHADED = 3  # the first ramps, skin, cloth and leather, receive contact shadows
_DARKER = np.arange(128, dtype=np.uint8)
_MATERIAL = np.zeros(128, np.uint8)  # the number of the ramp from 1; 0 casts no shadow
for _number, _ramp in enumerate(_RAMPS, start=1):
    _MATERIAL[list(_ramp)] = _number
    _DARKER[list(_ramp[:-1])] = list(_ramp[1:])
_MATERIAL[[EYE, MOUTH]] = _MATERIAL[ord("s")]


def _lit(letters: np.ndarray) -> np.ndarray:
    """Light from the upper left, shadows below what lies on top, a glint in the eye, a smile."""
    above, below, left, right = neighbours(letters, EMPTY)
    edge = (below == EMPTY) | (right == EMPTY)
    under, over = _MATERIAL[letters], _MATERIAL[above]
    covered = (under > 0) & (under <= _SHADED) & (over > 0) & (over != under)
    lit = letters.copy()
    for shade in (edge, covered):
        lit[shade] = _DARKER[lit[shade]]
    lit[(letters == EYE) & (above != EYE) & (left == EYE)] = ord("W")
    corner, upper = (left != MOUTH) | (right != MOUTH), above != MOUTH
    lit[(letters == MOUTH) & (corner == upper)] = ord("z")  # a smile has its corners up
    return lit


def _inked(letters: np.ndarray) -> np.ndarray:
    """The letters with ink on every transparent pixel that touches the figure with a side."""
    outside = (letters == EMPTY) & np.any([n != EMPTY for n in neighbours(letters, EMPTY)], 0)
    return np.where(outside, np.uint8(INK), letters)


_FIXED = np.zeros(128, np.uint8)
for _letters, _names in MATERIALS.items():
    _FIXED[list(_letters.encode())] = [_ROW[name] for name in _names]


def _colours(skin: str, hair_colour: str, cloth_colour: str, belt: str) -> np.ndarray:
    """Letter -> row of the palette, uint8 `(128,)`."""
    bare, cloth = SKIN[skin], CLOTH_COLOUR[cloth_colour]
    girdle = BELT[belt] or (cloth[-1], cloth[-1])
    names = (*bare, bare[0], *HAIR_COLOUR[hair_colour], *cloth, *girdle)
    colours = _FIXED.copy()
    colours[list(b"szMHhjCcdbu")] = [_ROW[name] for name in names]
    return colours
