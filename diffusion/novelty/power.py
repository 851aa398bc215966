"""What "0% copies" is worth: of training sprites that somebody touched up, how many are found?"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from diffusion.novelty.passport import REPEATS, Passport

REPAINTED = (8, 16, 32)  # pixels
TRIED = 200  # training sprites


def power(
    passport: Passport, training: Tensor, pixels: Sequence[int] = REPAINTED
) -> dict[int, float]:
    """Share of training sprites that are still called a repeat, by number of pixels repainted.

    Args:
        passport: calibrated for the training set.
        training: some of it, uint8 `(n, C, H, W)`.
    """
    found = {}
    for count in pixels:
        verdicts = passport.examine(repainted(training, count)).verdict
        found[count] = sum(verdict in REPEATS for verdict in verdicts) / len(verdicts)
    return found


def repainted(images: Tensor, count: int, seed: int = 0) -> Tensor:
    """Sprites in which so many visible pixels have another colour of the same sprite, if it has.

    Args:
        images: uint8 `(n, C, H, W)`.
        count: pixels of each; all that are visible where those are fewer.
    """
    rng, changed = np.random.default_rng(seed), images.clone()
    for image in changed:
        pixels = image.flatten(1).numpy()  # (C, H W), the same memory
        seen = np.flatnonzero(pixels[-1] > 0) if len(pixels) == 4 else np.arange(pixels.shape[1])
        colours = np.unique(pixels[:, seen], axis=1)
        for place in rng.choice(seen, min(count, len(seen)), replace=False):
            others = colours[:, (colours != pixels[:, [place]]).any(0)]
            if others.size:
                pixels[:, place] = others[:, rng.integers(others.shape[1])]
    return torch.from_numpy(changed.numpy())
