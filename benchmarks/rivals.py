"""Encoders that the sprite features were chosen among: `describe` is fitted on a reference.

Each takes the reference, uint8 `(M, 4, H, W)`, and gives a function from sprites to features.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from damage import DAMAGES, damaged
from torch import Tensor, nn

from datamodules.forge import ForgeData
from diffusion.metrics.encoder import SCALES, encode, shown
from diffusion.metrics.structure import structure

Describe = Callable[[Tensor], Tensor]
HIDDEN = 48
encoded = lru_cache(maxsize=64)(encode)  # several rivals are parts of the default


def chosen(reference: Tensor) -> Describe:
    """The default."""
    return encoded


def structure_alone(reference: Tensor) -> Describe:
    """The default's first half: neighbouring pixels, outlines, specks."""
    return lambda images: encoded(images)[:, _structural()]


def appearance_alone(reference: Tensor) -> Describe:
    """The default's second half: colours, shape, light, symmetry."""
    return lambda images: encoded(images)[:, ~_structural()]


def whitened(reference: Tensor) -> Describe:
    """The default, each number divided by its deviation over the reference."""
    features = encoded(reference)
    deviation = (features.var(0) + 0.05).sqrt()
    return lambda images: encoded(images) / deviation


def pixel_components(reference: Tensor) -> Describe:
    """64 principal components of the pixels."""
    return _components(lambda images: shown(images).flatten(1) / 255, reference, 64)


def random_convolutions(reference: Tensor) -> Describe:
    """96 principal components of two random convolutions, pooled to means and deviations."""
    generator = torch.Generator().manual_seed(0)
    kernels = [
        torch.randn(wide, narrow, 3, 3, generator=generator) * (2 / (9 * narrow)) ** 0.5
        for narrow, wide in ((4, 64), (64, 128))
    ]

    def describe(images: Tensor) -> Tensor:
        x, pooled = shown(images).float() / 127.5 - 1, []
        for kernel in kernels:
            x = F.relu(F.conv2d(x, kernel, padding=1))
            pooled += [x.mean((2, 3)), x.std((2, 3))]
            x = F.avg_pool2d(x, 2)
        return torch.cat(pooled, 1).double()

    return _components(describe, reference, 96)


def learned(reference: Tensor) -> Describe:
    """A small network taught on procedural sprites to name each of these damages.

    It has seen the very damage it is examined on, which the others have not.
    """
    torch.manual_seed(0)
    data = ForgeData(n=1200)
    data.setup()
    whole = data.images(np.arange(1200))
    exams = [whole] + [
        torch.from_numpy(damaged(whole.numpy(), damage, strength))
        for damage, strengths in DAMAGES.values()
        for strength in strengths
    ]
    layers: list[nn.Module] = []
    for narrow, wide in ((4, 32), (32, 48), (48, 48)):
        layers += [nn.Conv2d(narrow, wide, 3, 2 if narrow > 4 else 1, 1), nn.SiLU()]
    trunk = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, HIDDEN))
    network = nn.Sequential(trunk, nn.SiLU(), nn.Linear(HIDDEN, len(exams)))
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
    for _ in range(1500):
        kind = torch.randint(len(exams), (64,))
        row = torch.randint(len(whole), (64,))
        images = torch.stack([exams[k][r] for k, r in zip(kind, row, strict=True)])
        loss = F.cross_entropy(network(shown(images).float() / 127.5 - 1), kind)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    @torch.no_grad()
    def describe(images: Tensor) -> Tensor:
        return torch.cat(
            [trunk(shown(part).float() / 127.5 - 1).double() for part in images.split(256)]
        )

    return describe


RIVALS: dict[str, Callable[[Tensor], Describe]] = {
    "sprite features": chosen,
    "structure alone": structure_alone,
    "appearance alone": appearance_alone,
    "whitened": whitened,
    "learned": learned,
    "random convolutions": random_convolutions,
    "pixel components": pixel_components,
}


def _structural() -> Tensor:
    groups = structure(torch.zeros(1, 4, 8, 8, dtype=torch.float64))
    last = list(groups)[-1]
    names = list(SCALES)
    assert set(names[: names.index(last) + 1]) == set(groups)
    columns = torch.arange(encoded(torch.zeros(1, 4, 8, 8, dtype=torch.uint8)).shape[1])
    return columns < sum(numbers.shape[1] for numbers in groups.values())


def _components(describe: Describe, reference: Tensor, kept: int) -> Describe:
    features = describe(reference)
    mean = features.mean(0)
    directions = torch.linalg.svd(features - mean, full_matrices=False).Vh[:kept].T
    return lambda images: (describe(images) - mean) @ directions
