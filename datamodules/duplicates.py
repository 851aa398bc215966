"""Which sprites repeat each other: exactly, or nearly. The doctor splits by it and the novelty passport judges by it.

Two sprites are of one group when they are equal after a shift of up to 2 px over transparent ground (pixels
that leave the canvas are lost), a mirror or a recolouring, or when they agree in at least 90% of the union
of their opaque pixels. Groups are the connected components of that relation.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from datamodules.arrays import canonical, chunks
from datamodules.likeness import planes, recoloured, shifted
from datamodules.overlap import alike

COMPARED_SPRITES = 50_000  # beyond this pairs are found by keys alone
COMPARED_PIXELS = 2**26
LARGEST_SHARE = (
    0.2  # a group above this share of all sprites says that the rule does not suit them
)


def first_equal(images: np.ndarray) -> np.ndarray:
    """For every row of uint8 `(N, H, W, C)` the first row that shows the same, int64 `(N,)`."""
    digests = np.empty(len(images), np.int64)
    for part in chunks(images):
        rows = canonical(np.asarray(images[part]))
        hashed = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in rows)
        digests[part] = np.frombuffer(b"".join(hashed), np.int64)
    _, first, which = np.unique(digests, return_index=True, return_inverse=True)
    return first[which]


def groups(images: np.ndarray, given: np.ndarray | None = None) -> tuple[np.ndarray, str]:
    """Group numbers int64 `(N,)` of distinct sprites uint8 `(N, H, W, C)`, and the rule that gave them.

    Args:
        images: distinct sprites; may be any array that rows can be taken from in slices.
        given: groups that came with the data, -1 where unknown. They win: where all are known nothing
            else is looked at, and where some are known only the others are compared.

    Returns:
        Numbers from 0 in the order of first appearance, and a few words for the table.
    """
    known = _links_within(given) if given is not None else np.empty((0, 2), np.int64)
    if given is not None and (given >= 0).all():
        return _components(len(images), [known]), "as given"
    ...
