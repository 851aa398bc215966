"""Variations of a sprite: noise it to a level, let the sampler finish it, see who it becomes.

Meng et al. 2022, "SDEdit". At a low level it comes back as it was, at a high one as anybody.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from diffusion import pictures
from diffusion.novelty.relatives import nearest
from diffusion.pixels import PixelCodec
from diffusion.samplers.base import Origin
from diffusion.samplers.sprite_set import SpriteSet

LEVELS = (0.2, 0.35, 0.5, 0.65, 0.8)


@dataclass(frozen=True)
class Variations:
    """What n sprites came out of one at one noise level.

    Args:
        noise_level: t to which the sprite was noised.
        images: uint8 `(n, C, H, W)`.
        kept: how many equal the original in every pixel.
        distinct: how many different sprites there are among them.
        becomes: row of the nearest training sprite -> how many come nearest to it, most first.
    """

    noise_level: float
    images: Tensor
    kept: int
    distinct: int
    becomes: dict[int, int]


def vary(
    image: Tensor,
    sprites: SpriteSet,
    training: Tensor,
    levels: Sequence[float] = LEVELS,
    n: int = 16,
) -> list[Variations]:
    """Variations 0..n-1 of a sprite at each noise level, with the same noise at every level.

    Args:
        image: uint8 `(C, H, W)`.
        sprites: denoiser, sampler, seed and labels to make them with.
        training: uint8 `(N, C, H, W)`, whom they may become.
        levels: noise levels in [1/schedule.steps, 1].
        n: how many at each.

    Raises:
        UserError: a noise level that the schedule does not have.
    """
    x0 = PixelCodec().encode(image)
    found = []
    for level in levels:
        made = replace(sprites, origin=Origin(x0, level), draws=None)  # it is a sprite already
        images = torch.cat(list(made.batches(range(n))))
        rows, _ = nearest(images, [training])
        found.append(
            Variations(
                level,
                images,
                kept=int((images == image).flatten(1).all(1).sum()),
                distinct=len(images.unique(dim=0)),
                becomes=dict(Counter(rows.tolist()).most_common()),
            )
        )
    return found


def in_words(variations: Variations, names: Sequence[str]) -> str:
    """One line: how many different sprites, and whom they come nearest to."""
    whom = [f"{names[row]} ({count})" for row, count in list(variations.becomes.items())[:3]]
    rest = len(variations.becomes) - len(whom)
    others = [f"{rest} others"] if rest > 1 else ["1 other"] * rest
    return (
        f"{variations.distinct} different of {len(variations.images)}, "
        f"{variations.kept} unchanged; nearest: {', '.join(whom + others)}"
    )


def variation_pictures(
    image: Tensor, found: Sequence[Variations], names: Sequence[str]
) -> dict[str, bytes]:
    """`variations.png`, a row per level behind the original, and `variations.json`, as files."""
    original, gap = pictures.grid(image[None]), 12
    rows = [pictures.grid(v.images, columns=len(v.images)) for v in found]
    left, height = original.width + gap, original.height + 26
    width, head = left + rows[0].width, 30
    page = Image.new("RGB", (width, head + len(rows) * height), pictures.PAPER)
    draw = ImageDraw.Draw(page)
    title = "Left: the sprite. Right: noised to t, then finished by the sampler"
    pictures.write(draw, (6, head // 2), title, 17, room=width - 12)
    for k, (row, variations) in enumerate(zip(rows, found, strict=True)):
        top = head + k * height + 24
        page.paste(original, (0, top))
        page.paste(row, (left, top))
        line = f"t = {variations.noise_level:g}: {in_words(variations, names)}"
        pictures.write(draw, (6, top - 11), line, 15, room=page.width - 12)
    table = [
        {
            "noise_level": v.noise_level,
            "n": len(v.images),
            "kept": v.kept,
            "distinct": v.distinct,
            "becomes": [
                {"row": row, "name": names[row], "count": count}
                for row, count in v.becomes.items()
            ],
        }
        for v in found
    ]
    return {
        "variations.png": pictures.png(page),
        "variations.json": (json.dumps(table, indent=1) + "\n").encode(),
    }
