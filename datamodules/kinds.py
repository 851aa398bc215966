"""Kinds: sprites that look alike, found by themselves, so that a network can be told them.

A network that is told more of a sprite leaves less open (Bao et al. 2022, "Why Are Conditional
Generative Models Better Than Unconditional Ones?"). Where nobody has said what sprites are, their
pixels do: k-means (Lloyd 1982; begun as by Arthur & Vassilvitskii 2007), so often that each kind
is left with several sprites, or its mean would be one of them.
"""

import numpy as np

from datamodules.arrays import Sprites, rgba
from datamodules.attributes import MOST_VALUES, Attribute, Attributes
from datamodules.errors import DataError

KIND, LABEL = "kind", "label"  # what the attributes are called
AUTO = "auto"
SHARE, MANY = 13, 128  # of auto: training sprites for each kind to begin with, and the most kinds
LOOKED_AT = 4096  # sprites that decide what kinds there are
SIDE = 16  # pixels that are looked at
ROUNDS = 25
FEWEST = 5  # sprites of a kind


def with_kinds(
    sprites: Sprites, known: Attributes, rows: np.ndarray, wanted: int | str
) -> Attributes:
    """The kind of each sprite, and what is known beside, or its label where nothing is.

    Args:
        sprites: all of them; each is of the kind whose mean is nearest.
        known: attributes.
        rows: those of which the kinds are, the training sprites.
        wanted: kinds to begin with, of which those of fewer than `FEWEST` sprites are given up; or
            `auto`, for as many as suit the number of sprites, and none where attributes are known.

    Raises:
        DataError: no such number, the sprites are too few for two kinds, or there is an attribute
            of that name.
    """
    auto = wanted == AUTO
    if auto and known:
        return known
    most = min(MANY, len(rows) // SHARE) if auto else wanted
    if not isinstance(most, int) or not (auto or 2 <= most <= MOST_VALUES):
        raise DataError(
            f"data.kinds={wanted} must be {AUTO}, null, or a whole number from 2 to "
            f"{MOST_VALUES:,}."
        )
    if KIND in (each.name for each in known):
        raise DataError(
            f"data.kinds={wanted} finds an attribute {KIND}, and these sprites have one of that "
            "name; leave data.kinds out, or call theirs otherwise."
        )
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), LOOKED_AT)).astype(np.int64)]
    points = _points(sprites.take(some))
    means = _means(points, most) if most > 1 else points[:1]
    if len(means) < 2 and auto:
        return known
    if len(means) < 2:
        raise DataError(
            f"{len(rows):,} training sprites are too few for kinds of {FEWEST} or more; leave "
            "data.kinds out."
        )
    every = sprites.chunks(np.arange(len(sprites)))
    of = np.concatenate([_nearest(_points(images), means) for _, images in every])
    if not known and sprites.labels is not None and len(sprites.label_names) > 1:
        known = (Attribute(LABEL, sprites.label_names, sprites.labels),)
    values = tuple(str(k) for k in range(len(means)))
    return (Attribute(KIND, values, of.astype(np.int64)), *known)


def _points(images: np.ndarray) -> np.ndarray:
    """Each sprite as a point `(n, d)`: colours times alpha, and alpha, in 0..1; of large sprites
    every second pixel, or every third."""
    step = -(-max(images.shape[1:3]) // SIDE)
    levels = rgba(images[:, ::step, ::step]).astype(np.float64) / 255
    levels[..., :3] *= levels[..., 3:]
    return levels.reshape(len(levels), -1)


def _means(points: np.ndarray, most: int) -> np.ndarray:
    """The means `(k, d)` of the kinds, those of the most points first."""
    means = _begun(points, most, np.random.default_rng(0))
    means, counts = _settled(points, means, ROUNDS)
    while len(means) > 1 and counts.min() < FEWEST:
        means, counts = _settled(points, np.delete(means, counts.argmin(), axis=0), 2)
    return means[np.argsort(-counts, kind="stable")]


def _begun(points: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Points to begin with, each drawn by its squared distance to the nearest before it."""
    chosen = [int(rng.integers(len(points)))]
    far = _squares(points, points[chosen])[:, 0]
    while len(chosen) < most and far.any():
        chosen.append(int(rng.choice(len(points), p=far / far.sum())))
        far = np.minimum(far, _squares(points, points[chosen[-1:]])[:, 0])
    return points[chosen]


def _settled(points: np.ndarray, means: np.ndarray, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """The means after so many rounds, and how many points are nearest to each."""
    for _ in range(rounds):
        of = _nearest(points, means)
        counts = np.bincount(of, minlength=len(means))
        member = np.zeros((len(means), len(points)))
        member[of, np.arange(len(points))] = 1
        some = counts > 0
        means[some] = (member @ points)[some] / counts[some, None]
    return means, np.bincount(_nearest(points, means), minlength=len(means))


def _nearest(points: np.ndarray, means: np.ndarray) -> np.ndarray:
    return _squares(points, means).argmin(1)


def _squares(points: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Squared distances `(n, k)`, at least 0."""
    lengths = np.square(points).sum(1)[:, None] + np.square(means).sum(1)
    return np.maximum(lengths - 2 * points @ means.T, 0)
