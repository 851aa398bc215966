"""Training, validation and test by group, the same for the same data and any seed."""

import numpy as np

KEY = 1788  # keys the draw; were it the seed, another seed would move sprites into training
PINNED = ("bob", "fred", "nancy")  # always in training, so that they can be looked for
HELD_OUT = 0.2  # share of sprites that training does not see, half of them for the test

Parts = dict[str, np.ndarray]


def nested(rows: np.ndarray, pinned: np.ndarray, n: int) -> np.ndarray:
    """n of these rows, ascending: those pinned first, and of fewer always a part of those of more.

    Args:
        rows: int64 `(m,)`.
        pinned: bool `(m,)`.
        n: 1 ... m.
    """
    order = np.random.default_rng(KEY).permutation(len(rows))
    order = order[np.argsort(~pinned[order], kind="stable")]
    return np.sort(rows[order[:n]])


def split(
    groups: np.ndarray, pinned: np.ndarray, held_out: float = HELD_OUT
) -> tuple[Parts, str | None]:
    """Ascending positions int64 of "train", "val" and "test", and a note if groups were divided.

    Args:
        groups: int64 `(n,)`, numbered from 0; sprites of one group stay together.
        pinned: bool `(n,)`, true where a sprite must be in training, and its group with it.
            Counts for nothing if it leaves fewer than 3 sprites.
        held_out: share of validation and test together, half of it each; 0 leaves both empty.
    """
    if held_out == 0:
        none = np.empty(0, np.int64)
        return {"train": np.arange(len(groups)), "val": none, "test": none}, None
    note = None
    pinned = pinned & ((~pinned).sum() >= 3)
    if len(np.unique(groups)) < 3 or len(np.setdiff1d(groups, groups[pinned])) < 2:
        groups = np.arange(len(groups))
        note = "There are too few groups for three parts, so the split divides groups."
    sizes = np.bincount(groups)
    free = np.random.default_rng(KEY).permutation(np.setdiff1d(groups, groups[pinned]))
    part = np.full(len(sizes), "train", dtype="<U5")
    room = {name: max(1, round(len(groups) * held_out / 2)) for name in ("val", "test")}
    for group in free.tolist():
        roomier = max(room, key=room.__getitem__)
        if sizes[group] <= room[roomier]:
            part[group] = roomier
            room[roomier] -= sizes[group]
        elif not any(room.values()):
            break
    for name in room:
        if not (part == name).any():  # no free group is small enough: the smallest has to do
            left = free[part[free] == "train"]
            part[left[sizes[left].argmin()]] = name
    return {name: np.flatnonzero(part[groups] == name) for name in ("train", *room)}, note
