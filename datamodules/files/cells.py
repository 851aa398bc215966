"""How a sheet is cut: cells along two axes, in one band or in several of different sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from datamodules.arrays import packed

MIN_CELL, MAX_CELL, WIDEST_GUTTER = 4, 256, 16  # pixels


class Cell(NamedTuple):
    """A cell by its row and column, and the rectangle of the sheet that it is."""

    row: int
    column: int
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Axis:
    """Cells of `cell` pixels, `spacing` apart, between margins of `before` and `after` pixels.

    A negative `after` says by how much the last cell reaches beyond the end: it is short.
    """

    cell: int
    before: int = 0
    spacing: int = 0
    after: int = 0

    @property
    def pitch(self) -> int:
        """From the beginning of one cell to that of the next."""
        return self.cell + self.spacing

    def fits(self, length: int) -> bool:
        """Whether whole cells and the margins make up that length, one cell at least."""
        inside = length - self.before - self.after + self.spacing
        return inside >= self.pitch and inside % self.pitch == 0

    def starts(self, length: int) -> range:
        """The first pixel of every cell."""
        return range(self.before, length - self.after - self.cell + 1, self.pitch)


@dataclass(frozen=True)
class Layout:
    """A grid: `rows` along the height of a sheet, `columns` along its width."""

    rows: Axis
    columns: Axis

    def fits(self, height: int, width: int) -> bool:
        """Whether both axes do."""
        return self.rows.fits(height) and self.columns.fits(width)

    def typed(self) -> str:
        """The words that ask for this layout."""
        height, width = self.rows.cell, self.columns.cell
        cell = f"{height}" if height == width else f"[{height},{width}]"
        words = [f"data.cell={cell}"]
        margins = (self.rows.before, self.columns.after, self.rows.after, self.columns.before)
        if any(margins):
            words.append(f"data.margin={_shortest(margins)}")
        if self.rows.spacing or self.columns.spacing:
            words.append(f"data.spacing={_shortest((self.rows.spacing, self.columns.spacing))}")
        return " ".join(words)


def _shortest(numbers: tuple[int, ...]) -> str:
    same = len(set(numbers)) == 1
    return f"{numbers[0]}" if same else f"[{','.join(map(str, numbers))}]"


Bands = tuple[tuple[int, Layout], ...]  # from top to bottom: the height, and a layout of its own


@dataclass(frozen=True)
class Cut:
    """The bands of a sheet; nearly every sheet is one."""

    bands: Bands

    def cells(self, width: int) -> Iterator[Cell]:
        """All cells of a sheet of that width, row by row; rows are numbered through."""
        row, above = 0, 0
        for height, layout in self.bands:
            columns = layout.columns.starts(width)
            for top in layout.rows.starts(height):
                for column, left in enumerate(columns):
                    size = (layout.rows.cell, layout.columns.cell)
                    yield Cell(row, column, above + top, left, *size)
                row += 1
            above += height

    def typed(self) -> str:
        """The words that ask for this cut."""
        if len(self.bands) == 1:
            return self.bands[0][1].typed()
        sizes = [
            f"[{layout.rows.cell},{layout.columns.cell},{len(layout.rows.starts(height))}]"
            for height, layout in self.bands
        ]
        return f"data.cell=[{','.join(sizes)}]"


def take(sheet: np.ndarray, cell: Cell) -> np.ndarray:
    """The pixels `(height, width, C)` of a cell; where the sheet ends they show its ground."""
    part = sheet[cell.top : cell.top + cell.height, cell.left : cell.left + cell.width]
    if part.shape[:2] == (cell.height, cell.width):
        return part
    behind = np.array([ground(sheet)], np.uint32).view(np.uint8)
    whole = np.tile(behind, (cell.height, cell.width, 1))
    whole[: part.shape[0], : part.shape[1]] = part
    return whole


def plane(sheet: np.ndarray) -> np.ndarray:
    """Colours uint32 `(H, W)` of a canonical RGBA sheet; 0 is ground."""
    colours = packed(sheet[None])[0]
    return np.where(colours == ground(sheet), np.uint32(0), colours)


def ground(sheet: np.ndarray) -> int:
    """What lies behind the sprites: transparency, or in an opaque sheet the colour of its rim."""
    if (sheet[..., 3] == 0).any():
        return 0
    rim = np.concatenate([sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]])
    colours, counts = np.unique(packed(rim[None, None]), return_counts=True)
    return int(colours[counts.argmax()])
