"""How far a sprite is from the training set: its nearest sprite, found exactly."""

from collections.abc import Iterable

import torch
from torch import Tensor


def nearest(
    samples: Tensor, reference: Iterable[Tensor], candidates: int = 8
) -> tuple[Tensor, Tensor]:
    """For every sample the nearest reference sprite and the distance to it.

    The distance is the root mean square difference of all pixel values, in 0..255; 0 is an exact
    copy. A float32 matrix product proposes the `candidates` nearest of each chunk, and direct
    integer differences decide between them.

    Args:
        samples: uint8 `(N, C, H, W)`.
        reference: parts uint8 `(m, C, H, W)` of the reference, looked at one after the other.
        candidates: proposals per chunk.

    Returns:
        row in the whole reference int64 `(N,)`, distance float64 `(N,)`.
    """
    queries = samples.flatten(1)
    best_row = torch.zeros(len(queries), dtype=torch.int64)
    best_square = torch.full((len(queries),), torch.inf, dtype=torch.float64)
    centred = queries.float() - 127.5
    start = 0
    for part in reference:
        keys = part.flatten(1)
        rivals = keys.float() - 127.5
        proposal = rivals.square().sum(1) - 2 * centred @ rivals.T
        rows = proposal.topk(min(candidates, len(keys)), largest=False).indices
        for query, row in enumerate(rows):
            square = (keys[row].double() - queries[query].double()).square().mean(1)
            k = int(square.argmin())
            if square[k] < best_square[query]:
                best_square[query], best_row[query] = square[k], start + row[k]
        start += len(part)
    return best_row, best_square.sqrt()
