"""The passport of a sample: the training sprite it is nearest to, and whether it repeats it.

How near is too near is learned from m real sprites that are as good as unseen. A third of the rate
at which such sprites may be called repeats goes to copies, shifts and mirror images together, a
third to recolourings, a third to retouched ones. The limit of each is the k-th smallest of the m
distances, k = (m + 1) rate / 3 rounded down, so one more unseen sprite is nearer with a
probability of k / (m + 1) (conformal prediction, Vovk et al. 2005). Where m is too small for that,
nothing is called retouched, and k is (m + 1) rate / 2, at least 1.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from diffusion.novelty.alarm import Cases, is_excess
from diffusion.novelty.recolouring import REACH
from diffusion.novelty.relatives import Parts, Relation, Relatives, bases_of, relatives
from diffusion.novelty.retouching import MAX_REPAINTED, WHOLE

KINDS = 3  # of repeats, which share the rate: moved ones, recoloured ones, retouched ones
TWICE = 2  # times the least distance: the plainest relation so near gives the verdict
FURTHEST = torch.tensor([REACH] * 4 + [WHOLE * MAX_REPAINTED**0.5], dtype=torch.float64)
UNSEEN = 1000  # real sprites that limits are learned from, at most


class Verdict(StrEnum):
    """What a sample is, beside its nearest training sprite; the first that holds."""

    COPY = "copy"
    SHIFTED = "shifted"
    MIRRORED = "mirrored"
    RECOLOURED = "recoloured"
    RETOUCHED = "retouched"
    VARIANT = "variant"  # none of these, but nearer in one of them than real sprites usually are
    NEW = "new"


REPEATS = tuple(Verdict(relation.name.lower()) for relation in Relation)


@dataclass(frozen=True)
class Findings:
    """The passports of some samples.

    Attributes:
        verdict: for each sample.
        row: int64 `(N,)`, the nearest training sprite under the relation of the verdict; of a new
            sample the nearest that may be shifted and mirrored.
        distance: float64 `(N,)`, how far it is, as `novelty` measures it: levels of 0..255.
        percentile: float64 `(N,)`, 0..100: how many unseen real sprites are nearer under that
            relation.
    """

    verdict: tuple[Verdict, ...]
    row: Tensor
    distance: Tensor
    percentile: Tensor


class Passport:
    """Examines samples against one training set.

    A sample repeats a training sprite when their distance is 0, or when it is below both the
    calibrated limit and 24 levels, beyond which the two do not look the same (as much as a tenth
    of the pixels off by 76 levels); a retouched one may differ in two fifths of its pixels. It is
    a variant below the limit of `unusual`. Where several
    relations hold, the plainest is named of those at most twice as far as the nearest.

    Args:
        parts: the training set.
        bases: `novelty.bases_of` it.
        unseen: float64 `(m, 5)`, distances of real sprites that were not trained on, a column for
            each `Relation`. Those that repeat a training sprite exactly count in `base_rates`, and
            say nothing of limits.
        groups: int64 `(n,)` and `(m,)`, of the training set and of the unseen sprites; None where
            each sprite is a group of its own.
        rate: share of unseen sprites that may be said to repeat training sprites.
        unusual: the same for variants and repeats together.
    """

    def __init__(
        self,
        parts: Parts,
        bases: list[Tensor],
        unseen: Tensor,
        groups: tuple[Tensor, Tensor] | None = None,
        rate: float = 0.01,
        unusual: float = 0.05,
    ) -> None:
        self._parts, self._bases, self._whole = parts, bases, unseen
        self._groups: Tensor | None
        self._groups, self._theirs = groups or (None, torch.arange(len(unseen)))
        self._rates = rate, unusual
        self._original = (unseen > 0).all(dim=1)
        self._unseen = unseen[self._original]
        self._limits = limits(self._unseen, rate).minimum(FURTHEST)
        self._usual = limits(self._unseen, unusual)

    @property
    def moved_limits(self) -> tuple[float, float]:
        """Distances below which a sprite repeats a training sprite as it stands, shifted or
        mirrored, and below which it is a variant."""
        repeats, unusual = self._limits[Relation.MIRRORED], self._usual[Relation.MIRRORED]
        return float(repeats), float(unusual)

    @cached_property
    def _base(self) -> Findings:
        """The passports of the unseen sprites, each by the limits that all other groups set."""
        apart = [
            by_others(self._whole, self._original, self._theirs, rate) for rate in self._rates
        ]
        found = Relatives(self._whole, torch.zeros_like(self._whole, dtype=torch.int64))
        return self.findings(found, apart[0].minimum(FURTHEST), apart[1])

    @property
    def base_rates(self) -> dict[str, float]:
        """`rates` of the unseen sprites themselves; empty where there are none."""
        return self.rates(self._base)

    @classmethod
    def of(
        cls,
        parts: Parts,
        held_out: Tensor,
        groups: np.ndarray | Tensor,
        held_out_groups: np.ndarray | Tensor | None = None,
        rate: float = 0.01,
    ) -> "Passport":
        """Learns the limits from held-out sprites and, up to 1,000 in all, from training sprites.

        A training sprite is measured against those of other groups, as if its own were unseen.

        Args:
            parts: the training set.
            held_out: uint8 `(k, C, H, W)`, may be none.
            groups: int64 `(n,)`, group numbers of the training sprites, not negative.
            held_out_groups: int64 `(k,)`, those of the held-out ones; None where each is its own.
            rate: share of unseen sprites that may be said to repeat training sprites.
        """
        bases = bases_of(next(iter(parts())))
        groups = torch.as_tensor(groups)
        apart = -1 - torch.arange(len(held_out))
        apart = apart if held_out_groups is None else torch.as_tensor(held_out_groups)
        kept = _spread(len(held_out), UNSEEN)
        rows = _spread(len(groups), UNSEEN - len(kept))
        chosen = torch.cat([held_out[kept], _taken(parts, rows)])
        theirs = torch.cat([apart[kept], groups[rows]])
        unseen = relatives(chosen, parts, bases, groups=(theirs, groups)).distance
        comparable = unseen[:, Relation.COPY].isfinite()  # not with a single group
        return cls(parts, bases, unseen[comparable], (groups, theirs[comparable]), rate)

    def examine(self, images: Tensor) -> Findings:
        """The passports of samples uint8 `(N, C, H, W)`."""
        return self.findings(relatives(images, self._parts, self._bases))

    @staticmethod
    def rates(findings: Findings) -> dict[str, float]:
        """The share of each verdict by its name, and as `copy_rate` that of all repeats."""
        n = len(findings.verdict)
        if n == 0:
            return {}
        counts = Counter(findings.verdict)
        copies = sum(counts[verdict] for verdict in REPEATS)
        return {"copy_rate": copies / n} | {str(v): counts[v] / n for v in Verdict}

    def copying(self, findings: Findings) -> bool:
        """Whether these samples repeat training sprites more often than unseen sprites do; see
        `alarm`."""
        groups = findings.row if self._groups is None else self._groups[findings.row]
        unseen = Cases.of(_repeats(self._base), self._theirs)
        return is_excess(Cases.of(_repeats(findings), groups), unseen)

    def findings(
        self, found: Relatives, limit: Tensor | None = None, usual: Tensor | None = None
    ) -> Findings:
        """The passports of samples whose nearest training sprites are known.

        Args:
            limit, usual: distances `(N, 5)` below which each repeats, and is unusual; None for
                those that all unseen sprites set.
        """
        distance = found.distance
        repeats = (distance == 0) | (distance < (self._limits if limit is None else limit))
        unusual = distance < (self._usual if usual is None else usual)
        relation = torch.full((len(distance),), int(Relation.MIRRORED))
        for holds in (unusual, repeats):
            near = distance.where(holds, torch.inf)
            plain = near <= TWICE * near.amin(1, keepdim=True)
            relation = torch.where(holds.any(1), plain.int().argmax(1), relation)
        verdicts = [
            REPEATS[which] if repeat else Verdict.VARIANT if odd else Verdict.NEW
            for which, repeat, odd in zip(
                relation.tolist(), repeats.any(1).tolist(), unusual.any(1).tolist(), strict=True
            )
        ]
        column = relation[:, None]
        chosen = distance.gather(1, column)[:, 0]
        nearer = (self._unseen[:, relation] < chosen).sum(0)
        return Findings(
            tuple(verdicts),
            found.row.gather(1, column)[:, 0],
            chosen,
            100 * nearer / max(1, len(self._unseen)),
        )


def limits(unseen: Tensor, rate: float) -> Tensor:
    """The limit of each relation `(5,)`, from distances of unseen sprites `(m, 5)`.

    All 0 without unseen sprites.
    """
    if len(unseen) == 0:
        return unseen.new_zeros(len(Relation))
    kinds = KINDS if (len(unseen) + 1) * rate >= KINDS else KINDS - 1
    rank = max(1, int((len(unseen) + 1) * rate / kinds))
    smallest = unseen.kthvalue(rank, dim=0).values
    if kinds < KINDS:
        smallest[Relation.RETOUCHED] = 0
    moved = smallest[Relation.MIRRORED]  # the nearest in any position
    return torch.cat([moved.expand(3), smallest[Relation.RECOLOURED :]])


def by_others(unseen: Tensor, original: Tensor, groups: Tensor, rate: float) -> Tensor:
    """The limits for each unseen sprite `(m, 5)` that the original ones of other groups set."""
    apart = torch.zeros_like(unseen)
    for group in groups.unique():
        own = groups == group
        apart[own] = limits(unseen[original & ~own], rate)
    return apart


def _repeats(findings: Findings) -> Tensor:
    return torch.tensor([verdict in REPEATS for verdict in findings.verdict], dtype=torch.bool)


def _spread(n: int, most: int) -> Tensor:
    """At most so many of n rows, evenly spread over them."""
    return torch.linspace(0, max(0, n - 1), min(most, n), dtype=torch.float64).round().long()


def _taken(parts: Parts, rows: Tensor) -> Tensor:
    """Some rows of the training set, in ascending order."""
    taken, start = [], 0
    for part in parts():
        taken.append(part[rows[(rows >= start) & (rows < start + len(part))] - start])
        start += len(part)
    return torch.cat(taken)
