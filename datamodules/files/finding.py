"""Which cells sheets have, when nobody says it: candidates, evidence, and a decision or none.

Two candidates that cut the sprites alike are one. Where the best is not clearly better than the
next, nothing is decided.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datamodules.files.bands import in_bands
from datamodules.files.cells import Cut, plane
from datamodules.files.layouts import Both, evidence_of, layouts, odds

ENOUGH = 2.5  # log odds of a layout that is believed
CLEARLY = 2.0  # and by how much it must be better than the next
AGAINST = 3.0  # log odds by which neighbouring lines may speak against a layout that is believed
GUESSES, LITTLE = 3, 1.0  # candidates of which one is shown as a guess if its lines say so much


@dataclass(frozen=True)
class Finding:
    """The cut, or None; and the best candidates that are left: two where both explain it."""

    cut: Cut | None
    rivals: tuple[Cut, ...] = ()


def find(sheets: Sequence[np.ndarray]) -> Finding:
    """How canonical RGBA sheets `(H, W, 4)` of one size and one kind are cut."""
    planes = [plane(sheet) for sheet in sheets]
    height = planes[0].shape[0]
    evidence = evidence_of(planes)
    candidates = [(each, Cut(((height, grid),))) for each, grid in layouts(planes, evidence)]
    if not candidates:
        return Finding(None)
    more, bands = in_bands(planes, candidates[0][1].bands[0][1])
    if len(bands) > 1:
        candidates.append((candidates[0][0] + more, Cut(bands)))
    candidates.sort(key=odds, reverse=True)
    most, best = candidates[0]
    if most < ENOUGH:
        return Finding(None, _guess([cut for _, cut in candidates[:GUESSES]], evidence))
    if _against(best, evidence) > AGAINST:
        return Finding(None, (best,))
    near = [cut for other, cut in candidates[1:] if most - other < CLEARLY]
    rivals = [cut for cut in near if not _same(cut, best, evidence)]
    return Finding(None, (best, rivals[0])) if rivals else Finding(best)


def _against(cut: Cut, evidence: Both) -> float:
    """How much the lines of one stretch of a sheet speak against a cut, log odds.

    Where most rows fit and those of one part do not, the sheet has rows of several sizes. A band
    that is a single row of slender cells is what is left of a sheet that no lines explain.
    """
    if len(cut.bands) > 1:
        alone = any(high == it.rows.cell > 2 * it.columns.cell for high, it in cut.bands)
        return math.inf if alone else 0.0
    falls, (_, grid) = [0.0], cut.bands[0]
    for along, axis in zip(evidence, (grid.rows, grid.columns), strict=True):
        if not axis.spacing:
            risen = np.cumsum([0.0, *along.gain[axis.starts(along.width)[1:]]])
            falls.append(float((np.maximum.accumulate(risen) - risen).max()))
    return max(falls)


def _guess(cuts: Sequence[Cut], evidence: Both) -> tuple[Cut, ...]:
    """The first whose lines say enough, whatever its shape costs; or none."""
    for cut in cuts:
        _, grid = cut.bands[0]
        if evidence[0].of(grid.rows) + evidence[1].of(grid.columns) > LITTLE:
            return (cut,)
    return ()


def _same(one: Cut, other: Cut, evidence: Both) -> bool:
    """Whether both cut the sprites alike."""
    if len(one.bands) > 1 or len(other.bands) > 1:
        return one == other
    (_, this), (_, that) = one.bands[0], other.bands[0]
    return evidence[0].same(this.rows, that.rows) and evidence[1].same(this.columns, that.columns)
