"""A few of many colours that stand for all of them, and sprites in these.

Colours are points of bytes. The group of points that spreads most is cut at its mean, across the
channel in which it spreads most, until there are enough groups (Wan, Prusinkiewicz & Wong 1990,
"Variance-based color image quantization"; all in whole numbers, so that every machine finds the
same). Of each group the colour nearest to the mean stands for it: sprites in these colours have
none that the set does not have.
"""

import heapq
from dataclasses import replace

import numpy as np
from scipy.spatial import KDTree

from datamodules.arrays import Images, Sprites, canonical, packed
from datamodules.files.on_disk import OnDisk

EXACT, STANDING = 256, 128  # of more than EXACT colours so many stand for all, unless said
LOOKED_AT = 4096  # sprites whose colours decide
COMPARED = 512  # sprites that tell how far pixels move


def in_few_colours(sprites: Sprites, rows: np.ndarray, most: int) -> tuple[Sprites, str]:
    """The sprites in at most so many colours, which stand for those of these rows; and what that
    does to a pixel, in a sentence."""
    few = few_colours(sprites, rows, most)
    brought = replace(sprites, images=in_colours(sprites, few))
    before, after = sprites.take(rows[:COMPARED]), brought.take(rows[:COMPARED])
    seen = before[..., -1] > 0 if before.shape[-1] == 4 else np.full(before.shape[:3], True)
    moved = np.abs(after[seen].astype(int) - before[seen]).mean()
    return brought, (
        f"There were more colours; {most} of them stand for all, which moves a pixel by "
        f"{moved:.1f} of 255 levels on average (data.most_colours)."
    )


def few_colours(sprites: Sprites, rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many colours uint8 `(k, C)` that stand for those of these rows.

    Full transparency is one of them where there is any. A colour counts by the root of how often
    it is seen: the rare ones are eyes and gems.

    Args:
        sprites: of which the colours are.
        rows: of many, some are looked at.
        most: 2 or more.
    """
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), LOOKED_AT)).astype(np.int64)]
    planes = [packed(images).ravel() for _, images in sprites.chunks(some)]
    pixels, counts = np.unique(np.concatenate(planes), return_counts=True)
    colours, clear = pixels.view(np.uint8).reshape(len(pixels), 4), pixels == 0
    weights = np.sqrt(counts[~clear]).astype(np.int64)
    few = few_of(colours[~clear], weights, most - int(clear.any()))
    return np.concatenate([colours[clear], few])[:, : sprites.images.shape[-1]]


def in_colours(sprites: Sprites, few: np.ndarray) -> Images:
    """The images, each pixel in the nearest of a few colours; those on disk when they are read."""
    tree = KDTree(few.astype(np.float64))

    def view(images: np.ndarray) -> np.ndarray:
        pixels, which = np.unique(packed(canonical(images)), return_inverse=True)
        colours = pixels.view(np.uint8).reshape(len(pixels), 4)[:, : images.shape[-1]]
        return few[tree.query(colours)[1]][which.reshape(images.shape[:-1])]

    if isinstance(sprites.images, OnDisk):
        return sprites.images.seen(view)
    return np.concatenate([view(part) for _, part in sprites.chunks(np.arange(len(sprites)))])


def few_of(colours: np.ndarray, weights: np.ndarray, most: int) -> np.ndarray:
    """Rows of `colours` that stand for all, `(k, C)`, k at most `most`, in their order.

    Args:
        colours: uint8 `(n, C)`, distinct.
        weights: int64 `(n,)`, 1 or more: how much it costs to be far from each.
        most: 1 or more.
    """
    points = colours.astype(np.int64)
    cost, channel, mean = _spread(points, weights)
    groups = [(-cost, 0, channel, mean, np.arange(len(points)))]
    while len(groups) < most and groups[0][0] < 0:
        _, _, channel, mean, rows = heapq.heappop(groups)
        low = points[rows, channel] <= mean[channel]
        for part in (rows[low], rows[~low]):
            cost, channel_of, mean_of = _spread(points[part], weights[part])
            heapq.heappush(groups, (-cost, int(part[0]), channel_of, mean_of, part))
    nearest = [
        rows[np.square(points[rows] - mean).sum(axis=1).argmin()] for *_, mean, rows in groups
    ]
    return colours[np.sort(nearest)]


def _spread(points: np.ndarray, weights: np.ndarray) -> tuple[int, int, np.ndarray]:
    """The largest weighted sum of squared distances to the mean, its channel, and the mean."""
    mean = (points * weights[:, None]).sum(axis=0) // weights.sum()
    costs = (np.square(points - mean) * weights[:, None]).sum(axis=0)
    return int(costs.max()), int(costs.argmax()), mean
