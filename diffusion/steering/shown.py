"""Which attributes a part of a sprite shows."""

import torch
from torch import Tensor

ENOUGH = 0.25  # of what an attribute changes in sprites; a part that holds so much of it shows it


def shown(images: Tensor, values: Tensor, part: Tensor) -> list[bool]:
    """Whether each attribute is seen in a part of these sprites, by the variance it explains.

    That of a pixel is the variance of its means over the values of the attribute, less what chance
    makes of it (as omega squared is, in the analysis of variance); an attribute is shown where the
    part holds at least a quarter of the sum over all pixels.

    Args:
        images: uint8 `(N, C, H, W)`.
        values: int64 `(N, A)`, -1 for one that is not known.
        part: bool `(C, H, W)`.
    """
    everything, found = images.flatten(1).float(), []
    for column in values.T:
        known = column >= 0
        pixels = everything[known]
        there, own, counts = column[known].unique(return_inverse=True, return_counts=True)
        if not len(there):
            found.append(False)
            continue
        sums = torch.zeros(len(there), pixels.shape[1]).index_add(0, own, pixels)
        means = sums / counts[:, None]
        between = (counts[:, None] * (means - pixels.mean(0)).square()).sum(0)
        within = (pixels - means[own]).square().sum(0) / max(1, len(own) - len(there))
        explained = (between - (len(there) - 1) * within).clamp(min=0)
        held = explained[part.flatten()].sum()
        found.append(bool(held > 0 and held >= ENOUGH * explained.sum()))
    return found
