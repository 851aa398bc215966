"""Known damage in known strength, done to real sprites: what a measure of quality must notice.

Damaged sprites stay canonical: hard alpha stays hard, and no colour is where nothing is seen, so
that no measure finds the damage by a side effect.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

Sprites = np.ndarray  # float64 (N, 4, H, W) in 0..255
Damage = Callable[[Sprites, float, np.random.Generator], Sprites]


def shift(x: Sprites, pixels: float, rng: np.random.Generator) -> Sprites:
    """All sprites to the right; what leaves the canvas is lost."""
    moved, by = np.zeros_like(x), int(pixels)
    moved[..., by:] = x[..., :-by]
    return moved


def blur(x: Sprites, sigma: float, rng: np.random.Generator) -> Sprites:
    """Gaussian blur of the colours and the silhouette together."""
    alpha = x[:, 3:] / 255
    soft = gaussian_filter(np.concatenate([x[:, :3] * alpha, x[:, 3:]], 1), (0, 0, sigma, sigma))
    return np.concatenate([soft[:, :3] / np.maximum(soft[:, 3:] / 255, 1e-6), soft[:, 3:]], 1)


def colour_jitter(x: Sprites, share: float, rng: np.random.Generator) -> Sprites:
    """Each channel of each sprite brighter or darker by up to this share."""
    gain = rng.uniform(1 - share, 1 + share, (len(x), 3, 1, 1))
    return np.concatenate([x[:, :3] * gain, x[:, 3:]], 1)


def extra_colours(x: Sprites, share: float, rng: np.random.Generator) -> Sprites:
    """This share of pixels is 16 values off its colour in every channel."""
    where = rng.random(x[:, :1].shape) < share
    off = rng.choice([-16.0, 16.0], x[:, :3].shape)
    return np.concatenate([x[:, :3] + where * off, x[:, 3:]], 1)


def swapped_pixels(x: Sprites, share: float, rng: np.random.Generator) -> Sprites:
    """This share of a sprite's pixels takes the colour of another of its pixels."""
    return _repainted(x, lambda alpha: alpha > 0, share, rng)


def stray_pixels(x: Sprites, share: float, rng: np.random.Generator) -> Sprites:
    """This share of the ground gets pixels of the sprite's colours."""
    return _repainted(x, lambda alpha: alpha == 0, share, rng)


def mirrored(x: Sprites, share: float, rng: np.random.Generator) -> Sprites:
    """This share of sprites looks the other way."""
    return np.where(_some(x, share, rng), x[..., ::-1], x)


def palette_swap(x: Sprites, share: float, rng: np.random.Generator) -> Sprites:
    """In this share of sprites red, green and blue change places."""
    return np.where(_some(x, share, rng), x[:, [1, 2, 0, 3]], x)


def noise(x: Sprites, sigma: float, rng: np.random.Generator) -> Sprites:
    """Gaussian noise on every channel."""
    return x + rng.normal(0, sigma, x.shape)


def nothing_but_noise(x: Sprites, _: float, rng: np.random.Generator) -> Sprites:
    """A ceiling."""
    return rng.uniform(0, 255, x.shape)


def mean_sprite(x: Sprites, _: float, rng: np.random.Generator) -> Sprites:
    """Another ceiling: the mean of all, over and over."""
    return np.broadcast_to(x.mean(0), x.shape)


DAMAGES: dict[str, tuple[Damage, tuple[float, ...]]] = {
    "noise, sigma": (noise, (2, 5, 10, 20, 40)),
    "blur, sigma": (blur, (0.35, 0.5, 1)),
    "extra colours": (extra_colours, (0.02, 0.05, 0.1, 0.25)),
    "swapped pixels": (swapped_pixels, (0.05, 0.1, 0.2, 0.4)),
    "stray pixels": (stray_pixels, (0.01, 0.02, 0.05)),
    "shift, pixels": (shift, (1, 2)),
    "mirrored": (mirrored, (0.25, 0.5, 1)),
    "colour jitter": (colour_jitter, (0.1, 0.2, 0.4)),
    "palette swap": (palette_swap, (0.1, 0.25, 0.5, 1)),
}


def damaged(images: np.ndarray, damage: Damage, strength: float, seed: int = 0) -> np.ndarray:
    """Sprites uint8 `(N, 4, H, W)` after it."""
    hard = np.isin(images[:, 3], (0, 255)).all()
    done = damage(images.astype(np.float64), strength, np.random.default_rng(seed))
    done = np.clip(np.round(done), 0, 255).astype(np.uint8)
    if hard:
        done[:, 3] = np.where(done[:, 3] >= 128, 255, 0)
    done[:, :3] *= done[:, 3:] > 0
    return done


def _some(x: Sprites, share: float, rng: np.random.Generator) -> np.ndarray:
    return rng.random((len(x), 1, 1, 1)) < share


def _repainted(
    x: Sprites, where: Callable[[np.ndarray], np.ndarray], share: float, rng: np.random.Generator
) -> Sprites:
    x = x.copy()
    for sprite in x:
        seen = sprite[:, sprite[3] > 0]
        targets = np.argwhere(where(sprite[3]) & (rng.random(sprite[3].shape) < share))
        if seen.size:
            rows, columns = targets.T
            sprite[:, rows, columns] = seen[:, rng.integers(0, seen.shape[1], len(targets))]
    return x
