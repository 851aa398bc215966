"""The best of many: which sprites look most real, repeat nothing, and differ from each other.

Small networks learn to tell real sprites that the generator has not seen, those of the validation
part, from one half of the candidates, and say of the other half how real each looks. So no sprite
is judged by a network that has learned from it, and copies of training sprites gain nothing.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from diffusion.errors import UserError
from diffusion.judge import Judge
from diffusion.metrics.told_apart import JUDGES, MIN_GROUPS, realness
from diffusion.novelty.passport import REPEATS

LEAST_APART = 0.25  # share of the pixels that either covers in which two kept sprites differ


@dataclass(frozen=True)
class Candidate:
    """One of many, and what became of it.

    Attributes:
        index: its place among them.
        realness: mean logit of the judges; above 0 they take it for real.
        kept: whether it is among the best.
        why: in words.
    """

    index: int
    realness: float
    kept: bool
    why: str


def check_candidates(candidates: int, judge: Judge) -> None:
    """Refuses what networks cannot learn from.

    Raises:
        UserError: too few candidates, or too few validation sprites.
    """
    groups = len(np.unique(judge.data.groups[judge.data.split["val"]]))
    if groups < MIN_GROUPS:
        raise UserError(
            f"of= learns from validation sprites that do not repeat each other; there are "
            f"{groups}, and {MIN_GROUPS} are the least. Leave of= out."
        )
    if candidates < 2 * MIN_GROUPS:
        raise UserError(
            f"of={candidates} is too few to learn from; give {2 * MIN_GROUPS} or more."
        )


def best_of(images: Tensor, n: int, judge: Judge) -> list[Candidate]:
    """What becomes of each candidate; of those that are kept the most real come first.

    Args:
        images: uint8 `(N, C, H, W)`.
        n: how many to keep; fewer are where not so many pass.
        judge: of the data that the generator was trained on.
    """
    looks = realness(judge.data.images(judge.data.split["val"]), images, JUDGES)
    verdicts = judge.passport.examine(images).verdict
    kept: list[Candidate] = []
    dropped: list[Candidate] = []
    places = torch.empty(n, dtype=torch.int64)  # of those kept
    for k in looks.argsort(descending=True, stable=True).tolist():
        if verdicts[k] in REPEATS:
            why = f"a training sprite again ({verdicts[k]})"
        elif len(kept) == n:
            why = "looks less real than those kept"
        elif len(alike := _alike(images, k, places[: len(kept)])):
            why = f"like candidate {int(alike[0])}, which looks more real"
        else:
            places[len(kept)] = k
            kept.append(Candidate(k, float(looks[k]), True, f"number {len(kept) + 1} by looks"))
            continue
        dropped.append(Candidate(k, float(looks[k]), False, why))
    return kept + dropped


def _alike(images: Tensor, k: int, others: Tensor) -> Tensor:
    """Those of other places whose sprites differ from sprite k in few of the pixels that either
    of the two covers."""
    one, there = images[k], images[others]
    differ = (there != one).any(dim=1).flatten(1)
    covered = torch.ones_like(differ)
    if images.shape[1] == 4:
        covered = ((there[:, 3] > 0) | (one[3] > 0)).flatten(1)
    apart = (differ & covered).sum(dim=1) / covered.sum(dim=1).clamp(min=1)
    return others[apart < LEAST_APART]
