"""What a sheet says about lines between its cells, as log odds that may be added.

A cut is right when few things cross it. At each place along an axis let `c` be the number of
pixel pairs across it that are equal and no ground, and `u` the share of places with fewer: where
nothing is a line, `u` is uniform; on a line it is small. A line speaks for a layout by
`log f(u)`, with `f` the density of a truncated exponential and a floor, because some art joins
over the lines of its cells. Places with equal `c` share their part of `u`, so that gaps say little
in a sheet that is full of them.

Half a cell may have clean lines too. But then every other cell is a left half and the rest are
right halves: `alternation` compares the mean of one kind with that of the other. And several
cells taken for one repeat themselves, as the frames of a walk do: `repetition` compares the parts
of a cell with each other and with those of its neighbours.
"""

import numpy as np

from datamodules.files.cells import Axis

SHARPNESS, FLOOR = 8.0, 0.08  # of f
DRAWN = 4.0  # log odds of gutters in which a line is drawn: no sprite has such a column
USUAL = 3.0  # alternation of true cells: below it in 19 of 20 sheets made from real sprites
REPEATED = 0.75  # repetition of true cells is above it


class Evidence:
    """Along the width of `colours` uint32 `(rows, width)`, in which 0 is ground.

    Attributes:
        width: pixels along the axis.
        filled: bool `(width,)`, whether a column holds anything but ground.
        gain: float `(width + 1,)`, log odds that a line lies before each pixel.
        flat: int64 `(width,)`, the colour of a column of one colour, else -1.
    """

    def __init__(self, colours: np.ndarray) -> None:
        self.width = colours.shape[1]
        left, right = colours[:, :-1], colours[:, 1:]
        self.filled = (colours != 0).any(axis=0)
        self.gain = gains(((left == right) & (left != 0)).sum(axis=0), self.filled)
        one_colour = (colours == colours[:1]).all(axis=0)
        self.flat = np.where(one_colour, colours[0].astype(np.int64), -1)

    def axis(self, cell: int, before: int, spacing: int) -> Axis | None:
        """Such cells and what is left after them; None where gutters or margins hold pixels.

        Where what is left is no plain margin, it is one more cell, which is short.
        """
        pitch = cell + spacing
        count = (self.width - before + spacing) // pitch
        if count < 1:
            return None
        after = self.width - before - count * pitch + spacing
        if after > 0 and not self._plain(self.width - after):
            after -= pitch
            if after + cell <= 0:  # what is left lies in the gutter
                return None
        place = np.arange(self.width) - before
        outside = (place < 0) | (place % pitch >= cell) | (place >= self.width - before - after)
        colours = self.flat[outside]
        if len(colours) and (colours[0] == -1 or (colours != colours[0]).any()):
            return None
        return Axis(cell, before, spacing, after)

    def of(self, axis: Axis) -> float:
        """Log odds for all lines between the cells of this axis."""
        starts = axis.starts(self.width)
        if len(starts) < 2:
            return 0.0
        begins = self.gain[starts[1] : starts[-1] + 1 : axis.pitch].sum()
        ends = self.gain[starts[0] + axis.cell : starts[-1] : axis.pitch].sum()
        drawn = axis.spacing > 0 and self.flat[starts[1] - 1] > 0
        return float(begins + ends) / 2 + DRAWN * drawn

    def same(self, one: Axis, other: Axis) -> bool:
        """Whether both cut the filled pixels into the same parts."""
        filled = np.flatnonzero(self.filled)
        parts = [
            np.searchsorted(axis.starts(self.width), filled, "right") for axis in (one, other)
        ]
        return not len(filled) or np.ptp(parts[0] - parts[1]) == 0

    def _plain(self, start: int) -> bool:
        """Whether all from there to the end is of one colour."""
        return bool((self.flat[start:] == self.flat[-1]).all()) and self.flat[-1] != -1


def repetition(cells: np.ndarray) -> float:
    """How much the halves or thirds of `(n, m, h, w, features)` differ along w.

    In units of how much they differ from those of the neighbouring cells: about 1.5 for true
    cells, 0.3 for three steps of a walk that are taken for one cell. Infinite for a single cell.
    """
    found = [np.inf]
    for count in (2, 3):
        if cells.shape[3] % count:
            continue
        parts = cells.reshape(*cells.shape[:3], count, -1, cells.shape[-1])
        within = np.mean((parts[:, :, :, 1:] - parts[:, :, :, :-1]) ** 2)
        for one, other in ((parts[1:], parts[:-1]), (parts[:, 1:], parts[:, :-1])):
            if one.size and (apart := np.mean((one - other) ** 2)) > 0:
                found.append(float(within / apart))
    return min(found)


def gains(crossings: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """Log odds `(width + 1,)` of a line before each pixel; 0 outside of all content."""
    gain = np.zeros(len(filled) + 1)
    inside = np.flatnonzero(filled)
    if len(inside) < 2:
        return gain
    counts = crossings[inside[0] : inside[-1]]
    order = np.sort(counts)
    low, high = (np.searchsorted(order, counts, side) / len(counts) for side in ("left", "right"))
    density = np.exp(-SHARPNESS * low) - np.exp(-SHARPNESS * high)
    density /= (1 - np.exp(-SHARPNESS)) * (high - low)
    gain[inside[0] + 1 : inside[-1] + 1] = np.log((1 - FLOOR) * density + FLOOR)
    return gain


def alternation(cells: np.ndarray) -> float:
    """How much every other cell of `(n, m, h, w, features)` differs from those between, along n.

    The square of the difference of the means, in units of what is expected where all cells are
    alike: about 1 for true cells, 10 to 100 for halves. 0 where there are too few cells.
    """
    one, other = (cells[k::2].reshape(-1, cells[0, 0].size) for k in (0, 1))
    n = len(one) + len(other)
    if n < 4 or len(other) < 2:
        return 0.0
    squares = sum(((part - part.mean(axis=0)) ** 2).sum() for part in (one, other))
    expected = squares / (n - 2) * (1 / len(one) + 1 / len(other))
    return float(((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum() / max(expected, 1e-9))
