"""The nearest training sprite in other colours: the same drawing, painted from another palette.

A sprite falls into regions, one of each colour. A sample repeats it recoloured when the sample is
even within each region, and when the sample's colours tell the regions apart as the sprite's do.
Both are measured by what one of the two leaves unexplained in the other, so colours that wobble by
a few levels count for what they are.
"""

import torch
from torch import Tensor

from diffusion.novelty.chunk import Chunk
from diffusion.novelty.nearest import BLOCK, COMPARED
from diffusion.novelty.nearest_so_far import NearestSoFar
from diffusion.novelty.regions import Painted, outlines, regions

EVEN = 12  # levels; neighbouring pixels of a sample that differ by no more may be of one colour
REACH = 24.0  # levels; what is further off is no recolouring
ROUNDED = 2.0**-20  # squared levels, so that equals are equal however their sums were rounded


class Recolourings:
    """Searches for some sprites, one part of the training set after the other.

    The distance is the root of a sum of three mean squares, over all values of the visible pixels
    of the training sprite (`best` holds the sum): the difference in alpha; the sample about its
    means in the sprite's regions, times p / (p - r) for r colours on p pixels, as a variance is
    corrected; the sprite about its means in the sample's regions, into which each pixel goes by
    the nearest of the former means. It is 0 only where an exchange of colours makes one the other.

    Only pairs are measured whose outlines agree in at least 4/5 of those that either has; the
    sample's are taken as they are, and without those fainter than a wobble. A sprite of more than
    p / 2 colours is hardly divided into regions: only exact recolourings of it count, and none
    where no colour repeats.

    Args:
        samples: uint8 `(N, C, H, W)`; their mirror images are searched for, too.
    """

    def __init__(self, samples: Tensor) -> None:
        self.best = NearestSoFar(len(samples))
        self.faces = [
            (face, _query(outlines(face)), _query(outlines(face, EVEN)))
            for face in (samples, samples.flip(-1))
        ]

    def look(self, part: Chunk, same_group: Tensor | None = None) -> None:
        """Compares with a part; pairs where `same_group` bool `(N, m)` is true do not count."""
        keys = _key(outlines(part.images))
        for face, exact, tolerant in self.faces:
            for start in range(0, len(part), BLOCK):
                key = keys[start : start + BLOCK].T
                agreement = torch.maximum(exact @ key, tolerant @ key)
                if same_group is not None:
                    agreement.masked_fill_(same_group[:, start : start + BLOCK], -1)
                hot = (agreement.amax(1) >= 0).nonzero()[:, 0]
                sprite, row = (agreement[hot] >= 0).nonzero().T
                self._compare(face, part, hot[sprite], start + row)

    def _compare(self, face: Tensor, part: Chunk, sprites: Tensor, rows: Tensor) -> None:
        size = max(1, COMPARED // face[0].numel())
        for some, others in zip(sprites.split(size), rows.split(size), strict=True):
            limit = self.best.distance[some].clamp(max=REACH**2) + ROUNDED
            limit *= part.values(others)
            alpha = face[some, 3:].float() - part.images[others, 3:]
            near = alpha.square_().sum((1, 2, 3), dtype=torch.float64) <= limit
            self._measure(face, part, some[near], others[near], limit[near])

    def _measure(
        self, face: Tensor, part: Chunk, sprites: Tensor, rows: Tensor, limit: Tensor
    ) -> None:
        unique, which = rows.unique(return_inverse=True)
        region = regions(part.images[unique])[which]
        pairs = Painted(face[sprites].flatten(2), part.images[rows].flatten(2), region)
        square = pairs.alpha() + pairs.unevenness(part.shown[rows].flatten(1))
        near = (square <= limit).nonzero()[:, 0]
        square = square[near] + pairs.only(near).confusion()
        sprites, rows = sprites[near], rows[near]
        distance = (square / part.values(rows) / ROUNDED).round() * ROUNDED
        near = distance <= REACH**2
        self.best.offer(sprites[near], rows[near] + part.start, distance[near])


def _query(lines: Tensor) -> Tensor:
    """Times a key it is 9 both - 4 (one + other), whole, and at least 0 where 4/5 agree."""
    one = torch.ones(len(lines), 1)
    return torch.cat([9 * lines, -4 * lines.sum(1, keepdim=True), one], dim=1)


def _key(lines: Tensor) -> Tensor:
    one = torch.ones(len(lines), 1)
    return torch.cat([lines, one, -4 * lines.sum(1, keepdim=True)], dim=1)
