"""Which sprites repeat each other: exactly, or nearly. One place, for the split and for verdicts on novelty.

Two sprites are of one group when they are equal after a shift of up to 2 px over transparent ground (pixels
that leave the canvas are lost), a mirror or a recolouring, or when they agree in at least 90% of the union
of their opaque pixels. Groups are the connected components of that relation.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from datamodules.arrays import Sprites
from datamodules.likeness import IN_PLACE, planes, recoloured, shifted
from datamodules.overlap import alike

COMPARED_SPRITES = 50_000  # beyond these numbers pairs are found by keys alone
COMPARED_PIXELS = 2**26
LARGEST_SHARE = 0.2  # a group above this share of a set says that the rule does not suit the set
SMALL_GROUP = 8  # and this many sprites are never too many for one group


def first_equal(sprites: Sprites) -> np.ndarray:
    """For every row the first row that shows the same, int64 `(N,)`."""
    digests = np.empty(len(sprites), np.int64)
    for part, images in sprites.chunks(np.arange(len(sprites))):
        hashed = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in images)
        digests[part] = np.frombuffer(b"".join(hashed), np.int64)
    _, first, which = np.unique(digests, return_index=True, return_inverse=True)
    return first[which]


def groups(sprites: Sprites, rows: np.ndarray) -> tuple[np.ndarray, str]:
    """Group numbers int64 `(n,)` of these rows, all distinct, and in a few words how they were found.

    Groups that came with the sprites win: where all are known nothing is compared, and where some are -1
    they stay together with what the comparison adds.
    """
    given = sprites.groups[rows] if sprites.groups is not None else np.full(len(rows), -1)
    links = [_equal_numbers(given)]
    if (given >= 0).all():
        return _components(len(rows), links), "as given with the data"
    compare = (
        len(rows) <= COMPARED_SPRITES
        and len(rows) * sprites.images[0, ..., 0].size <= COMPARED_PIXELS
    )
    for found in _near(sprites, rows, compare):
        links.append(found)
        numbers = _components(len(rows), links)
        largest = np.bincount(numbers).max()
        if largest > max(SMALL_GROUP, LARGEST_SHARE * len(rows)):
            share = f"{largest / len(rows):.0%}"
            return (
                _components(len(rows), links[:1]),
                f"exact repeats only: near ones would join {share} of all",
            )
    if compare:
        return numbers, "shift, mirror, recolouring, 90% equal"
    return numbers, "shift, mirror, recolouring (too many to compare pairs)"


def _near(sprites: Sprites, rows: np.ndarray, compare: bool) -> Iterator[np.ndarray]:
    """Pairs `(k, 2)` of positions in `rows` that nearly repeat each other, in several parts."""
    in_place = np.empty(len(rows), np.uint64)
    patterns = np.empty((len(rows), 2), np.uint64)
    for part, images in sprites.chunks(rows):
        colours = planes(images)
        in_place[part] = shifted(colours)[:, IN_PLACE]
        patterns[part] = recoloured(colours)
    yield _meetings(patterns, _Table(patterns[:, 0]), 0)
    table = _Table(in_place)
    yield np.concatenate(
        [
            _meetings(shifted(planes(images)), table, part.start)
            for part, images in sprites.chunks(rows)
        ]
    )
    if compare:
        yield from alike(np.concatenate([planes(images) for _, images in sprites.chunks(rows)]))


class _Table:
    """Keys in order, and the position of the first sprite that has each."""

    def __init__(self, keys: np.ndarray) -> None:
        self.keys, self.owners = np.unique(keys, return_index=True)


def _meetings(keys: np.ndarray, table: _Table, start: int) -> np.ndarray:
    """Pairs of sprites `start, start + 1, …` with keys `(n, k)` and the owners of equal keys; 0 meets none."""
    order = np.argsort(keys, axis=None)  # neighbours in the table are found many times faster
    wanted = keys.ravel()[order]
    place = np.minimum(np.searchsorted(table.keys, wanted), len(table.keys) - 1)
    met = (table.keys[place] == wanted) & (wanted != 0)
    sprites = order[met] // keys.shape[1] + start
    pairs = np.stack([sprites, table.owners[place[met]]], axis=1)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def _equal_numbers(given: np.ndarray) -> np.ndarray:
    """Pairs that join the positions with equal numbers; -1 joins nothing."""
    known = np.flatnonzero(given >= 0)
    _, first, which = np.unique(given[known], return_index=True, return_inverse=True)
    return np.stack([known, known[first[which]]], axis=1)


def _components(n: int, links: list[np.ndarray]) -> np.ndarray:
    """Numbers of the connected components of `n` positions, counted in the order of first appearance."""
    one, other = np.concatenate(links).T
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(n, n))
    _, numbers = connected_components(graph, directed=False)
    _, first, which = np.unique(numbers, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[which]
