"""Attributes of sprites that nobody asked for, drawn as training has them."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor

CLEAR, SHARE = 3.0, 0.01  # of what two attributes have to do with each other: see `_depend`
EVEN, STEPS = 128, 16  # the byte of a lift of 1, and bytes for a factor of two


@dataclass(frozen=True)
class AttributeDraws:
    """Each value as often as in training, and beside others as often as it stands beside them.

    A value is drawn by p(value) prod p(other | value) over those that are there already: exactly
    as in training for two attributes, and for more as if the others had nothing to do with each
    other (naive Bayes). So combinations are new, and parts that exclude each other (a folder and
    one of another's subfolders) stay apart. Two attributes that have nothing to do with each
    other, as far as their counts can tell, are drawn so; else what few sprites share by chance
    would come again. An attribute for which nothing fits is not told.

    Args:
        frequencies: share of each value among the sprites that have one, for A attributes.
        lifts: how many times as often two values occur together as by chance, float64 `(V, V)`, V
            being the number of all values; 0 where never.
        given: attribute number -> number of a value that is not drawn.
    """

    frequencies: Sequence[Sequence[float]]
    lifts: Tensor
    given: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Tensor, counts: Sequence[int]) -> "AttributeDraws":
        """From the values of the training sprites, int64 `(N, A)`, -1 for one not known.

        Args:
            values: of each sprite.
            counts: how many values each attribute has.
        """
        frequencies = []
        lifts = torch.zeros(sum(counts), sum(counts), dtype=torch.float64)
        firsts = [0, *accumulate(counts)]
        for column, count in zip(values.T, counts, strict=True):
            found = torch.bincount(column[column >= 0], minlength=count).double()
            frequencies.append((found / found.sum().clamp(min=1)).tolist())
        for one, other in combinations(range(len(counts)), 2):
            known = values[(values[:, one] >= 0) & (values[:, other] >= 0)]
            pairs = known[:, one] * counts[other] + known[:, other]
            found = torch.bincount(pairs, minlength=counts[one] * counts[other])
            found = found.view(counts[one], counts[other]).double()
            chance = found.sum(1, keepdim=True) * found.sum(0) / max(1, len(known))
            rows = slice(firsts[one], firsts[one + 1]), slice(firsts[other], firsts[other + 1])
            lift = found / chance.clamp(min=1e-9)
            lifts[rows] = lift if _depend(found, chance) else (chance > 0).double()
            lifts[rows[::-1]] = lifts[rows].T
        return cls(frequencies, _in_bytes(lifts))

    @classmethod
    def of_card(cls, sprites: Mapping[str, Any]) -> "AttributeDraws | None":
        """From what `plain` wrote into a card; None where it wrote nothing.

        Older cards hold `attribute_pairs`: a bit for each pair that occurs, and no more.
        """
        if "attribute_lifts" in sprites:
            rows = [_read(row) for row in sprites["attribute_lifts"]]
            return cls(sprites["attribute_frequencies"], _lifts(torch.from_numpy(np.stack(rows))))
        if "attribute_pairs" not in sprites:
            return None
        frequencies = sprites["attribute_frequencies"]
        n = sum(map(len, frequencies))
        bits = [np.unpackbits(_read(row), count=n) for row in sprites["attribute_pairs"]]
        return cls(frequencies, torch.from_numpy(np.stack(bits)).double())

    def plain(self) -> dict[str, Any]:
        """As plain containers: of each value a word, with a byte for each value beside it."""
        lifts = [base64.b64encode(row.tobytes()).decode() for row in _bytes(self.lifts).numpy()]
        return {"attribute_frequencies": self.frequencies, "attribute_lifts": lifts}

    def draw(self, generator: torch.Generator) -> Tensor:
        """The values of one sprite, int64 `(A,)`, -1 for one that is not told."""
        firsts = [0, *accumulate(map(len, self.frequencies))]
        row = torch.full((len(self.frequencies),), -1)
        beside = torch.ones(firsts[-1], dtype=torch.float64)
        for attribute, value in sorted(self.given.items()):
            row[attribute] = value
            beside *= self.lifts[firsts[attribute] + value]
        for attribute, shares in enumerate(self.frequencies):
            if attribute in self.given:
                continue
            weights = torch.tensor(shares, dtype=torch.float64)
            weights = weights * beside[firsts[attribute] : firsts[attribute + 1]]
            place = torch.rand((), dtype=torch.float64, generator=generator) * weights.sum()
            if weights.sum() > 0:
                value = int(torch.searchsorted(weights.cumsum(0), place, right=True))
                row[attribute] = min(value, int(weights.nonzero().max()))
                beside *= self.lifts[firsts[attribute] + int(row[attribute])]
        return row


def _depend(found: Tensor, chance: Tensor) -> bool:
    """Whether two attributes have to do with each other, by how often their values are together.

    Pearson's chi-squared must be `CLEAR` deviations above what chance makes (of so sparse a table
    the variance is about that of Poisson counts), and by `SHARE` of the most that it could be: the
    square of Cramer's V, as Bergsma 2013 corrects it, "A bias-correction for Cramer's V".
    """
    there = chance > 0
    free = [int(there.any(dim).sum()) - 1 for dim in (0, 1)]
    if min(free) < 1:
        return False
    above = float(((found - chance).square() / chance)[there].sum()) - free[0] * free[1]
    spread = free[0] * free[1] * float((2 + 1 / chance[there]).mean())
    return above > max(CLEAR * spread**0.5, SHARE * float(found.sum()) * min(free))


def _bytes(lifts: Tensor) -> Tensor:
    """Lifts as uint8: sixteen for a factor of two, 0 where never."""
    steps = (STEPS * lifts.clamp(min=1e-9).log2()).round() + EVEN
    return torch.where(lifts > 0, steps.clamp(1, 255), 0).to(torch.uint8)


def _lifts(levels: Tensor) -> Tensor:
    return torch.where(levels > 0, 2 ** ((levels.double() - EVEN) / STEPS), 0)


def _in_bytes(lifts: Tensor) -> Tensor:
    """The lifts that a card says, so that a run draws the same before and after it is saved."""
    return _lifts(_bytes(lifts))


def _read(word: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(word), np.uint8)
