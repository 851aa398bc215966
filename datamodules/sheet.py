"""`data=sheet`: one sprite sheet, cut into cells that are given or found."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datamodules.arrays import Sprites, packed
from datamodules.errors import DataError
from datamodules.files.cells import LARGEST, SMALLEST, Layout, find, ground
from datamodules.files.grid import factor
from datamodules.files.images import read, smallest
from datamodules.sprites import SpriteDataModule


class SheetData(SpriteDataModule):
    """The cells of a sprite sheet, row by row, empty ones left out.

    Args:
        path: a PNG, GIF, BMP or WebP image.
        cell: side of a cell in pixels of the file, or (height, width); None finds cells, margin
            and spacing.
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
        """The cells as sprites called by their row and column, such as `r0c3`."""
        frames, rounded = read(self.path)
        if len(frames) > 1:
            raise DataError(f"{self.path} is an animation; give it to data=folder instead.")
        sheet = frames[0]
        enlarged = factor([frames]) if self.layout is None else 1
        sheet = sheet[::enlarged, ::enlarged]
        layout = self.layout or self._find(sheet)
        if not layout.fits(sheet.shape):
            raise DataError(self._misfit(layout, sheet.shape))
        cells, places = layout.cut(sheet)
        if self.layout is not None:
            enlarged = factor([cells])
            cells = cells[:, ::enlarged, ::enlarged]
        filled = (packed(cells) != ground(sheet)).any(axis=(1, 2))
        if not filled.any():
            raise DataError(f"All {len(cells)} cells of {self.path} are empty; check data.cell.")
        notes = [
            f"The sheet was cut into {len(cells)} cells of {layout.width} x {layout.height}"
            f" (margin {layout.margin}, spacing {layout.spacing}); {(~filled).sum()} are empty."
        ]
        if enlarged > 1:
            notes.append(f"The sheet was enlarged {enlarged} times; the true grid is used.")
        if rounded:
            notes.append("The sheet holds 16 bits per channel and was reduced to 8.")
        return Sprites(
            images=smallest(cells[filled]),
            names=tuple(f"r{row}c{column}" for row, column in places[filled]),
            notes=tuple(notes),
        )

    def _find(self, sheet: np.ndarray) -> Layout:
        layout = find(sheet)
        if layout is None:
            raise DataError(
                f"No grid of cells was found in {self.path}; give data.cell= in pixels,"
                " and data.margin= and data.spacing= where there are any."
            )
        return layout

    def _misfit(self, layout: Layout, shape: tuple[int, ...]) -> str:
        margin, spacing = layout.margin, layout.spacing
        sides = range(SMALLEST, min(LARGEST, *shape[:2]) + 1)
        fitting = [str(n) for n in sides if Layout(n, n, margin, spacing).fits(shape)]
        remedy = (
            f"data.cell={' or '.join(fitting)} would"
            if fitting
            else "give data.cell=[height,width], or the margin and spacing between cells"
        )
        return (
            f"Cells of {layout.width} x {layout.height} (margin {margin}, spacing {spacing})"
            f" do not divide {self.path}, which is {shape[1]} x {shape[0]}; {remedy}."
        )


def _layout(cell: int | Sequence[int], margin: int, spacing: int) -> Layout:
    sides = tuple(cell) if isinstance(cell, Sequence) else (cell, cell)
    numbers = (*sides, margin, spacing)
    whole = all(type(number) is int and number >= 0 for number in numbers)  # and no bool
    if len(sides) != 2 or not whole or 0 in sides:
        raise DataError(
            f"data.cell={cell} with margin {margin} and spacing {spacing} is no grid;"
            " give pixels, such as data.cell=16 or data.cell=[24,16] (height, width)."
        )
    return Layout(*sides, margin=margin, spacing=spacing)
