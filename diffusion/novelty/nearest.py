"""The nearest training sprite under shifts and mirrors, exactly, without looking at every pair.

Bounds from below rule out most pairs, first along few directions, then along more. Those left are
compared pixel by pixel, in whole numbers.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from diffusion.novelty import bounds
from diffusion.novelty.chunk import Chunk
from diffusion.novelty.moves import moved
from diffusion.novelty.nearest_so_far import NearestSoFar

BLOCK = 1024  # training sprites whose bounds are computed at once, few enough for the cache
COMPARED = 2**18  # values compared at once, likewise


class Positions:
    """Searches for some sprites, one part of the training set after the other.

    The distance is the root mean square difference over all values of the visible pixels of the
    moved training sprite (`best` holds squares). It does not shrink with empty canvas, so one
    limit suits a small ring and a large dragon.

    Args:
        samples: uint8 `(N, C, H, W)`.
        moves: down and right, what training sprites are shifted by.
        bases: directions for the bounds, few first.
        mirrored: whether to compare with mirror images.
    """

    def __init__(
        self,
        samples: Tensor,
        moves: Sequence[tuple[int, int]],
        bases: Sequence[Tensor],
        mirrored: bool = False,
    ) -> None:
        self.samples = (samples.flip(-1) if mirrored else samples).to(torch.int16)
        self.best = NearestSoFar(len(samples))
        values = self.samples.float()
        self.square = bounds.own_square(values)
        self.queries = {
            (dy, dx): [bounds.query(values, moved(values, (-dy, -dx)), basis) for basis in bases]
            for dy, dx in moves
        }

    def look(self, part: Chunk, same_group: Tensor | None = None) -> None:
        """Compares with a part; pairs where `same_group` bool `(N, m)` is true do not count."""
        for move in self.queries:
            for start in range(0, len(part), BLOCK):
                rows = slice(start, start + BLOCK)
                self._block(part, rows, move, None if same_group is None else same_group[:, rows])

    def _block(
        self, part: Chunk, rows: slice, move: tuple[int, int], barred: Tensor | None
    ) -> None:
        """Compares the most promising pair of each sprite, then whatever may beat that."""
        sprites = torch.arange(len(self.samples))
        for query, keys in zip(self.queries[move], part.keys(move), strict=True):
            best = self.best.distance[sprites]
            query[sprites, -2] = -best.nan_to_num(posinf=0).float()
            bound = query[sprites] @ keys[rows].T
            if barred is not None:
                bound.masked_fill_(barred[sprites], torch.inf)
            least = bound.amin(1)
            hot = (least <= -self.square[sprites]) | (best.isinf() & least.isfinite())
            sprites, bound = sprites[hot], bound[hot]
            if not len(sprites):
                return
        self._compare(part, sprites, rows.start + bound.argmin(1), move)
        nearer = -self.best.distance[sprites].float() - query[sprites, -2]
        bound += nearer[:, None] * keys[rows, -2]
        sprite, row = (bound <= -self.square[sprites, None]).nonzero().T
        self._compare(part, sprites[sprite], rows.start + row, move)

    def _compare(self, part: Chunk, sprites: Tensor, rows: Tensor, move: tuple[int, int]) -> None:
        size = max(1, COMPARED // self.samples[0].numel())
        for some, others in zip(sprites.split(size), rows.split(size), strict=True):
            difference = self.samples[some]
            difference -= moved(part.pixels[others], move)
            difference -= part.ground[others, :, None, None]
            square = difference.flatten(1).float().square_().sum(1, dtype=torch.float64)
            self.best.offer(some, others + part.start, square / part.values(others, move))
