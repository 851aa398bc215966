"""Which sprites repeat each other, exactly or nearly: for the split, and for verdicts on novelty.

Two sprites are of one group when they are equal after a shift of up to 2 px over transparent
ground (pixels that leave the canvas are lost), a mirror or a recolouring, or when they agree in at
least 90% of the union of their opaque pixels. Groups are the connected components of this.
"""

import hashlib
from collections.abc import Iterator
from itertools import chain
from math import prod

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from datamodules.arrays import Sprites
from datamodules.doctor.likeness import IN_PLACE, planes, recoloured, shifted
from datamodules.doctor.overlap import Overlap

COMPARED_SPRITES = 50_000  # beyond any of these three, pairs are found by their keys alone
COMPARED_PIXELS = 2**26
COMPARED_MEETINGS = 2**30
LARGEST_SHARE = 0.2  # a group above this share of a set says that the rule does not suit the set,
SMALL_GROUP = 8  # unless it has no more sprites than this


def first_equal(sprites: Sprites) -> np.ndarray:
    """For every row the first row that shows the same, int64 `(N,)`."""
    digests = np.empty(len(sprites), np.int64)
    for part, images in sprites.chunks(np.arange(len(sprites))):
        hashed = (hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
        digests[part] = np.frombuffer(b"".join(hashed), np.int64)
    _, first, which = np.unique(digests, return_index=True, return_inverse=True)
    return first[which]


def groups(sprites: Sprites, rows: np.ndarray) -> tuple[np.ndarray, str]:
    """Group numbers int64 `(n,)` of these distinct rows, and in a few words how they were found.

    Groups that came with the sprites win: where all are known nothing is compared, and where some
    are -1 those known stay together with what the comparison adds.
    """
    given = sprites.groups[rows] if sprites.groups is not None else np.full(len(rows), -1)
    known = _equal_numbers(given)
    if (given >= 0).all():
        return _components(len(rows), [known]), "as given with the data"
    overlap = _overlap(sprites, rows)
    links = [known]
    for found in chain(_by_keys(sprites, rows), overlap.pairs() if overlap else ()):
        links.append(found)
        numbers = _components(len(rows), links)
        largest = np.bincount(numbers).max()
        if largest > max(SMALL_GROUP, LARGEST_SHARE * len(rows)):
            share = f"{largest / len(rows):.0%}"
            rule = f"exact repeats only: near ones would join {share} of all"
            return _components(len(rows), [known]), rule
    rule = "90% equal" if overlap else "too many to compare pairs"
    return numbers, f"shift, mirror, recolouring, {rule}"


def _by_keys(sprites: Sprites, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs `(k, 2)` of positions in `rows`: recolourings, then shifts and mirrors."""
    in_place = np.empty(len(rows), np.uint64)
    patterns = np.empty((len(rows), 2), np.uint64)
    for part, images in sprites.chunks(rows):
        colours = planes(images)
        in_place[part] = shifted(colours)[:, IN_PLACE]
        patterns[part] = recoloured(colours)
    yield _Table(patterns[:, 0]).meetings(patterns, 0)
    table = _Table(in_place)
    moved = [
        table.meetings(shifted(planes(images)), part.start)
        for part, images in sprites.chunks(rows)
    ]
    yield np.concatenate(moved)


def _overlap(sprites: Sprites, rows: np.ndarray) -> Overlap | None:
    """What is needed to compare pairs of these rows; None where that would take minutes."""
    pixels = len(rows) * prod(sprites.images.shape[1:3])
    if len(rows) > COMPARED_SPRITES or pixels > COMPARED_PIXELS:
        return None
    overlap = Overlap(np.concatenate([planes(images) for _, images in sprites.chunks(rows)]))
    return overlap if overlap.meetings <= COMPARED_MEETINGS else None


class _Table:
    """Keys in order, and the position of the first sprite that has each."""

    def __init__(self, keys: np.ndarray) -> None:
        self.keys, self.owners = np.unique(keys, return_index=True)

    def meetings(self, keys: np.ndarray, start: int) -> np.ndarray:
        """Pairs of the sprites from `start` on, with keys `(n, k)`, and owners of equal keys.

        The key 0 meets nothing.
        """
        order = np.argsort(keys, axis=None)  # ascending keys are found many times faster
        wanted = keys.ravel()[order]
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        met = (self.keys[place] == wanted) & (wanted != 0)
        pairs = np.stack([order[met] // keys.shape[1] + start, self.owners[place[met]]], axis=1)
        return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def _equal_numbers(given: np.ndarray) -> np.ndarray:
    """Pairs that join the positions with equal numbers; -1 joins nothing."""
    known = np.flatnonzero(given >= 0)
    _, first, which = np.unique(given[known], return_index=True, return_inverse=True)
    return np.stack([known, known[first[which]]], axis=1)


def _components(n: int, links: list[np.ndarray]) -> np.ndarray:
    """Connected components of `n` positions, numbered in the order of first appearance."""
    one, other = np.concatenate(links).T
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(n, n))
    _, numbers = connected_components(graph, directed=False)
    _, first, which = np.unique(numbers, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[which]
