"""The figure of a sprite: what of it is opaque, and its outline, specks, place and symmetry.

Opaque is what has an alpha of 128 or more. In sprites without alpha the ground is the colour that
all four corners share, near enough; where they share none, everything is figure.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from diffusion.metrics.colours import near

OPAQUE = 128
DARK = 64.0  # luma (Rec. 601): ink, black and the deepest shades
SOFT = 8  # alpha nearer than this to 0 or 255 counts as hard


def colours(images: Tensor) -> Tensor:
    """RGB float32 `(N, H, W, 3)` of sprites uint8 `(N, C, H, W)`."""
    return images[:, :3].expand(-1, 3, -1, -1).permute(0, 2, 3, 1).float()


def opaque(images: Tensor) -> Tensor:
    """The pixels of the figure, bool `(N, H, W)`."""
    if images.shape[1] == 4:
        return images[:, 3] >= OPAQUE
    rgb = colours(images)
    corner = rgb[:, :1, :1]
    framed = near(rgb[:, [0, 0, -1, -1], [0, -1, 0, -1]], corner[:, 0]).all(1)
    return ~(near(rgb, corner) & framed[:, None, None])


def soft_alpha(images: Tensor) -> Tensor:
    """Share of pixels that are neither opaque nor transparent `(N,)`; 0 without alpha."""
    if images.shape[1] != 4:
        return torch.zeros(len(images))
    alpha = images[:, 3].float()
    return ((alpha >= SOFT) & (alpha <= 255 - SOFT)).float().mean((1, 2))


def orphans(rgb: Tensor, figure: Tensor) -> Tensor:
    """How many pixels of the figure are near in colour to none of their 8 neighbours in it."""
    height, width = figure.shape[1:]
    wide = pad(rgb.masked_fill(~figure[..., None], torch.inf), (0, 0, 1, 1, 1, 1), value=torch.inf)
    lonely = figure.clone()
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                lonely &= ~near(rgb, wide[:, down : down + height, right : right + width])
    return lonely.sum((1, 2)).float()


def outline(rgb: Tensor, figure: Tensor) -> Tensor:
    """Share of the silhouette that is dark; NaN where the figure has none.

    The silhouette is made of the figure's pixels that touch ground with a side; the canvas' edge
    is no ground.
    """
    ground = pad(~figure, (1, 1, 1, 1))
    touched = ground[:, :-2, 1:-1] | ground[:, 2:, 1:-1]
    touched |= ground[:, 1:-1, :-2] | ground[:, 1:-1, 2:]
    silhouette = figure & touched
    dark = rgb @ torch.tensor([0.299, 0.587, 0.114]) < DARK
    return (silhouette & dark).sum((1, 2)) / silhouette.sum((1, 2))


def box(figure: Tensor) -> Tensor:
    """Width, height, and the side of a square of the figure's area, in pixels `(N, 3)`."""
    columns, rows = figure.any(1), figure.any(2)
    area = figure.sum((1, 2)).float()
    return torch.stack([_extent(columns), _extent(rows), area.sqrt()], 1)


def centre(figure: Tensor) -> Tensor:
    """How far the figure's centroid lies right of and below the middle, in pixels `(N, 2)`.

    NaN where there is no figure.
    """
    weight = figure.float()
    sides = [weight.sum(1), weight.sum(2)]
    middles = [torch.arange(s.shape[1]) - (s.shape[1] - 1) / 2 for s in sides]
    return torch.stack([(s @ m) / s.sum(1) for s, m in zip(sides, middles, strict=True)], 1)


def symmetry(rgb: Tensor, figure: Tensor) -> Tensor:
    """Share of the figure that is the same mirrored left to right in its box, colours and all.

    Of all pixels in the figure or in its mirror image; NaN where there is no figure.
    """
    width, columns = figure.shape[2], figure.any(1).int()
    ends = columns.argmax(1) + width - 1 - columns.flip(1).argmax(1)
    partner = ends[:, None, None] - torch.arange(width)
    inside, partner = (partner >= 0) & (partner < width), partner.clamp(0, width - 1)
    mirrored = figure.take_along_dim(partner, 2) & inside
    same = near(rgb, rgb.take_along_dim(partner[..., None], 2))
    return (figure & mirrored & same).sum((1, 2)) / (figure | mirrored).sum((1, 2))


def _extent(used: Tensor) -> Tensor:
    """From the first to the last column or row in use `(N, L)`; 0 where none is."""
    first, last = used.int().argmax(1), used.shape[1] - used.flip(1).int().argmax(1)
    return torch.where(used.any(1), last - first, 0).float()
