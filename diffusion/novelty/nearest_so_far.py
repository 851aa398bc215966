"""The nearest row so far of each sprite, while a search goes on."""

import numpy as np
import torch
from torch import Tensor


class NearestSoFar:
    """The nearest row so far of each sprite, the first among equals.

    Attributes:
        distance: float64 `(N,)`, squared; infinite where nothing was offered.
        row: int64 `(N,)`, -1 likewise.
    """

    def __init__(self, n: int) -> None:
        self.distance = torch.full((n,), torch.inf, dtype=torch.float64)
        self.row = torch.full((n,), -1)

    def offer(self, sprite: Tensor, row: Tensor, distance: Tensor) -> None:
        """Rows and squared distances `(k,)` for some sprites `(k,)`, in any order."""
        order = torch.from_numpy(np.lexsort((row.numpy(), distance.numpy(), sprite.numpy())))
        sprite, row, distance = sprite[order], row[order], distance[order]
        first = torch.ones_like(sprite, dtype=torch.bool)
        first[1:] = sprite[1:] != sprite[:-1]
        sprite, row, distance = sprite[first], row[first], distance[first]
        held = self.distance[sprite]
        nearer = (distance < held) | ((distance == held) & (row < self.row[sprite]))
        self.distance[sprite[nearer]] = distance[nearer]
        self.row[sprite[nearer]] = row[nearer]

    def take(self, other: "NearestSoFar") -> None:
        """Whatever is nearer in the other."""
        found = (other.row >= 0).nonzero()[:, 0]
        self.offer(found, other.row[found], other.distance[found])
