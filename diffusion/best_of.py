"""The best of many: which sprites look most real, repeat nothing, and differ from each other.

Small networks learn to tell real sprites that the generator has not seen, those of the validation
part, from one half of the candidates, and say of the other half how real each looks. So no sprite
is judged by a network that has learned from it, and copies of training sprites gain nothing.

What looks most real is first of all of the kinds that the generator makes too rarely. So sprites
compete within their own label, where a network is told nothing else; and the half that surprises
the generator itself, such as one with specks, comes after the other.
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


def best_of(
    images: Tensor, n: int, judge: Judge, surprises: Tensor, labels: Tensor | None = None
) -> list[Candidate]:
    """What becomes of each candidate; those that are kept come first, the best before the others.

    Args:
        images: uint8 `(N, C, H, W)`.
        n: how many to keep; fewer are where not so many pass.
        judge: of the data that the generator was trained on.
        surprises: `(N,)`, how unlikely the generator finds each.
        labels: int64 `(N,)`, what each was told to be.
    """
    looks = realness(judge.data.images(judge.data.split["val"]), images, JUDGES)
    stand, unlikely = standing(looks, surprises, labels)
    verdicts = judge.passport.examine(images).verdict
    kept: list[Candidate] = []
    dropped: list[Candidate] = []
    places = torch.empty(n, dtype=torch.int64)  # of those kept
    for k in stand.argsort(stable=True).tolist():
        if verdicts[k] in REPEATS:
            why = f"a training sprite again ({verdicts[k]})"
        elif len(kept) == n:
            why = "unlikely to the network" if unlikely[k] else "looks less real than those kept"
        elif len(alike := _alike(images, k, places[: len(kept)])):
            why = f"like candidate {int(alike[0])}, which was before it"
        else:
            places[len(kept)] = k
            kept.append(
                Candidate(k, float(looks[k]), True, f"number {len(kept) + 1} of those kept")
            )
            continue
        dropped.append(Candidate(k, float(looks[k]), False, why))
    return kept + dropped


def standing(
    looks: Tensor, surprises: Tensor, labels: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Where each sprite stands, float32 `(N,)`, the best lowest; and which the network finds
    unlikely, the upper half of the surprises of each label.

    Args:
        looks: `(N,)`, how real each looks.
        surprises: `(N,)`, how unlikely the generator finds each.
        labels: int64 `(N,)`; sprites compete within their label, and all where there are none or
            where each has attributes.
    """
    kinds = torch.zeros(len(looks)) if labels is None or labels.ndim > 1 else labels
    place, unlikely = torch.zeros(len(looks)), torch.zeros(len(looks), dtype=torch.bool)
    for kind in kinds.unique():
        those = (kinds == kind).nonzero().squeeze(1)
        unlikely[those] = surprises[those] > surprises[those].median()
        ordered = looks[those].argsort(descending=True, stable=True)
        place[those[ordered]] = (torch.arange(len(those)) + 0.5) / len(those)
    return place + unlikely, unlikely


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
