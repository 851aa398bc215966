"""A part of a training set, prepared for comparison with any number of samples."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from diffusion.novelty import bounds
from diffusion.novelty.moves import MOVES, grounded, left_after_moves


class Chunk:
    """A part of a training set.

    Args:
        images: uint8 `(m, C, H, W)`.
        start: row of the first of them in the whole set.
        bases: directions for the bounds, few first.

    Attributes:
        pixels, ground: int16 `(m, C, H, W)` and `(m, C)`, the images less their ground.
        shown: bool `(m, H, W)`, where a sprite covers its ground; all of one that has none.
    """

    def __init__(self, images: Tensor, start: int, bases: Sequence[Tensor]) -> None:
        self.images, self.start = images, start
        self.pixels, self.ground, framed = grounded(images)
        self.shown = (self.pixels != 0).any(dim=1) | ~framed[:, None, None]
        visible = left_after_moves(self.shown.float())
        values, ground = self.pixels.float(), self.ground.float()
        self._squares = self._moved_squares(values, ground)
        vanished = ~framed[:, None] | (visible == 0)
        vanished[:, 0] = False  # as it stands even an empty sprite can be repeated
        self._squares[vanished] = torch.inf
        self._values = (visible * images.shape[1]).clamp(min=1)
        self._keys = [bounds.key(values, ground, basis) for basis in bases]

    def __len__(self) -> int:
        return len(self.images)

    def keys(self, move: tuple[int, int]) -> list[Tensor]:
        """For each basis float32 `(m, K)`; infinite bounds for what has no ground or is gone."""
        k = MOVES.index(move)
        for key in self._keys:
            key[:, -2] = self._values[:, k]
            key[:, -1] = self._squares[:, k]
        return self._keys

    def values(self, rows: Tensor, move: tuple[int, int] = (0, 0)) -> Tensor:
        """Number of values in the visible pixels of moved sprites `(k,)`, at least 1."""
        return self._values[rows, MOVES.index(move)].double()

    def _moved_squares(self, values: Tensor, ground: Tensor) -> Tensor:
        """Sums of squares `(m, 25)` of the moved sprites, a little too small."""
        height, width = values.shape[-2:]
        canvas = height * width * ground.square().sum(1)
        light = (values * (values + 2 * ground[:, :, None, None])).sum(1)
        slack = bounds.SLACK * (values.square().sum((1, 2, 3)) + canvas)
        return left_after_moves(light) + (canvas - slack)[:, None]


def chunks_of(parts: Iterable[Tensor], bases: Sequence[Tensor]) -> Iterator[Chunk]:
    """The parts of a training set, one after the other."""
    start = 0
    for images in parts:
        yield Chunk(images, start, bases)
        start += len(images)
