"""Random numbers with an address: the same address gives the same numbers on every machine layout.

Rank, batch shape and device count are never part of an address, so sprite k is the same alone, in
any batch and on any rank, and training draws the same noise on any number of devices.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from diffusion.errors import UserError

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

    A generator on the CPU hears 32 bits of its seed. So that no two images of a draw are the same,
    (seed, draw) names a permutation of all words of 32 bits, which turns an index into a seed.

    Args:
        seed: the seed of the whole set of sprites.
        indices: one index per image, below 2^32; the batch is these images in this order.
        shape: `(C, H, W)` of one image.
        device: where the noise is wanted.

    Raises:
        UserError: an index that is too large.
    """

    def __init__(
        self,
        seed: int,
        indices: Sequence[int],
        shape: Sequence[int],
        device: torch.device | str = "cpu",
    ) -> None:
        if max(indices, default=0) >= 2**32:
            raise UserError(f"index={max(indices)} must be below {2**32}; a seed has no more.")
        self.seed, self.indices, self.shape = seed, np.array(indices, np.uint32), tuple(shape)
        self.device = torch.device(device)

    def __call__(self, draw: int) -> Tensor:
        """Float32 noise `(B, C, H, W)` of one draw."""
        pinned = self.device.type == "cuda"  # so that the host need not wait for the copy
        noise = torch.empty(len(self.indices), *self.shape, pin_memory=pinned)
        generator = torch.Generator()  # to make a new one takes longer than to seed it
        for image, word in zip(noise, self._words(draw).tolist(), strict=True):
            image.normal_(generator=generator.manual_seed(word))
        return noise.to(self.device, non_blocking=pinned)

    def _words(self, draw: int) -> np.ndarray:
        """The seed of each image, uint32 `(B,)`."""
        words = self.indices
        for key in np.random.SeedSequence((SAMPLING, self.seed, draw)).generate_state(2):
            words = _mixed(words ^ key)
        return words


def _mixed(words: np.ndarray) -> np.ndarray:
    """A permutation of the 32-bit words: the last steps of MurmurHash3 (Appleby 2011)."""
    words = (words ^ words >> 16) * np.uint32(0x85EBCA6B)
    words = (words ^ words >> 13) * np.uint32(0xC2B2AE35)
    return words ^ words >> 16
