"""How far a sprite is from the training set: its nearest sprite, found exactly."""

import torch
from torch import Tensor


def nearest(
    samples: Tensor, reference: Tensor, chunk: int = 8192, candidates: int = 8
) -> tuple[Tensor, Tensor]:
    """For every sample the nearest reference sprite and the distance to it.

    The distance is the root mean square difference of all pixel values, in 0..255; 0 is an exact
    copy. A float32 matrix product proposes the `candidates` nearest of each chunk, and direct
    integer differences decide between them.

    Args:
        samples: uint8 `(N, C, H, W)`.
        reference: uint8 `(M, C, H, W)`, the same C, H, W.
        chunk: reference sprites looked at together.
        candidates: proposals per chunk.

    Returns:
        row in the reference int64 `(N,)`, distance float64 `(N,)`.
    """
    queries = samples.flatten(1)
    best_row = torch.zeros(len(queries), dtype=torch.int64)
    best_square = torch.full((len(queries),), torch.inf, dtype=torch.float64)
    centred = queries.float() - 127.5
    for start in range(0, len(reference), chunk):
        keys = reference[start : start + chunk].flatten(1)
        rivals = keys.float() - 127.5
        proposal = rivals.square().sum(1) - 2 * centred @ rivals.T
        rows = proposal.topk(min(candidates, len(keys)), largest=False).indices
        for query, row in enumerate(rows):
            square = (keys[row].double() - queries[query].double()).square().mean(1)
            k = int(square.argmin())
            if square[k] < best_square[query]:
                best_square[query], best_row[query] = square[k], start + row[k]
    return best_row, best_square.sqrt()
