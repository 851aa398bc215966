"""Samples beside their nearest training sprites as a picture, the nearest pair first."""

from collections.abc import Sequence

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from diffusion import pictures
from diffusion.pictures import INK, PAPER, write

SIDE = 64  # about this many screen pixels for a sprite
PALE = (112, 118, 128)
COLOURS = {
    "copy": (190, 48, 48),
    "shifted": (201, 92, 18),
    "mirrored": (201, 92, 18),
    "recoloured": (201, 92, 18),
    "retouched": (201, 92, 18),
    "variant": (125, 92, 160),
    "new": INK,  # which is praise only where the sprites are good
}


def pairs(
    samples: Tensor,
    nearest: Tensor,
    verdicts: Sequence[str],
    distances: Tensor,
    most: int = 32,
    columns: int = 8,
    quality: str = "",
) -> Image.Image:
    """Each sample at the left of its nearest training sprite, verdict and distance below.

    Args:
        samples, nearest: uint8 `(N, C, H, W)`.
        verdicts: a word for each pair.
        distances: float `(N,)`, levels of 0..255.
        most: pairs that are shown.
        columns: pairs in a row.
        quality: how good the samples are, in words; how new they are says nothing of that.
    """
    shown = torch.argsort(distances, stable=True)[:most].tolist()
    height, width = samples.shape[2:]
    scale = max(1, round(SIDE / max(height, width)))
    across, down = 2 * width * scale + 20, height * scale + 36
    columns = min(columns, len(shown))
    size = (columns * across + 16, -(-len(shown) // columns) * down + 62)
    page = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(page)
    write(draw, (16, 22), "How new are the samples?", 20, room=size[0] - 24)
    words = (
        f"each beside its nearest training sprite, and how far that is (0 equal, of 255 levels); "
        f"the nearest {len(shown)} of {len(samples):,}"
    )
    if quality:
        words = f"{quality}; {words}"
    write(draw, (16, 46), words, 12, PALE, room=size[0] - 24, lines=2)
    for place, k in enumerate(shown):
        x, y = 16 + place % columns * across, 62 + place // columns * down
        page.paste(pictures.tile(samples[k], scale), (x, y))
        page.paste(pictures.tile(nearest[k], scale), (x + width * scale + 2, y))
        colour = COLOURS.get(str(verdicts[k]), INK)
        below, right = y + height * scale + 12, x + 2 * width * scale + 2
        draw.rectangle((x, below - 5, x + 4, below + 5), fill=colour)
        write(draw, (x + 10, below), str(verdicts[k]), 13, colour)
        write(draw, (right, below), f"{distances[k]:.1f}", 12, PALE, anchor="rm")
    return page
