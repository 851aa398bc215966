"""The nearest training sprite of which some pixels were repainted.

Its other pixels are the same to the byte, however far off the repainted ones are. A root mean
square, which few pixels in a glaring colour make large, overlooks that.
"""

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from diffusion.novelty.chunk import Chunk
from diffusion.novelty.moves import grounded
from diffusion.novelty.nearest_so_far import NearestSoFar

WHOLE = 255.0  # levels; a pixel that differs counts as this far off
MAX_REPAINTED = 0.4  # of the pixels; where more differ it is no retouching
NO_GROUND = -1.0, -2.0  # of samples and of training sprites: ground is like nothing


class Retouchings:
    """Searches for some sprites, one part of the training set after the other.

    The distance is the root of 255^2 times the share of pixels that differ, of those where either
    sprite covers its ground (`best` holds the square): what a root mean square would be if they
    were as far off as can be.

    Args:
        samples: uint8 `(N, C, H, W)`.
    """

    def __init__(self, samples: Tensor) -> None:
        self.best = NearestSoFar(len(samples))
        self.pixels, self.shown = _pixels(samples, NO_GROUND[0])

    def look(self, part: Chunk, same_group: Tensor | None = None) -> None:
        """Compares with a part; pairs where `same_group` bool `(N, m)` is true do not count."""
        pixels, shown = _pixels(part.images, NO_GROUND[1])
        differing = cdist(self.pixels, pixels, "hamming") * pixels.shape[1]
        neither = (1 - self.shown) @ (1 - shown).T  # ground in both, counted as differing
        share = (differing - neither) / np.maximum(1, pixels.shape[1] - neither)
        near = share <= MAX_REPAINTED
        if same_group is not None:
            near &= ~same_group.numpy()
        sprite, row = (torch.from_numpy(each) for each in near.nonzero())
        self.best.offer(sprite, part.start + row, torch.from_numpy(share[near]) * WHOLE**2)


def _pixels(images: Tensor, ground: float) -> tuple[np.ndarray, np.ndarray]:
    """A number for each pixel's colour, and 1 where a sprite covers its ground; `(n, H W)`."""
    lifted, _, framed = grounded(images)
    shown = ((lifted != 0).any(1) | ~framed[:, None, None]).flatten(1).numpy()
    channels = images.flatten(2).transpose(1, 2).numpy().astype(np.float64)
    colours = channels @ 256.0 ** np.arange(images.shape[1])
    return np.where(shown, colours, ground), shown.astype(np.float64)
