"""What the network is told beside the picture: the time, and a label or several attributes."""

import math
from collections.abc import Sequence
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TimeEmbedding(nn.Module):
    """Sinusoids of 1000 t through a two-layer network (Ho et al. 2020, appendix B).

    Args:
        width: length of the embedding.
        frequencies: number of sinusoids, half of them sines.
    """

    def __init__(self, width: int, frequencies: int = 128) -> None:
        super().__init__()
        self.frequencies = frequencies
        self.mlp = nn.Sequential(nn.Linear(frequencies, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t: Tensor) -> Tensor:
        """Times `(B,)` in [0, 1] -> `(B, width)`."""
        half = self.frequencies // 2
        rates = torch.exp(
            torch.arange(half, device=t.device, dtype=torch.float32) * (-math.log(10_000) / half)
        )
        angles = 1000 * t.float()[:, None] * rates
        return self.mlp(torch.cat([angles.sin(), angles.cos()], dim=1))


class LabelEmbedding(nn.Module):
    """One learned vector per class, and one, the last, for "no label".

    Args:
        classes: number of classes.
        width: length of the embedding.
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.none = classes
        self.table = nn.Embedding(classes + 1, width)

    def forward(self, label: Tensor | None, batch: int) -> Tensor:
        """Labels `(B,)`, -1 or None for none, or weights `(B, classes + 1)` -> `(B, width)`."""
        if label is None:
            return self.table.weight[self.none].expand(batch, -1)
        if label.is_floating_point():
            return label @ self.table.weight
        return self.table(torch.where(label < 0, self.none, label))


class AttributeEmbedding(nn.Module):
    """The sum of a learned vector for each attribute: one per value, the last for "not told".

    Args:
        values: number of values of each of A attributes.
        width: length of the embedding.
    """

    ends: Tensor

    def __init__(self, values: Sequence[int], width: int) -> None:
        super().__init__()
        ends = ends_of(values)
        self.register_buffer("ends", torch.tensor(ends), persistent=False)
        self.table = nn.Embedding(ends[-1], width)
        nn.init.normal_(self.table.weight, std=len(values) ** -0.5)  # the sum begins as one would

    def forward(self, told: Tensor | None, batch: int) -> Tensor:
        """Values `(B, A)`, -1 for one that is not told -> `(B, width)`.

        None tells nothing, and neither does a label `(B,)`, which is no attribute.
        """
        if told is None or told.ndim == 1:
            told = self.ends.new_full((batch, len(self.ends)), -1)
        return self.table(rows_of(told, self.ends)).sum(dim=1)


class Layout(nn.Module):
    """What a label or attributes look like, as coarse pictures: learned, and added to features.

    An embedding says the same to every pixel; where a head is, and that it has horns, is easier
    said with a place.

    Args:
        told: number of classes, or numbers of values of attributes.
        channels: of the features.
        side: of the pictures, which are stretched to the size of the features.
    """

    def __init__(self, told: int | Sequence[int], channels: int, side: int) -> None:
        super().__init__()
        kind = LabelEmbedding if isinstance(told, int) else AttributeEmbedding
        self.side, self.pictures = side, kind(told, channels * side**2)  # type: ignore[arg-type]
        nn.init.normal_(self.pictures.table.weight, std=0.1)

    def forward(self, label: Tensor | None, features: Tensor) -> Tensor:
        """Features `(B, C, h, w)` with what is told of each sprite; labels as for embeddings."""
        drawn = self.pictures(label, len(features)).unflatten(1, (-1, self.side, self.side))
        return features + F.interpolate(drawn, features.shape[2:], mode="bilinear").to(features)


def ends_of(values: Sequence[int]) -> list[int]:
    """Where the rows of each attribute end in a table: one per value, the last for "not told"."""
    return [*accumulate(count + 1 for count in values)]


def rows_of(told: Tensor, ends: Tensor) -> Tensor:
    """The rows of such a table for values `(B, A)`, -1 for one that is not told."""
    first = ends.roll(1)
    first[0] = 0
    return torch.where(told < 0, ends - 1, first + told)
