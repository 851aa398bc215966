"""How far sprites are from a training set: their nearest sprites under five relations, exactly."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

import torch
from torch import Tensor

from diffusion.novelty.bounds import directions
from diffusion.novelty.chunk import Chunk, chunks_of
from diffusion.novelty.moves import MOVES
from diffusion.novelty.nearest import Positions
from diffusion.novelty.recolouring import Recolourings
from diffusion.novelty.retouching import Retouchings

DIRECTIONS = 64, 512  # for bounds: a first look, and a closer one
TOGETHER = 2048  # samples searched for at once: more memory, or more looks at the training set

Parts = Callable[
    [], Iterable[Tensor]
]  # parts uint8 (m, C, H, W) of a training set, again and again


class Relation(IntEnum):
    """How a sample may repeat a training sprite; each of the first three includes those before."""

    COPY = 0
    SHIFTED = 1
    MIRRORED = 2
    RECOLOURED = 3
    RETOUCHED = 4


@dataclass(frozen=True)
class Relatives:
    """The nearest training sprites of some samples; a column for each `Relation`.

    Attributes:
        distance: float64 `(N, 5)`, levels of 0..255; infinite where nothing compares.
        row: int64 `(N, 5)` in the training set, the first of those equally near; -1 likewise.
    """

    distance: Tensor
    row: Tensor


def bases_of(images: Tensor) -> list[Tensor]:
    """Directions of some training sprites uint8 `(n, C, H, W)`, for bounds that get tighter."""
    found = directions(images, DIRECTIONS[-1])
    return [found[:, :count] for count in DIRECTIONS]


def nearest(samples: Tensor, reference: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """For every sample the nearest reference sprite as it stands, and the distance to it.

    Args:
        samples: uint8 `(N, C, H, W)`.
        reference: parts uint8 `(m, C, H, W)` of the reference, looked at one after the other.

    Returns:
        row in the whole reference int64 `(N,)`, distance float64 `(N,)` as of `Positions`; 0 is an
        exact copy.
    """
    parts = iter(reference)
    first = next(parts)
    bases = bases_of(first)
    search = Positions(samples, MOVES[:1], bases)
    for part in chunks_of(chain([first], parts), bases):
        search.look(part)
    return search.best.row, search.best.distance.sqrt()


def relatives(
    samples: Tensor,
    parts: Parts,
    bases: list[Tensor],
    groups: tuple[Tensor, Tensor] | None = None,
) -> Relatives:
    """For every sample the nearest training sprite under each relation.

    Args:
        samples: uint8 `(N, C, H, W)`.
        parts: the training set.
        bases: `bases_of` the training set; any will do, good ones are faster.
        groups: int64 group numbers `(N,)` of the samples and `(n,)` of the training sprites;
            those of one group are not compared.
    """
    found = []
    for start in range(0, len(samples), TOGETHER):
        some = slice(start, start + TOGETHER)
        search = _Search(samples[some], bases)
        for part in chunks_of(parts(), bases):
            theirs = slice(part.start, part.start + len(part))
            search.look(part, groups and groups[0][some, None] == groups[1][theirs])
        found.append(search.found())
    return Relatives(
        torch.cat([each.distance for each in found]), torch.cat([each.row for each in found])
    )


class _Search:
    """All relations of some samples, in one pass over the training set."""

    def __init__(self, samples: Tensor, bases: list[Tensor]) -> None:
        self.positions = (
            Positions(samples, MOVES[:1], bases),
            Positions(samples, MOVES[1:], bases),
            Positions(samples, MOVES, bases, mirrored=True),
        )
        self.others = Recolourings(samples), Retouchings(samples)

    def look(self, part: Chunk, same_group: Tensor | None) -> None:
        narrower = None
        for search in self.positions:
            if narrower is not None:
                search.best.take(narrower.best)  # what is near already rules out most of the rest
            search.look(part, same_group)
            narrower = search
        for other in self.others:
            other.look(part, same_group)

    def found(self) -> Relatives:
        bests = [search.best for search in (*self.positions, *self.others)]
        return Relatives(
            torch.stack([best.distance.sqrt() for best in bests], dim=1),
            torch.stack([best.row for best in bests], dim=1),
        )
