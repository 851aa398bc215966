"""Cells of a sheet as they are typed: `data.cell= data.margin= data.spacing=`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datamodules.errors import DataError
from datamodules.files.cells import MAX_CELL, MIN_CELL, Axis, Cut, Layout, plane

Band = tuple[int, int, int | None]  # height and width of a cell, and how many rows of them


@dataclass(frozen=True)
class Given:
    """What was typed.

    Args:
        bands: one whose rows fill the sheet, or several from the top.
        margins: top, right, bottom, left; right and bottom None where nobody said them.
        spacing: vertical, horizontal.
    """

    bands: tuple[Band, ...]
    margins: tuple[int, int | None, int | None, int]
    spacing: tuple[int, int]

    def cut(self, sheets: Sequence[np.ndarray], path: Path) -> Cut:
        """The cut of sheets `(H, W, 4)` of one size.

        Raises:
            DataError: the cells do not make up the sheets.
        """
        filled = np.max([plane(sheet) for sheet in sheets], axis=0) > 0
        height, width = filled.shape
        bands, above = [], 0
        for band_height, band_width, count in self.bands:
            end = height if count is None else above + count * band_height
            layout = self._layout(band_height, band_width, filled[above:end])
            if layout is None or end > height:
                raise DataError(self._misfit(band_height, band_width, filled, path))
            bands.append((end - above, layout))
            above = end
        if filled[above:].any():
            raise DataError(
                f"The bands of data.cell end after {above} of {height} rows of pixels of {path};"
                " give all of them as [height,width,rows]."
            )
        return Cut(tuple(bands))

    def _layout(self, height: int, width: int, filled: np.ndarray) -> Layout | None:
        """Cells of these sides with what is left at the ends, or None."""
        top, right, bottom, left = self.margins
        down, across = self.spacing
        rows = _axis(height, top, down, bottom, np.any(filled, axis=1))
        columns = _axis(width, left, across, right, np.any(filled, axis=0))
        return Layout(rows, columns) if rows and columns else None

    def _misfit(self, height: int, width: int, filled: np.ndarray, path: Path) -> str:
        """What does not divide, and what would."""
        size = (
            f"Cells of {width} x {height} (margin {self.margins[0]}, spacing {self.spacing[0]}) do"
            f" not divide {path}, which is {filled.shape[1]} x {filled.shape[0]}; "
        )
        sides = range(MIN_CELL, min(MAX_CELL, *filled.shape) + 1)
        fitting = [str(side) for side in sides if self._layout(side, side, filled)]
        forms = [f"data.cell={' or '.join(fitting[:12])} would"] if fitting else []
        if completed := self._completed(height, width, filled):
            forms.append(f"{completed} completes the last ones")
        return size + (", and ".join(forms) if forms else "give data.cell=[height,width]") + "."

    def _completed(self, height: int, width: int, filled: np.ndarray) -> str | None:
        """The words that complete short cells at the ends."""
        ends = zip((height, width), self.margins[::3], self.spacing, filled.shape, strict=True)
        axes = []
        for cell, before, spacing, length in ends:
            rest = (length - before + spacing) % (cell + spacing)
            axes.append(Axis(cell, before, spacing, rest and rest - cell - spacing))
        rows, columns = axes
        if len(self.bands) > 1 or not (
            rows.fits(filled.shape[0]) and columns.fits(filled.shape[1])
        ):
            return None
        return Layout(rows, columns).typed()


def given_cells(cell: Any, margin: Any, spacing: Any) -> Given:
    """What was typed, as numbers.

    Raises:
        DataError: they are no grid.
    """
    bands, margins, between = _bands(cell), _numbers(margin, 4), _numbers(spacing, 2)
    if not (bands and margins and between) or min(margins[0], margins[3], *between) < 0:
        raise DataError(
            f"data.cell={cell} with margin {margin} and spacing {spacing} is no grid;"
            " give pixels, such as data.cell=16 or data.cell=[24,16] (height, width)."
        )
    top, right, bottom, left = margins
    ends = (right, bottom) if _several(margin) else (None, None)
    return Given(bands, (top, *ends, left), (between[0], between[1]))


def _bands(cell: Any) -> tuple[Band, ...]:
    """The bands, or none where they are no whole numbers."""
    if not (_several(cell) and len(cell) and all(map(_several, cell))):
        sides = _numbers(cell, 2)
        return ((sides[0], sides[1], None),) if sides and min(sides) > 0 else ()
    bands = [_numbers(band, 3) for band in cell]
    whole = all(band and min(band) > 0 for band in bands)
    return tuple((band[0], band[1], band[2]) for band in bands) if whole else ()


def _several(typed: Any) -> bool:
    return isinstance(typed, Sequence) and not isinstance(typed, str)


def _numbers(typed: Any, count: int) -> tuple[int, ...]:
    """So many whole numbers, or one for all of them; none where they are no such."""
    numbers = tuple(typed) if _several(typed) else (typed,) * count
    whole = all(type(number) is int and abs(number) < 2**16 for number in numbers)
    return numbers if len(numbers) == count and whole else ()


def _axis(
    cell: int, before: int, spacing: int, after: int | None, filled: np.ndarray
) -> Axis | None:
    """An axis of that length, or None: what is left at the end may hold no sprite."""
    length = len(filled)
    if after is None:
        after = max(0, length - before + spacing) % (cell + spacing)
        if after not in (0, before, spacing) and filled[length - after :].any():
            return None
    axis = Axis(cell, before, spacing, after)
    return axis if axis.fits(length) and after > -cell else None
