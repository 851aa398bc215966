"""Pairs of sprites that agree in at least 90% of the union of their opaque pixels, all of them.

Comparing every pair is out of reach for 20,000 sprites, but a pair that agrees so well has little room to
hide: of the `m` pixels of either sprite at most `0.1 m` find no equal. So when every sprite lists its
`floor(0.1 m) + 1` rarest pixels (place and colour), two such sprites have one of them in common
(prefix filtering, Chaudhuri et al. 2006). Only pairs that share a rare pixel are compared.
"""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

MEETINGS = 2**25  # of two sprites at one rare pixel, looked at in one go
COMPARED = 2**24  # pixels compared in one go


def alike(colours: np.ndarray) -> Iterator[np.ndarray]:
    """Index pairs `(k, 2)` of planes uint32 `(n, H, W)` that agree, in several parts; 0 is ground."""
    flat = np.ascontiguousarray(colours.reshape(len(colours), -1))
    rare = _rare_pixels(flat)
    meetings = np.cumsum(rare @ np.asarray(rare.sum(axis=0)).ravel())
    start = 0
    while start < len(flat):
        before = meetings[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(meetings, before + MEETINGS)))
        first, second = (rare[start:stop] @ rare.T).nonzero()
        later = second > first + start
        pairs = np.stack([first[later] + start, second[later]], axis=1)
        step = max(1, COMPARED // flat.shape[1])
        for part in range(0, len(pairs), step):
            yield _agreeing(flat, pairs[part : part + step])
        start = stop


def _agreeing(flat: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    one, other = flat[pairs[:, 0]], flat[pairs[:, 1]]
    equal = ((one == other) & (one > 0)).sum(axis=1)
    union = ((one | other) > 0).sum(axis=1)
    return pairs[equal * 10 >= union * 9]


def _rare_pixels(flat: np.ndarray) -> sparse.csr_array:
    """1 where a sprite (row) lists a pixel (column: a place with a colour) among its rarest."""
    n, places = flat.shape
    pixel = np.empty((n, places), np.uint32)
    counts, offset = [], 0
    for place in range(places):
        _, which, count = np.unique(flat[:, place], return_inverse=True, return_counts=True)
        pixel[:, place] = which + offset
        counts.append(count)
        offset += len(count)
    count = np.concatenate(counts).astype(np.uint64)
    rarity = count[pixel] << np.uint64(32) | pixel
    rarity[flat == 0] = np.iinfo(np.uint64).max
    rarity.sort(axis=1)
    listed = np.arange(places) <= (flat > 0).sum(axis=1, keepdims=True) // 10
    listed &= (rarity >> np.uint64(32) > 1) & (rarity < np.iinfo(np.uint64).max)
    rows, _ = np.nonzero(listed)
    columns = rarity[listed] & np.uint64(0xFFFFFFFF)
    ones = np.ones(len(rows), np.int64)
    return sparse.csr_array((ones, (rows, columns.astype(np.int64))), shape=(n, offset))
