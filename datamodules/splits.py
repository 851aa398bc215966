"""Training, validation and test rows: 80/10/10 by group, the same for the same data whatever the seed."""

import numpy as np

KEY = (
    1788  # keys the draw, and nothing else may: another seed must not move a sprite into training
)
PINNED = (
    "bob",
    "fred",
    "nancy",
)  # these three are always in training, so that they can be looked for


def split(groups: np.ndarray, pinned: np.ndarray) -> tuple[dict[str, np.ndarray], str | None]:
    """Positions int64 of the three parts, ascending, and a note where groups had to be divided.

    Args:
        groups: int64 `(n,)` numbers from 0; sprites of one group stay together. At least 3 sprites that
            are not pinned.
        pinned: bool `(n,)`, true where a sprite must be in training, and its group with it.
    """
    note = None
    if not _divisible(groups, pinned):
        groups = np.arange(len(groups))
        note = "too few groups of near duplicates for three parts, so the split divides groups"
    sizes = np.bincount(groups)
    part = np.zeros(len(sizes), np.int8)  # 0 training, 1 validation, 2 test
    free = np.setdiff1d(np.arange(len(sizes)), groups[pinned])
    room = [0, *[max(1, round(len(groups) / 10))] * 2]
    for group in np.random.default_rng(KEY).permutation(free).tolist():
        fitting = next((p for p in (1, 2) if sizes[group] <= room[p]), 0)
        part[group] = fitting
        room[fitting] -= sizes[group]
        if room[1] == room[2] == 0:
            break
    for p in (1, 2):
        if not (part == p).any():  # every free group is too large: the smallest has to do
            left = free[part[free] == 0]
            part[left[sizes[left].argmin()]] = p
    names = ("train", "val", "test")
    return {name: np.flatnonzero(part[groups] == p) for p, name in enumerate(names)}, note


def _divisible(groups: np.ndarray, pinned: np.ndarray) -> bool:
    kinds, held = len(np.unique(groups)), len(np.unique(groups[pinned]))
    return kinds >= 3 and kinds - held >= 2
