"""How many different sprites can a run make? Capture and recapture among its own samples.

Of n samples every pair is a chance to meet the same sprite twice. If N sprites were equally
likely, n (n - 1) / 2N pairs would be the same, so m such pairs say N = n (n - 1) / 2m, with the
exact interval of a Poisson count (Garwood 1936). Some sprites are always likelier than others;
then this is how many equally likely ones would meet as often, 1 / sum p^2, fewer than there are.
So it is a lower bound of how many different sprites there are; with few pairs only the lower end
of its interval says anything.
"""

from dataclasses import dataclass

import torch
from scipy.stats import chi2
from torch import Tensor

ALL_AT_ONCE = 2**24  # differences in the largest temporary tensor
ENOUGH = (
    10  # pairs: with fewer the interval is wider than threefold, and only its lower end is said
)


@dataclass(frozen=True)
class Variety:
    """What n samples say.

    Attributes:
        n: samples.
        pairs: of samples that are the same sprite.
        estimate: how many different ones there are at least; infinite without pairs.
        low, high: ends of its interval of 95%.
    """

    n: int
    pairs: int
    estimate: float
    low: float
    high: float

    @property
    def is_bound(self) -> bool:
        """Whether only the lower end says anything."""
        return self.pairs < ENOUGH


def variety(images: Tensor, limit: float = 0.0) -> Variety:
    """How many different sprites samples are drawn from.

    Args:
        images: uint8 `(N, C, H, W)`, two or more.
        limit: root mean square difference, in levels of 0..255 over the pixels that either shows,
            below which two samples are the same sprite; equal ones always are.
    """
    n = len(images)
    pairs = sum(_like(images, k, limit) for k in range(n - 1))
    chances = n * (n - 1) / 2
    fewest = chi2.ppf(0.025, 2 * pairs) / 2 if pairs else 0.0
    most = chi2.ppf(0.975, 2 * pairs + 2) / 2
    return Variety(
        n,
        pairs,
        chances / pairs if pairs else float("inf"),
        float(chances / most),
        float(chances / fewest) if pairs else float("inf"),
    )


def _like(images: Tensor, k: int, limit: float) -> int:
    """How many later samples are the same sprite as sample k."""
    found, later = 0, images[k + 1 :]
    for some in later.split(max(1, ALL_AT_ONCE // images[0].numel())):
        square = (some.int() - images[k].int()).square().flatten(1).sum(1).double()
        seen = torch.full_like(square, images[0].numel())
        if images.shape[1] == 4:
            either = (some[:, 3] > 0) | (images[k, 3] > 0)
            seen = either.flatten(1).sum(1).double() * 4
        apart = (square / seen.clamp(min=1)).sqrt()
        found += int(((apart < limit) | (square == 0)).sum())
    return found
