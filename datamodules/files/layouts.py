"""The layouts that a sheet may have, each with log odds: its evidence, less what its shape costs.

Sides that are no multiple of 8, gutters, margins, short cells and cells that are not square are
rare, and cost what that says. Planes are colours uint32 `(H, W)` in which 0 is ground.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from datamodules.files.cells import MAX_CELL, MIN_CELL, WIDEST_GUTTER, Axis, Layout
from datamodules.files.evidence import REPEATED, USUAL, Evidence, alternation, repetition

KEPT = 40  # axes that are combined with those of the other
COMPARED = 16  # layouts of which the cells are compared
PIXELS = 2**20  # of the cells that are compared
WALKERS = ((8, 12), (4, 3), (4, 4))  # rows and columns of sheets of walking people

Planes = Sequence[np.ndarray]
Both = tuple[Evidence, Evidence]


def evidence_of(planes: Planes) -> Both:
    """Along the height and along the width of sheets of one size."""
    return Evidence(np.concatenate([plane.T for plane in planes])), Evidence(
        np.concatenate(planes)
    )


def layouts(planes: Planes, evidence: Both, plain: bool = False) -> list[tuple[float, Layout]]:
    """Layouts with their log odds, best first.

    Args:
        planes: of one size.
        evidence: along the height and along the width.
        plain: only cells of multiples of 8 without gutters, and without margins but at the right.
    """
    rows, columns = evidence
    found = [
        (one + other - shape_cost(y, x, rows.width, columns.width), Layout(y, x))
        for (one, y), (other, x) in product(_axes(rows, plain), _axes(columns, plain))
        if not plain or y.after == 0
    ]
    found.sort(key=odds, reverse=True)
    found = [(each - content_cost(planes, grid), grid) for each, grid in found[:COMPARED]]
    return sorted(found, key=odds, reverse=True)


def odds(candidate: tuple[float, Any]) -> float:
    """What candidates are sorted by."""
    return candidate[0]


def axis_cost(axis: Axis) -> float:
    """Of an axis: even sides, narrow gutters and equal margins are usual."""
    cost = next((k for k, side in enumerate((8, 4, 2)) if axis.cell % side == 0), 3.0)
    if axis.spacing:
        cost += 1 + 0.2 * max(0, axis.spacing - 2)
    if axis.before:
        cost += 0.5 if axis.before in (axis.spacing, axis.after) else 1.5 + 0.2 * axis.before
    if axis.after not in (0, axis.before, axis.spacing):
        cost += 2 if axis.after > 0 else 3
    return cost


def shape_cost(rows: Axis, columns: Axis, height: int, width: int) -> float:
    """Of two axes together: square cells and equal gutters are usual."""
    counts = len(rows.starts(height)), len(columns.starts(width))
    cost = 0.0 if rows.cell == columns.cell else 0.5 if counts in WALKERS else 2.5
    cost += 3 * (max(rows.cell, columns.cell) > 2 * min(rows.cell, columns.cell))
    return cost + 3 * ((rows.before, rows.spacing) != (columns.before, columns.spacing))


def content_cost(planes: Planes, grid: Layout) -> float:
    """How much cells look like halves of cells, or like several in one; or 0."""
    cells = np.concatenate([_cells(plane, grid) for plane in planes], axis=1)
    turned = cells.transpose(1, 0, 3, 2, 4)
    halved = max(alternation(cells), alternation(turned) if len(planes) == 1 else 0.0, USUAL)
    repeated = min(repetition(cells), repetition(turned), REPEATED)
    return 2.5 * np.log(halved / USUAL) + 5 * np.log(REPEATED / max(repeated, 0.01))


def _axes(evidence: Evidence, plain: bool) -> list[tuple[float, Axis]]:
    """The best axes, with log odds."""
    found = []
    flat, width = evidence.flat, evidence.width
    for cell in range(8 if plain else MIN_CELL, min(MAX_CELL, width) + 1, 8 if plain else 1):
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
                    found.append((evidence.of(axis) - axis_cost(axis), axis))
    return sorted(found, key=odds, reverse=True)[:KEPT]


def _cells(plane: np.ndarray, grid: Layout) -> np.ndarray:
    """What is filled and how bright, float32 `(rows, columns, h, w, 2)`; some cells of many."""
    h, w = grid.rows.cell, grid.columns.cell
    most = max(4, int((PIXELS / (h * w)) ** 0.5))
    tops = grid.rows.starts(plane.shape[0])[:most]
    lefts = grid.columns.starts(plane.shape[1])[:most]
    whole = np.pad(plane[: tops[-1] + h, : lefts[-1] + w], ((0, h), (0, w)))  # short cells
    down = np.add.outer(tops, np.arange(h))[:, None, :, None]
    across = np.add.outer(lefts, np.arange(w))[None, :, None, :]
    colours = whole[down, across]
    parts = np.ascontiguousarray(colours)[..., None].view(np.uint8)[..., :3]
    bright = parts.mean(axis=-1, dtype=np.float32) / np.float32(255)
    return np.stack([(colours != 0).astype(np.float32), bright], axis=-1)
