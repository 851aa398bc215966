"""From below, how much samples differ from moved training sprites: one matrix product for all.

The sum of squares of `sample - moved` is that of the sample, plus that of the moved sprite, less
twice their product; and the product with a sprite that was moved is the product of that sprite
with the sample moved back. Along a few directions products are known exactly, and of what remains
they are at most the product of its two lengths (Cauchy and Schwarz), whatever the directions.
"""

import torch
from torch import Tensor

from diffusion.novelty.moves import grounded

SEEN = 4096  # sprites whose main directions are taken
SLACK = 3e-5  # of the squared lengths: many times what float32 rounds


def directions(images: Tensor, count: int) -> Tensor:
    """Orthonormal float32 `(P, count)` along which sprites extend most, the main one first.

    Found by subspace iteration from random directions (Halko et al. 2011).

    Args:
        images: uint8 `(n, C, H, W)`; P = C H W.
        count: how many; P when that is less.
    """
    flat = grounded(images[:: -(-len(images) // SEEN)])[0].flatten(1).float()
    generator = torch.Generator().manual_seed(0)
    found = torch.randn(flat.shape[1], min(count, flat.shape[1]), generator=generator)
    for _ in range(2):
        found = torch.linalg.qr(flat.T @ (flat @ found)).Q
    extent = (flat @ found).square().sum(0)
    return found[:, extent.argsort(descending=True)]


def query(samples: Tensor, moved_back: Tensor, basis: Tensor) -> Tensor:
    """Float32 `(N, K)`: a product with a `key` is the bound, but for the sample's own square.

    Column -2 is free: what is written there is multiplied with the key's visible values.

    Args:
        samples, moved_back: float32 `(N, C, H, W)`.
        basis: as of `directions`.
    """
    projected, rest = _projected(moved_back, basis)
    one = torch.ones_like(rest)
    ground = -2 * samples.sum(dim=(2, 3))
    return torch.cat([-2 * projected, -2 * rest, ground, 0 * one, one], dim=1)


def key(pixels: Tensor, ground: Tensor, basis: Tensor) -> Tensor:
    """Float32 `(m, K)` of training sprites; columns -2 and -1 are free, and differ between moves.

    Args:
        pixels: float32 `(m, C, H, W)` less their ground.
        ground: float32 `(m, C)`.
        basis: as of `directions`.
    """
    projected, rest = _projected(pixels, basis)
    return torch.cat([projected, rest, ground, 0 * rest, 0 * rest], dim=1)


def own_square(samples: Tensor) -> Tensor:
    """Sum of squares float32 `(N,)` of samples, a little too small."""
    return samples.flatten(1).square().sum(1) * (1 - SLACK)


def _projected(pixels: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates `(n, K)` in the basis, and length `(n, 1)` of the rest, a little too long."""
    flat = pixels.flatten(1)
    projected = flat @ basis
    rest = flat.square().sum(1) * (1 + SLACK) - projected.square().sum(1)
    return projected, rest.clamp(min=0).sqrt()[:, None]
