"""Pixel-art statistics: what a sprite maker sees first, compared with the training set.

Each sprite has a number of colours, of stray pixels, and so on; the score of a statistic is the
Wasserstein-1 distance between its histograms over samples and over training sprites (Villani 2009,
chapter 6), in the statistic's own unit: the least by which the sprites' values must change, on
average, to be distributed as in training. 0 is best.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from diffusion.metrics import colours, figure
from diffusion.metrics.base import Metric, NotMeasurable

CHUNK = 2**18  # pixels described together
BINS = 20

STATISTICS = {  # column -> the score it belongs to; several columns of one score are averaged
    "colours": "colours_distance",
    "orphan pixels": "orphans_distance",
    "dark share of the outline": "outline_distance",
    "soft alpha": "soft_alpha_distance",
    "width": "box_distance",
    "height": "box_distance",
    "side of a square of its area": "box_distance",
    "off centre, to the right": "centring_distance",
    "off centre, downwards": "centring_distance",
    "symmetry": "symmetry_distance",
}
PALETTE = {"distance from the palette": "palette_distance", "off the palette": "off_palette"}


class PixelArt(Metric):
    """How samples differ from training sprites in what makes pixel art.

    - `colours_distance`: colours per sprite, told apart from 16 levels of RGB on.
    - `palette_distance`: mean distance of a sprite's pixels to the palette of the reference, in
      levels; `off_palette`: its share of pixels more than 16 levels away. Of a set with thousands
      of colours only the 256 commonest are its palette. Training sprites then lie beside it too,
      and what counts is how much farther samples do.
    - `orphans_distance`: pixels per sprite that resemble none of their 8 neighbours.
    - `outline_distance`: share of the silhouette that is dark.
    - `soft_alpha_distance`: share of pixels with an alpha of 8 to 247.
    - `box_distance`: pixels, the mean over width, height and root of the area.
    - `centring_distance`: pixels, the mean over both directions.
    - `symmetry_distance`: share of the figure that equals its mirror image.

    A description holds the values of `STATISTICS`, NaN where a sprite has none (an empty sprite
    has no outline), and then the palette cell of each pixel: the palette is known only when two
    sets meet. A score is absent where no sprite has its statistic.
    """

    def describe(self, images: Tensor) -> Tensor:
        """Statistics and palette cells, float32 `(N, len(STATISTICS) + H * W)`."""
        step = max(1, CHUNK // images.shape[2:].numel())
        return torch.cat([_describe(part) for part in images.cpu().split(step)])

    def compare(self, samples: Tensor, reference: Tensor) -> dict[str, float]:
        """The scores by name.

        Raises:
            NotMeasurable: there are no sprites.
        """
        found: dict[str, list[float]] = {}
        for name, made, real in _columns(samples, reference):
            score = (STATISTICS | PALETTE)[name]
            found.setdefault(score, []).append(float(wasserstein_distance(made, real)))
        return {score: sum(values) / len(values) for score, values in found.items()}

    def histograms(self, samples: Tensor, reference: Tensor) -> dict[str, dict[str, list[float]]]:
        """How the statistics are distributed: the middles of `bins`, and shares of sprites.

        Args:
            samples, reference: descriptions `(N, D)` and `(M, D)`.

        Returns:
            name -> {"bins": [...], "samples": [...], "training": [...]}, of equal lengths.

        Raises:
            NotMeasurable: there are no sprites.
        """
        found = {}
        for name, made, real in _columns(samples, reference):
            edges = _edges(np.concatenate([made, real]))
            found[name] = {
                "bins": ((edges[1:] + edges[:-1]) / 2).tolist(),
                "samples": (np.histogram(made, edges)[0] / len(made)).tolist(),
                "training": (np.histogram(real, edges)[0] / len(real)).tolist(),
            }
        return found


def _describe(images: Tensor) -> Tensor:
    rgb, shown = figure.colours(images), figure.opaque(images)
    pixels, flat = rgb.flatten(1, 2), shown.flatten(1)
    columns = [
        colours.count(pixels, flat)[:, None],
        figure.orphans(rgb, shown)[:, None],
        figure.outline(rgb, shown)[:, None],
        figure.soft_alpha(images)[:, None],
        figure.box(shown),
        figure.centre(shown),
        figure.symmetry(rgb, shown)[:, None],
        colours.cells(pixels, flat),
    ]
    return torch.cat(columns, 1)


def _columns(samples: Tensor, reference: Tensor) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name and values, of samples and of reference, of each statistic that both have."""
    if not len(samples) or not len(reference):
        raise NotMeasurable("Pixel-art statistics need at least one sprite on either side.")
    split = [len(STATISTICS), samples.shape[1] - len(STATISTICS)]
    (made, made_cells), (real, real_cells) = samples.split(split, 1), reference.split(split, 1)
    columns = list(zip(STATISTICS, made.T, real.T, strict=True))
    if known := colours.palette(real_cells):
        away = (colours.from_palette(cells, known) for cells in (made_cells, real_cells))
        columns += list(zip(PALETTE, *away, strict=True))
    for name, *both in columns:
        ours, theirs = (each[~each.isnan()].numpy().astype(np.float64) for each in both)
        if len(ours) and len(theirs):
            yield name, ours, theirs


def _edges(values: np.ndarray) -> np.ndarray:
    """Edges of at most `BINS` equal bins over all values; whole numbers lie in their middles."""
    low, high = values.min(), values.max()
    if (values == values.round()).all():
        step = max(1, math.ceil((high - low + 1) / BINS))
        return np.arange(low - 0.5, high + step, step)
    return np.linspace(low, high, BINS + 1)
