"""Cells of a sprite sheet: how a sheet is cut, and how the cut is found when nobody says it.

A cut is right when few things cross it. Let `K` be the number of places along a line where the
pixels on both sides are opaque and equal. The lines between the cells of a good layout have a
small share `R = mean K there / mean K elsewhere`, and of all layouts that with the largest
`(1 - R)^2 sqrt(lines)` wins: half of the true size cuts through the sprites, and twice the true
size has half of the lines.
"""

from dataclasses import dataclass

import numpy as np

from datamodules.arrays import packed

CLEAR = 0.75  # a layout with a larger share than this is no better than chance
SMALLEST, LARGEST, WIDEST_GUTTER = 4, 256, 16  # pixels


@dataclass(frozen=True)
class Layout:
    """Cells of `height x width` pixels, `spacing` apart, after a margin at the top and left."""

    height: int
    width: int
    margin: int = 0
    spacing: int = 0

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether whole cells fill a sheet `(H, W)`, but for a margin or a gutter at its end."""
        for length, cell in zip(shape[:2], (self.height, self.width), strict=True):
            rest = (length - self.margin + self.spacing) % (cell + self.spacing)
            if cell + self.margin > length or rest not in (0, self.margin, self.spacing):
                return False
        return True

    def starts(self, length: int, cell: int) -> np.ndarray:
        """First pixel of every cell along an axis of that length."""
        return np.arange(self.margin, length - cell + 1, cell + self.spacing)

    def cut(self, sheet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cells `(n, height, width, C)` of a sheet `(H, W, C)`; rows and columns `(n, 2)`."""
        tops = self.starts(sheet.shape[0], self.height)
        lefts = self.starts(sheet.shape[1], self.width)
        cells = [
            sheet[top : top + self.height, left : left + self.width]
            for top in tops
            for left in lefts
        ]
        return np.stack(cells), np.argwhere(np.ones((len(tops), len(lefts))))


def find(sheet: np.ndarray) -> Layout | None:
    """The layout of square cells that suits a canonical RGBA sheet `(H, W, 4)`; None in doubt."""
    colours = packed(sheet[None])[0]
    colours = np.where(colours == ground(sheet), 0, colours)
    axes = (_Axis(colours), _Axis(colours.T))
    best, best_score = None, 0.0
    for layout in _candidates(sheet.shape):
        shares = [axis.share(layout) for axis in axes]
        lines = sum(count for _, count in shares)
        ratio = sum(ratio * count for ratio, count in shares) / lines if lines else 1.0
        score = (1 - ratio) ** 2 * np.sqrt(lines)
        if ratio < CLEAR and score > best_score + 1e-9:
            best, best_score = layout, score
    return best


def ground(sheet: np.ndarray) -> int:
    """What lies behind the sprites: transparency, or in an opaque sheet the colour of its rim."""
    if (sheet[..., 3] == 0).any():
        return 0
    rim = np.concatenate([sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]])
    colours, counts = np.unique(packed(rim[None, None]), return_counts=True)
    return int(colours[counts.argmax()])


def _candidates(shape: tuple[int, ...]) -> list[Layout]:
    """Layouts that fit; of equals those first that people use: multiples of 8, small gutters."""
    layouts = [
        Layout(cell, cell, margin, spacing)
        for cell in range(SMALLEST, min(LARGEST, *shape[:2]) + 1)
        for margin in range(min(cell // 2, WIDEST_GUTTER) + 1)
        for spacing in range(min(cell // 2, WIDEST_GUTTER) + 1)
    ]
    fitting = [layout for layout in layouts if layout.fits(shape)]
    return sorted(
        fitting,
        key=lambda cut: (
            cut.width % 8 > 0,
            cut.width % 4 > 0,
            cut.margin not in (0, cut.spacing),
            cut.margin + cut.spacing,
        ),
    )


class _Axis:
    """What crosses the lines between the columns of `colours (rows, columns)`; 0 is ground."""

    def __init__(self, colours: np.ndarray) -> None:
        left, right = colours[:, :-1], colours[:, 1:]
        self.crossings = ((left == right) & (left != 0)).sum(axis=0)
        one_colour = (colours == colours[:1]).all(axis=0)
        self.flat = np.where(one_colour, colours[0].astype(np.int64), -1)  # colour of flat columns

    def share(self, layout: Layout) -> tuple[float, int]:
        """`R` and the number of lines; `R` is infinite where gutters are not all of one colour."""
        starts = layout.starts(len(self.flat), layout.width)
        between = np.ones(len(self.flat), bool)
        between[starts[:, None] + np.arange(layout.width)] = False
        gutters = self.flat[between]
        if (gutters != gutters[:1]).any() or -1 in gutters[:1]:
            return np.inf, 1
        lines = starts[1:] - 1
        here = self.crossings[lines].sum()
        elsewhere = self.crossings.sum() - here
        if not len(lines) or not elsewhere:
            return 1.0, len(lines)
        if layout.spacing:
            return 0.0, len(lines)
        ratio = (here / len(lines)) / (elsewhere / (len(self.crossings) - len(lines)))
        return float(ratio), len(lines)
