"""`data=sheet`: one sprite sheet, cut into cells that are given or found."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datamodules.arrays import Sprites, packed
from datamodules.cells import Layout, find, ground
from datamodules.errors import DataError
from datamodules.grid import factor
from datamodules.images import read, smallest
from datamodules.sprites import SpriteDataModule


class SheetData(SpriteDataModule):
    """The cells of a sprite sheet, empty ones left out.

    Args:
        path: a PNG, GIF, BMP or WebP image.
        cell: side of a cell in pixels of the file, or (height, width); None finds cells, margin and spacing.
        margin: pixels before the first cell.
        spacing: pixels between two cells.
        common: `batch_size` and `seed`.
    """

    def __init__(
        self,
        path: str,
        cell: int | Sequence[int] | None = None,
        margin: int = 0,
        spacing: int = 0,
        **common: int,
    ) -> None:
        super().__init__(**common)
        self.path = Path(path).expanduser()
        self.layout = None if cell is None else _layout(cell, margin, spacing)

    def read(self) -> Sprites:
        """The cells, row by row from the top left."""
        frames, rounded = read(self.path)
        if len(frames) > 1:
            raise DataError(f"{self.path} is an animation; give it to data=folder instead.")
        layout, sheet, enlarged = self.layout, frames[0], 1
        if layout is None:
            enlarged = factor([frames])
            sheet = sheet[::enlarged, ::enlarged]
            layout = self._found(sheet)
        elif not layout.fits(sheet.shape):
            raise DataError(self._misfit(layout, sheet.shape))
        cells, places = layout.cut(sheet)
        if self.layout is not None:
            enlarged = factor([cells])
            cells = cells[:, ::enlarged, ::enlarged]
        filled = (packed(cells) != ground(sheet)).any(axis=(1, 2))
        notes = [
            f"The sheet was cut into {len(cells)} cells of {layout.width} x {layout.height} pixels (margin"
            f" {layout.margin}, spacing {layout.spacing}), {(~filled).sum()} of them empty and left out."
        ]
        if enlarged > 1:
            notes.append(f"The sheet was enlarged {enlarged} times and is read on its true grid.")
        if rounded:
            notes.append("The sheet holds 16 bits per channel and was rounded to 8.")
        if not filled.any():
            raise DataError(f"All {len(cells)} cells of {self.path} are empty; check data.cell.")
        return Sprites(
            images=smallest(cells[filled]),
            names=tuple(f"r{row}c{column}" for row, column in places[filled]),
            notes=tuple(notes),
        )

    def _found(self, sheet: np.ndarray) -> Layout:
        layout = find(sheet)
        if layout is None:
            raise DataError(
                f"No grid of cells was found in {self.path}; give data.cell= in pixels, and data.margin= and"
                " data.spacing= where there are any."
            )
        return layout

    def _misfit(self, layout: Layout, shape: tuple[int, ...]) -> str:
        height, width = shape[:2]
        margin, spacing = layout.margin, layout.spacing
        sides = range(4, min(height, width, 256) + 1)
        fitting = [str(n) for n in sides if Layout(n, n, margin, spacing).fits(shape)]
        return (
            f"Cells of {layout.width} x {layout.height} pixels (margin {margin}, spacing {spacing}) do not"
            f" divide {self.path}, which is {width} x {height};"
            f" data.cell= {', '.join(fitting) or 'no square'} would"
            + (
                "."
                if fitting
                else ", so give data.cell=[height,width] or another margin or spacing."
            )
        )


def _layout(cell: int | Sequence[int], margin: int, spacing: int) -> Layout:
    sides = (cell, cell) if isinstance(cell, int) else tuple(cell)
    numbers = (*sides, margin, spacing)
    whole = all(isinstance(number, int) and number >= 0 for number in numbers)
    if len(sides) != 2 or not whole or 0 in sides:
        raise DataError(
            f"data.cell={cell} with margin {margin} and spacing {spacing} is no grid; give pixels, such as"
            " data.cell=16 or data.cell=[24,16] (height, width)."
        )
    return Layout(*sides, margin=margin, spacing=spacing)
