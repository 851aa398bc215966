"""Which cells sheets have, when nobody says it: candidates, evidence, and a decision or none.

A candidate has log odds: what its lines say, less what its shape costs (sides that are no
multiple of 8, gutters, margins, short cells, cells that are not square). Two candidates that cut
the sprites alike are one. Where the best is not clearly better than the next, nothing is decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from datamodules.files.cells import (
    LARGEST,
    SMALLEST,
    WIDEST_GUTTER,
    Axis,
    Bands,
    Cut,
    Layout,
    joined,
    plane,
)
from datamodules.files.evidence import USUAL, Evidence, alternation

ENOUGH = 2.5  # log odds of a layout that is believed
CLEARLY = 2.0  # and by how much it must be better than the next
GUESSES, LITTLE = 3, 1.0  # candidates of which one is shown as a guess if its lines say so much
BAND = 4.0  # what another band of cells costs
KEPT = 40  # candidates of an axis that are combined with those of the other
COMPARED = 16  # layouts of which the cells are compared
TRIED = 3  # heights at which a band may end
SIDES = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128)  # pixels, for a first look at bands
WALKERS = ((8, 12), (4, 3), (4, 4))  # rows and columns of sheets of walking people


@dataclass(frozen=True)
class Finding:
    """The cut, or None; and the best candidates that are left: two where both explain it."""

    cut: Cut | None
    rivals: tuple[Cut, ...] = ()


def find(sheets: Sequence[np.ndarray]) -> Finding:
    """How canonical RGBA sheets `(H, W, 4)` of one size and one kind are cut."""
    planes = [plane(sheet) for sheet in sheets]
    height = planes[0].shape[0]
    evidence = _evidence(planes)
    candidates = [(odds, Cut(((height, grid),))) for odds, grid in _layouts(planes, evidence)]
    if not candidates:
        return Finding(None)
    more, bands = _in_bands(planes, candidates[0][1].bands[0][1])
    if len(bands) > 1:
        candidates.append((candidates[0][0] + more, Cut(joined(bands))))
    candidates.sort(key=_odds, reverse=True)
    odds, best = candidates[0]
    if odds < ENOUGH:
        return Finding(None, _guess([cut for _, cut in candidates[:GUESSES]], evidence))
    near = [cut for other, cut in candidates[1:] if odds - other < CLEARLY]
    rivals = [cut for cut in near if not _same(cut, best, evidence)]
    return Finding(None, (best, rivals[0])) if rivals else Finding(best)


def _guess(cuts: Sequence[Cut], evidence: tuple[Evidence, Evidence]) -> tuple[Cut, ...]:
    """The first whose lines say enough, whatever its shape costs; or none."""
    for cut in cuts:
        _, grid = cut.bands[0]
        if evidence[0].of(grid.rows) + evidence[1].of(grid.columns) > LITTLE:
            return (cut,)
    return ()


def _same(one: Cut, other: Cut, evidence: tuple[Evidence, Evidence]) -> bool:
    """Whether both cut the sprites alike."""
    if len(one.bands) > 1 or len(other.bands) > 1:
        return one == other
    (_, this), (_, that) = one.bands[0], other.bands[0]
    return evidence[0].same(this.rows, that.rows) and evidence[1].same(this.columns, that.columns)


def _layouts(
    planes: Sequence[np.ndarray], evidence: tuple[Evidence, Evidence], plain: bool = False
) -> list[tuple[float, Layout]]:
    """Layouts with their log odds, best first.

    Args:
        planes: colours uint32 `(H, W)`, in which 0 is ground.
        evidence: along the height and along the width.
        plain: only cells without gutters, and without margins but for one at the right.
    """
    rows, columns = evidence
    found = [
        (one + other - _shape_cost(y, x, rows.width, columns.width), Layout(y, x))
        for (one, y), (other, x) in product(_axes(rows, plain), _axes(columns, plain))
        if not plain or y.after == 0
    ]
    found.sort(key=_odds, reverse=True)
    found = [(odds - _halves_cost(planes, grid), grid) for odds, grid in found[:COMPARED]]
    return sorted(found, key=_odds, reverse=True)


def _odds(candidate: tuple[float, Any]) -> float:
    return candidate[0]


def _axes(evidence: Evidence, plain: bool) -> list[tuple[float, Axis]]:
    """The best axes, with log odds."""
    found = []
    flat, width = evidence.flat, evidence.width
    for cell in range(8 if plain else SMALLEST, min(LARGEST, width) + 1, 8 if plain else 1):
        widest = 0 if plain else min(cell // 2, WIDEST_GUTTER)
        for before in range(widest + 1):
            if before and (flat[before - 1] == -1 or flat[before - 1] != flat[0]):
                break
            for spacing in range(widest + 1):
                gutter = before + cell + spacing - 1
                if spacing and gutter < width and flat[gutter] == -1:
                    break
                axis = evidence.axis(cell, before, spacing)
                if axis:
                    found.append((evidence.of(axis) - _cost(axis), axis))
    return sorted(found, key=_odds, reverse=True)[:KEPT]


def _cost(axis: Axis) -> float:
    """Of an axis: even sides, narrow gutters and equal margins are usual."""
    cost = next((k for k, side in enumerate((8, 4, 2)) if axis.cell % side == 0), 3.0)
    if axis.spacing:
        cost += 1 + 0.2 * max(0, axis.spacing - 2)
    if axis.before:
        cost += 0.5 if axis.before in (axis.spacing, axis.after) else 1.5 + 0.2 * axis.before
    if axis.after not in (0, axis.before, axis.spacing):
        cost += 2 if axis.after > 0 else 3
    return cost


def _shape_cost(rows: Axis, columns: Axis, height: int, width: int) -> float:
    """Of two axes together: square cells and equal gutters are usual."""
    counts = len(rows.starts(height)), len(columns.starts(width))
    cost = 0.0 if rows.cell == columns.cell else 0.5 if counts in WALKERS else 2.5
    cost += 3 * (max(rows.cell, columns.cell) > 2 * min(rows.cell, columns.cell))
    return cost + 3 * ((rows.before, rows.spacing) != (columns.before, columns.spacing))


def _halves_cost(planes: Sequence[np.ndarray], grid: Layout) -> float:
    """How much cells look like halves of cells, or 0."""
    cells = np.concatenate([_cells(plane, grid) for plane in planes], axis=1)
    across = alternation(cells.swapaxes(0, 1)) if len(planes) == 1 else 0.0
    return 2.5 * np.log(max(alternation(cells), across, USUAL) / USUAL)


def _cells(plane: np.ndarray, grid: Layout) -> np.ndarray:
    """What is filled and how bright, float `(rows, columns, h, w, 2)`."""
    tops, lefts = grid.rows.starts(plane.shape[0]), grid.columns.starts(plane.shape[1])
    h, w = grid.rows.cell, grid.columns.cell
    whole = np.pad(plane, ((0, h), (0, w)))  # short cells end in ground
    down = np.add.outer(tops, np.arange(h))[:, None, :, None]
    across = np.add.outer(lefts, np.arange(w))[None, :, None, :]
    colours = whole[down, across]
    bright = np.ascontiguousarray(colours)[..., None].view(np.uint8)[..., :3].mean(axis=-1) / 255
    return np.stack([colours != 0, bright], axis=-1)


def _in_bands(planes: Sequence[np.ndarray], grid: Layout) -> tuple[float, Bands]:
    """Bands of cells of different sizes, and by how much they explain more than this layout."""
    height, width = planes[0].shape
    rows, columns = grid.rows, grid.columns
    whole: tuple[float, Bands] = (0.0, ((height, grid),))
    if rows.before or rows.spacing or columns.before or columns.spacing:
        return whole
    gain = _evidence(planes)[0].gain
    places = [y for y in range(8, height - 7, 8) if gain[y] > 0]
    places.sort(key=lambda y: -_promise(planes, slice(y)) - _promise(planes, slice(y, None)))
    cost = _cost(rows) + _cost(columns) + _shape_cost(rows, columns, height, width)
    found = []
    for y in places[:TRIED]:
        above, below = ([plane[part] for plane in planes] for part in (slice(y), slice(y, None)))
        tops, bottoms = (_layouts(band, _evidence(band), plain=True) for band in (above, below))
        if tops and bottoms and tops[0][1] != bottoms[0][1]:
            odds = tops[0][0] + bottoms[0][0] + gain[y] * (y % rows.cell > 0) - BAND + cost
            odds -= _through(above, grid, 0) + _through(below, grid, -y % rows.cell)
            found.append((odds, ((above, tops[0][1]), (below, bottoms[0][1]))))
    if not found or max(found, key=_odds)[0] <= 0:
        return whole
    odds, halves = max(found, key=_odds)
    parts = [_in_bands(band, layout) for band, layout in halves]
    return odds + sum(more for more, _ in parts), parts[0][1] + parts[1][1]


def _through(band: Sequence[np.ndarray], grid: Layout, first: int) -> float:
    """Log odds of what goes through a band of a layout whose first row ends after `first` rows."""
    rows, columns = _evidence(band)
    odds = rows.gain[first or grid.rows.cell : -1 : grid.rows.cell].sum() + columns.of(
        grid.columns
    )
    part = Layout(Axis(grid.rows.cell), grid.columns)
    return odds - _halves_cost(band, part) if first == 0 and part.rows.fits(rows.width) else odds


def _promise(planes: Sequence[np.ndarray], part: slice) -> float:
    """A quick estimate of the log odds of the best cells of these rows."""
    band = [plane[part] for plane in planes]
    height = band[0].shape[0]
    down, across = (axis.gain for axis in _evidence(band))
    rows = [down[side:-1:side].sum() for side in SIDES if height % side == 0]
    return max(rows, default=0.0) + max(across[side:-1:side].sum() for side in SIDES)


def _evidence(planes: Sequence[np.ndarray]) -> tuple[Evidence, Evidence]:
    """Along the height and along the width."""
    return Evidence(np.concatenate([plane.T for plane in planes])), Evidence(
        np.concatenate(planes)
    )
