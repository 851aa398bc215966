"""Pairs of sprites that agree in at least 90% of the union of their opaque pixels, all of them.

Comparing every pair is out of reach for 20,000 sprites, but a pair that agrees so well has little
room to hide: of the `m` pixels of either sprite at most `0.1 m` find no equal. So when every
sprite lists its `floor(0.1 m) + 1` rarest pixels (place and colour), two such sprites have one of
them in common (prefix filtering, Chaudhuri et al. 2006), and only such pairs are compared.
"""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

MEETINGS = 2**25  # of two sprites at one rare pixel, looked at in one go
COMPARED = 2**20  # pixels compared in one go, few enough for a processor's cache


class Overlap:
    """Sprites by their rare pixels, from planes uint32 `(n, H, W)` in which 0 is ground.

    Attributes:
        meetings: how often two sprites meet at a rare pixel; the work grows with it.
    """

    def __init__(self, colours: np.ndarray) -> None:
        self.flat = np.ascontiguousarray(colours.reshape(len(colours), -1))
        self.opaque = (self.flat > 0).sum(axis=1)
        self.rare = _rare_pixels(self.flat, self.opaque)
        self.running = np.cumsum(self.rare @ np.asarray(self.rare.sum(axis=0)).ravel())
        self.meetings = int(self.running[-1])

    def pairs(self) -> Iterator[np.ndarray]:
        """All pairs `(k, 2)` of indices that agree, in several parts."""
        start = 0
        while start < len(self.flat):
            before = self.running[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(self.running, before + MEETINGS)))
            one, other = (self.rare[start:stop] @ self.rare.T).nonzero()
            later = other > one + start
            yield self._agreeing(np.stack([one[later] + start, other[later]], axis=1))
            start = stop

    def _agreeing(self, pairs: np.ndarray) -> np.ndarray:
        """Those pairs of which at most a tenth of the union differs.

        The union is what differs and at most the smaller sprite's `m` pixels that do not, so more
        than `m / 9` different pixels are too many, even if seen on every third pixel only.
        """
        smaller = self.opaque[pairs].min(axis=1)
        pairs = pairs[9 * _differing(self.flat[:, ::3], pairs) <= smaller]
        union = ((self.flat[pairs[:, 0]] | self.flat[pairs[:, 1]]) > 0).sum(axis=1)
        return pairs[10 * _differing(self.flat, pairs) <= union]


def _differing(flat: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Number of pixels in which the sprites of each pair differ, `(k,)`."""
    flat = np.ascontiguousarray(flat)
    counts = np.empty(len(pairs), np.int64)
    step = max(1, COMPARED // flat.shape[1])
    for start in range(0, len(pairs), step):
        one, other = pairs[start : start + step].T
        counts[start : start + step] = (flat[one] != flat[other]).sum(axis=1)
    return counts


def _rare_pixels(flat: np.ndarray, opaque: np.ndarray) -> sparse.csr_array:
    """1 where a sprite (row) lists a pixel (column: a place with a colour) among its rarest."""
    n, places = flat.shape
    pixel = np.empty((n, places), np.uint32)
    counts: list[np.ndarray] = []
    seen = 0
    for place in range(places):
        _, which, count = np.unique(flat[:, place], return_inverse=True, return_counts=True)
        pixel[:, place] = which + seen
        counts.append(count)
        seen += len(count)
    ground = np.iinfo(np.uint64).max
    rarity = np.concatenate(counts).astype(np.uint64)[pixel] << np.uint64(32) | pixel
    rarity = np.sort(np.where(flat > 0, rarity, ground), axis=1)
    listed = np.arange(places) <= opaque[:, None] // 10
    listed &= (rarity >> np.uint64(32) > 1) & (rarity < ground)  # what only one has meets nobody
    columns = (rarity[listed] & np.uint64(2**32 - 1)).astype(np.int64)
    entries = (np.ones(len(columns), np.int64), (np.nonzero(listed)[0], columns))
    return sparse.csr_array(entries, shape=(n, seen))
