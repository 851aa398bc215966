"""Random numbers with an address: the same address gives the same numbers on every machine layout.

Rank, batch shape and device count are never part of an address, so sprite k is the same alone, in
any batch and on any rank, and training draws the same noise on any number of devices.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# The first word of an address says what the numbers are for, so that streams never meet.
TRAINING, VALIDATION, SAMPLING, LABELS, DROPOUT = range(5)


def keyed(*address: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator on `device` whose numbers depend on `address` alone (non-negative integers)."""
    word = np.random.SeedSequence(address).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(word >> np.uint64(1)))


class ImageNoise:
    """Standard normal noise for a batch of images, addressed by (seed, image index, draw).

    Always drawn on the CPU, so it is equal on every device. Call it with the number of the draw: 0
    is the pure noise a sampler starts from, k >= 1 the fresh noise of its k-th step.

    Args:
        seed: the seed of the whole set of sprites.
        indices: one index per image; the batch is these images in this order.
        shape: `(C, H, W)` of one image.
        device: where the noise is wanted.
    """

    def __init__(
        self,
        seed: int,
        indices: Sequence[int],
        shape: Sequence[int],
        device: torch.device | str = "cpu",
    ) -> None:
        self.seed, self.indices, self.shape, self.device = seed, indices, tuple(shape), device

    def __call__(self, draw: int) -> Tensor:
        """Float32 noise `(B, C, H, W)` of one draw."""
        noise = [
            torch.randn(self.shape, generator=keyed(SAMPLING, self.seed, index, draw))
            for index in self.indices
        ]
        return torch.stack(noise).to(self.device)
