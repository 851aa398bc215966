"""Kinds: sprites that look alike, found by themselves, so that a network can be told them.

A network that is told more of a sprite leaves less open (Bao et al. 2022, "Why Are Conditional
Generative Models Better Than Unconditional Ones?"). Where nobody has said what sprites are, their
pixels do: k-means (Lloyd 1982; begun as by Arthur & Vassilvitskii 2007), so often that each kind
is left with several sprites, or its mean would be one of them.
"""

import warnings

import numpy as np
from scipy.cluster.vq import kmeans2, vq

from datamodules.arrays import Sprites, rgba
from datamodules.attributes import MOST_VALUES, Attribute, Attributes
from datamodules.errors import DataError

KIND, LABEL = "kind", "label"  # what the attributes are called
AUTO = "auto"
SHARE, MANY = 13, 128  # of auto: training sprites for each kind to begin with, and the most kinds
LOOKED_AT = 8192  # sprites that decide what kinds there are
FEWEST = 5  # sprites of a kind


def with_kinds(
    sprites: Sprites, known: Attributes, rows: np.ndarray, wanted: int | str
) -> tuple[Attributes, str]:
    """What is known of each sprite, or its label where nothing is, and its kind; and a note.

    Args:
        sprites: all of them; each is of the kind whose mean is nearest.
        known: attributes.
        rows: those of which the kinds are, the training sprites.
        wanted: kinds to begin with, of which those of fewer than `FEWEST` sprites are given up; or
            `auto`, for as many as suit the number of sprites.

    Raises:
        DataError: no such number, the sprites are too few for two kinds, or there is an attribute
            of that name.
    """
    most = min(MANY, max(2, len(rows) // SHARE)) if wanted == AUTO else wanted
    if not isinstance(most, int) or not 2 <= most <= MOST_VALUES:
        raise DataError(
            f"data.kinds={wanted} must be {AUTO}, or a whole number from 2 to {MOST_VALUES:,}."
        )
    if KIND in (each.name for each in known):
        raise DataError(
            f"data.kinds={wanted} finds an attribute {KIND}, and these sprites have one of that "
            "name; leave data.kinds out, or call theirs otherwise."
        )
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), LOOKED_AT)).astype(np.int64)]
    means = _means(_points(sprites.take(some)), most)
    if len(means) < 2:
        raise DataError(
            f"{len(rows):,} training sprites are too few for kinds of {FEWEST} or more; leave "
            "data.kinds out."
        )
    every = sprites.chunks(np.arange(len(sprites)))
    of = np.concatenate([vq(_points(images), means)[0] for _, images in every])
    if not known and sprites.labels is not None:
        known = (Attribute(LABEL, sprites.label_names, sprites.labels),)
    values = tuple(str(k) for k in range(len(means)))
    note = f"Sprites that look alike are of {len(means)} kinds (data.kinds)."
    return (*known, Attribute(KIND, values, of.astype(np.int64))), note


def _points(images: np.ndarray) -> np.ndarray:
    """Each sprite as a point `(n, H W 4)`: colours times alpha, and alpha, in 0..1."""
    levels = rgba(images).astype(np.float64) / 255
    levels[..., :3] *= levels[..., 3:]
    return levels.reshape(len(levels), -1)


def _means(points: np.ndarray, most: int) -> np.ndarray:
    """The means `(k, d)` of the kinds, those of the most sprites first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a kind may end without a sprite
        means, of = kmeans2(points, min(most, len(points)), iter=30, minit="++", seed=0)
        counts = np.bincount(of, minlength=len(means))
        while len(means) > 1 and counts.min() < FEWEST:
            means = np.delete(means, counts.argmin(), axis=0)
            means, of = kmeans2(points, means, iter=3, minit="matrix")
            counts = np.bincount(of, minlength=len(means))
    return means[np.argsort(-counts, kind="stable")]
