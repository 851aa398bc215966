"""The regions of a sprite, one of each colour, and how well another sprite fits into them."""

from dataclasses import dataclass

import torch
from torch import Tensor

HELD = 2**20  # distances of pixels to mean colours, held at once


def outlines(images: Tensor, level: int = 0) -> Tensor:
    """1 where neighbouring pixels differ by more than `level`, else 0: float32 `(n, edges)`."""
    pixels = images.to(torch.int16)
    down = (pixels[:, :, 1:] - pixels[:, :, :-1]).abs_().amax(1) > level
    right = (pixels[..., 1:] - pixels[..., :-1]).abs_().amax(1) > level
    return torch.cat([down.flatten(1), right.flatten(1)], dim=1).float()


def regions(images: Tensor) -> Tensor:
    """Number of each pixel's colour, from 0 in each sprite: int64 `(n, P)`; alpha counts."""
    colours = torch.zeros_like(images[:, 0], dtype=torch.int64)
    for channel in images.unbind(1):
        colours = colours << 8 | channel
    ordered, place = colours.flatten(1).sort(dim=1)
    number = torch.zeros_like(ordered)
    number[:, 1:] = (ordered[:, 1:] != ordered[:, :-1]).cumsum(1)
    return torch.zeros_like(number).scatter_(1, place, number)


@dataclass(frozen=True)
class Painted:
    """Samples beside the training sprites whose regions they are held against.

    Args:
        sample, training: uint8 `(k, C, P)`.
        region: int64 `(k, P)`, `regions` of the training sprites.
    """

    sample: Tensor
    training: Tensor
    region: Tensor

    def only(self, chosen: Tensor) -> "Painted":
        """Some of the pairs."""
        return Painted(self.sample[chosen], self.training[chosen], self.region[chosen])

    def alpha(self) -> Tensor:
        """Sum of squared differences of alpha `(k,)`; a recolouring leaves alpha alone."""
        difference = self.sample[:, 3:].double() - self.training[:, 3:]
        return difference.square().sum(dim=(1, 2))

    def unevenness(self, shown: Tensor) -> Tensor:
        """Sum of squares `(k,)` of the sample's colours about their means in each region.

        Times p / (p - r) for r colours on p pixels that are shown. Infinite where no colour
        repeats, and where there are more than p / 2, unless the sample is even in all regions.

        Args:
            shown: bool `(k, P)`, where the training sprite covers its ground.
        """
        colours = self.sample[:, :3].double()
        left = (colours - _painted(_means(colours, self.region), self.region)).square().sum((1, 2))
        pixels, used = shown.sum(1), (_counts(self.region, shown.double()) > 0).sum(1)
        scarce = (pixels == used) | ((2 * used > pixels) & (left > 0))
        return torch.where(scarce, torch.inf, left * pixels / (pixels - used))

    def confusion(self) -> Tensor:
        """Sum of squares `(k,)` of the training sprite about its means in the sample's regions.

        A pixel of the sample goes to the region whose mean colour (and alpha) is nearest.
        """
        recoloured = torch.cat([self.sample[:, :3], self.training[:, 3:]], dim=1).double()
        means = _means(recoloured, self.region)
        absent = _counts(self.region, torch.ones_like(self.region).double()) == 0
        taken = torch.empty_like(self.region)
        size = max(1, HELD // (self.region.shape[1] * means.shape[2]))
        for k in range(0, len(taken), size):
            some = slice(k, k + size)
            apart = torch.cdist(
                self.sample[some].double().mT,
                means[some].mT,
                compute_mode="donot_use_mm_for_euclid_dist",
            )
            taken[some] = apart.masked_fill_(absent[some, None], torch.inf).argmin(2)
        training = self.training.double()
        return (training - _painted(_means(training, taken), taken)).square().sum((1, 2))


def _counts(region: Tensor, weight: Tensor) -> Tensor:
    """Sum of weights `(k, P)` in each region, `(k, r)`."""
    colours = int(region.max()) + 1 if len(region) else 1
    return weight.new_zeros(len(region), colours).scatter_add_(1, region, weight)


def _means(values: Tensor, region: Tensor) -> Tensor:
    """Means `(k, C, r)` of `(k, C, P)` over each region; 0 where there is none."""
    counts = _counts(region, torch.ones_like(values[:, 0]))
    sums = values.new_zeros(*values.shape[:2], counts.shape[1])
    sums.scatter_add_(2, region[:, None].expand_as(values), values)
    return sums / counts.clamp(min=1)[:, None]


def _painted(means: Tensor, region: Tensor) -> Tensor:
    """Every pixel in the mean colour of its region: `(k, C, P)`."""
    return means.gather(2, region[:, None].expand(-1, means.shape[1], -1))
