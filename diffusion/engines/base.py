"""Sprites on a sheet, and the files that say to an engine or an editor what is where."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
from torch import Tensor

from diffusion.errors import UserError

MOST_PIXELS = 16_384  # a side of a sheet; graphics cards take no larger textures


class Rectangle(NamedTuple):
    """Where a sprite is on its sheet, in pixels from the top left."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class Layout:
    """How sprites stand on a sheet: row by row, sprite k in column k % columns.

    Args:
        columns: sprites in a row; about a square when None.
        spacing: pixels between sprites, clear ones.
        margin: pixels around all of them.
        power_of_two: sides of the sheet are filled up to 16, 32, 64, ...
        scale: pixels a side for each pixel of a sprite, by repeating it.

    Raises:
        UserError: a value that makes no sheet.
    """

    columns: int | None = None
    spacing: int = 0
    margin: int = 0
    power_of_two: bool = False
    scale: int = 1

    def __post_init__(self) -> None:
        for key, least in (("columns", 1), ("spacing", 0), ("margin", 0), ("scale", 1)):
            value = getattr(self, key)
            if value is None and key == "columns":
                continue
            if type(value) is not int or not least <= value <= MOST_PIXELS:
                raise UserError(f"sheet.{key}={value} must be a whole number, {least} or more.")
        if not isinstance(self.power_of_two, bool):
            raise UserError(f"sheet.power_of_two={self.power_of_two} must be true or false.")

    def rectangles(self, n: int, height: int, width: int) -> list[Rectangle]:
        """Where each of n sprites is."""
        columns, w, h = self.columns or ceil(sqrt(n)), width * self.scale, height * self.scale
        return [
            Rectangle(
                self.margin + k % columns * (w + self.spacing),
                self.margin + k // columns * (h + self.spacing),
                w,
                h,
            )
            for k in range(n)
        ]

    def size(self, n: int, height: int, width: int) -> tuple[int, int]:
        """Width and height of the sheet.

        Raises:
            UserError: it is larger than any engine takes.
        """
        columns, scale = self.columns or ceil(sqrt(n)), self.scale
        cells = columns, ceil(n / columns)
        sides = [
            2 * self.margin + count * side * scale + (count - 1) * self.spacing
            for count, side in zip(cells, (width, height), strict=True)
        ]
        if self.power_of_two:
            sides = [1 << (side - 1).bit_length() for side in sides]
        if max(sides) > MOST_PIXELS:
            raise UserError(
                f"The sheet would be {sides[0]:,} x {sides[1]:,} pixels, and {MOST_PIXELS:,} are "
                "the most; give shards=, or less of sheet.scale or sheet.spacing."
            )
        return sides[0], sides[1]

    def sheet(self, images: Tensor) -> Tensor:
        """uint8 `(N, C, H, W)` -> `(C, height, width)`; where no sprite is, it is 0."""
        n, channels, height, width = images.shape
        across, down = self.size(n, height, width)
        whole = images.new_zeros(channels, down, across)
        large = images.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)
        for image, (x, y, w, h) in zip(large, self.rectangles(n, height, width), strict=True):
            whole[:, y : y + h, x : x + w] = image
        return whole


@dataclass(frozen=True)
class Taken:
    """Sprites that are taken away.

    Attributes:
        images: uint8 `(N, C, H, W)`.
        names: of each, all different.
        labels: name of each label, or None; empty without labels.
        colours: uint8 `(K, C)`, the colours of the training sprites in their order; None where
            they have more than a palette.
        layout: of the sheet.
        tag: what tells the files of a part from those of others.
    """

    images: Tensor
    names: Sequence[str]
    labels: Sequence[str | None]
    colours: np.ndarray | None
    layout: Layout
    tag: str = ""

    @property
    def sheet(self) -> str:
        """Name of the sheet's file."""
        return f"sheet{self.tag}.png"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sheet."""
        return self.layout.size(len(self.images), *self.images.shape[2:])

    @property
    def rectangles(self) -> list[Rectangle]:
        """Where each sprite is on it."""
        return self.layout.rectangles(len(self.images), *self.images.shape[2:])


def tags_of(taken: Taken) -> list[tuple[str, int, int]]:
    """(label, first, last) of the sprites of each label; none if one's stand in two places."""
    tags: list[tuple[str, int, int]] = []
    first = 0
    for label, some in groupby(taken.labels):
        count = len(list(some))
        if label is not None:
            tags.append((label, first, first + count - 1))
        first += count
    return tags if len({name for name, _, _ in tags}) == len(tags) else []


class EngineFile(ABC):
    """A kind of files beside the sheet. A new kind writes `names` and `content`."""

    @abstractmethod
    def names(self, tag: str) -> tuple[str, ...]:
        """What the files of a part are called."""

    @abstractmethod
    def content(self, taken: Taken) -> tuple[bytes, ...]:
        """What is in them.

        Raises:
            UserError: these sprites cannot be written so.
        """
