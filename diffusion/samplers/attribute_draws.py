"""Attributes of sprites that nobody asked for, drawn as training has them."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class AttributeDraws:
    """Each value as often as in training, and no two together that no training sprite has.

    So combinations are new, and parts that exclude each other (a folder and one of another's
    subfolders) stay apart. An attribute for which nothing fits is not told.

    Args:
        frequencies: share of each value among the sprites that have one, for A attributes.
        together: bool `(V, V)`, V being the number of all values: which two occur together.
        given: attribute number -> number of a value that is not drawn.
    """

    frequencies: Sequence[Sequence[float]]
    together: Tensor
    given: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Tensor, counts: Sequence[int]) -> "AttributeDraws":
        """From the values of the training sprites, int64 `(N, A)`, -1 for one not known.

        Args:
            values: of each sprite.
            counts: how many values each attribute has.
        """
        frequencies = []
        together = torch.zeros(sum(counts), sum(counts), dtype=torch.bool)
        firsts = [0, *accumulate(counts)]
        for column, count in zip(values.T, counts, strict=True):
            found = torch.bincount(column[column >= 0], minlength=count).double()
            frequencies.append((found / found.sum().clamp(min=1)).tolist())
        for one, other in combinations(range(len(counts)), 2):
            known = (values[:, one] >= 0) & (values[:, other] >= 0)
            rows = values[known, one] + firsts[one], values[known, other] + firsts[other]
            together[rows], together[rows[::-1]] = True, True
        return cls(frequencies, together)

    @classmethod
    def of_card(cls, sprites: Mapping[str, Any]) -> "AttributeDraws | None":
        """From what `plain` wrote into a card; None where it wrote nothing."""
        if "attribute_pairs" not in sprites:
            return None
        frequencies = sprites["attribute_frequencies"]
        n = sum(map(len, frequencies))
        rows = [
            np.unpackbits(np.frombuffer(base64.b64decode(row), np.uint8), count=n)
            for row in sprites["attribute_pairs"]
        ]
        return cls(frequencies, torch.from_numpy(np.stack(rows).astype(bool)))

    def plain(self) -> dict[str, Any]:
        """As plain containers: of each value a word, whose bits are the values beside it."""
        bits = np.packbits(self.together.numpy(), axis=1)
        pairs = [base64.b64encode(row.tobytes()).decode() for row in bits]
        return {"attribute_frequencies": self.frequencies, "attribute_pairs": pairs}

    def draw(self, generator: torch.Generator) -> Tensor:
        """The values of one sprite, int64 `(A,)`, -1 for one that is not told."""
        firsts = [0, *accumulate(map(len, self.frequencies))]
        row = torch.full((len(self.frequencies),), -1)
        fits = torch.ones(firsts[-1], dtype=torch.bool)
        for attribute, value in self.given.items():
            row[attribute] = value
            fits &= self._beside(attribute, value, firsts)
        for attribute, shares in enumerate(self.frequencies):
            if attribute in self.given:
                continue
            weights = torch.tensor(shares, dtype=torch.float64)
            weights = weights * fits[firsts[attribute] : firsts[attribute + 1]]
            place = torch.rand((), dtype=torch.float64, generator=generator) * weights.sum()
            if weights.sum() > 0:
                value = int(torch.searchsorted(weights.cumsum(0), place, right=True))
                row[attribute] = min(value, int(weights.nonzero().max()))
                fits &= self._beside(attribute, int(row[attribute]), firsts)
        return row

    def _beside(self, attribute: int, value: int, firsts: Sequence[int]) -> Tensor:
        """Which values may stand beside this one, bool `(V,)`; of its own attribute any."""
        fits = self.together[firsts[attribute] + value].clone()
        fits[firsts[attribute] : firsts[attribute + 1]] = True
        return fits
