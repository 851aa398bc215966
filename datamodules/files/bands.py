"""Rows of different sizes on one sheet: bands of plain cells, one below the other."""

import numpy as np

from datamodules.files.cells import Axis, Bands, Layout
from datamodules.files.evidence import gains
from datamodules.files.layouts import (
    Planes,
    axis_cost,
    content_cost,
    evidence_of,
    layouts,
    odds,
    shape_cost,
)

BAND = 4.0  # log odds that another band costs
TRIED = 3  # heights at which a band may end
SIDES = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128)  # pixels, for a first look


def in_bands(planes: Planes, grid: Layout) -> tuple[float, Bands]:
    """Bands of cells of different sizes, and by how much they explain more than this layout."""
    height, width = planes[0].shape
    rows, columns = grid.rows, grid.columns
    whole: tuple[float, Bands] = (0.0, ((height, grid),))
    if rows.before or rows.spacing or columns.before or columns.spacing:
        return whole
    gain = evidence_of(planes)[0].gain
    cost = axis_cost(rows) + axis_cost(columns) + shape_cost(rows, columns, height, width)
    found = []
    for y in _promising(planes, gain)[:TRIED]:
        above, below = ([plane[part] for plane in planes] for part in (slice(y), slice(y, None)))
        tops, bottoms = (layouts(band, evidence_of(band), plain=True) for band in (above, below))
        if tops and bottoms and tops[0][1] != bottoms[0][1]:
            more = tops[0][0] + bottoms[0][0] + gain[y] * (y % rows.cell > 0) - BAND + cost
            more -= _through(above, grid, 0) + _through(below, grid, -y % rows.cell)
            found.append((more, ((above, tops[0][1]), (below, bottoms[0][1]))))
    if not found or max(found, key=odds)[0] <= 0:
        return whole
    more, halves = max(found, key=odds)
    parts = [in_bands(band, layout) for band, layout in halves]
    return more + sum(each for each, _ in parts), joined(parts[0][1] + parts[1][1])


def joined(bands: Bands) -> Bands:
    """The same cells with neighbouring bands of one layout made one."""
    merged: list[tuple[int, Layout]] = []
    for height, layout in bands:
        if merged and merged[-1][1] == layout:
            height += merged.pop()[0]
        merged.append((height, layout))
    return tuple(merged)


def _through(band: Planes, grid: Layout, first: int) -> float:
    """Log odds of what goes through a band of a layout whose first row ends after `first` rows."""
    rows, columns = evidence_of(band)
    lines = rows.gain[first or grid.rows.cell : -1 : grid.rows.cell].sum()
    part = Layout(Axis(grid.rows.cell), grid.columns)
    halves = content_cost(band, part) if first == 0 and part.rows.fits(rows.width) else 0.0
    return float(lines) + columns.of(grid.columns) - halves


def _promising(planes: Planes, gain: np.ndarray) -> list[int]:
    """Heights at which a band may end, those first that promise most at a quick look.

    Args:
        planes: of one size.
        gain: log odds of a line above each row.
    """
    height = planes[0].shape[0]
    places = [y for y in range(8, height - 7, 8) if gain[y] > 0]
    if not places:
        return []
    crossings = np.sum([_above(_crossings(plane), places) for plane in planes], axis=0)
    filled = np.sum([_above(plane != 0, places) for plane in planes], axis=0)

    def promise(k: int) -> float:
        total = 0.0
        for part, start, stop in ((k, 0, places[k]), (-1, places[k], height)):
            counts, shown = crossings[part], filled[part]
            if part == -1:
                counts, shown = counts - crossings[k], shown - filled[k]
            across = gains(counts, shown > 0)
            rows = [
                gain[start + side : stop : side].sum()
                for side in SIDES
                if (stop - start) % side == 0
            ]
            total += max(rows, default=0.0) + max(across[side:-1:side].sum() for side in SIDES)
        return total

    order = sorted(range(len(places)), key=promise, reverse=True)
    return [places[k] for k in order]


def _crossings(plane: np.ndarray) -> np.ndarray:
    """Where two neighbours in a row are equal and no ground, bool `(H, W - 1)`."""
    return (plane[:, :-1] == plane[:, 1:]) & (plane[:, 1:] != 0)


def _above(where: np.ndarray, places: list[int]) -> np.ndarray:
    """How many of each column lie above each of these rows, and in all: `(places + 1, W)`."""
    return np.cumsum(np.add.reduceat(where, [0, *places], axis=0, dtype=np.int32), axis=0)
