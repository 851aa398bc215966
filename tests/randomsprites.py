"""Sprites of random pixels, for laws that hold for any."""

import torch

from diffusion.pixels import PixelCodec


def sprites(n, seed=0, shape=(4, 8, 8)):
    """In the model range `(n, *shape)`, the same for a seed."""
    generator = torch.Generator().manual_seed(seed)
    return PixelCodec().encode(torch.randint(0, 256, (n, *shape), generator=generator))
