"""Colours that only held-out sprites have: a palette has none of them to offer."""

from collections.abc import Sequence

import numpy as np

from diffusion.sprite_data import SpriteData


def unseen_colours(data: SpriteData, colours: Sequence[Sequence[int]]) -> str | None:
    """How much of the held-out sprites a palette does not have, in a sentence; None without any.

    Args:
        colours: those of the palette, `K` of `C` bytes each; none where there is no palette.
    """
    if not len(colours):
        return None
    held_out = np.concatenate([data.split["val"], data.split["test"]])
    known = _numbers(np.array(colours, np.uint8))
    sprites = pixels = of = 0
    for images in data.parts(held_out):
        outside = ~np.isin(_numbers(images.permute(0, 2, 3, 1).numpy()), known)
        sprites += int(outside.any((1, 2)).sum())
        pixels += int(outside.sum())
        of += outside.size
    if not pixels:
        return None
    return (
        f"{sprites:,} of {len(held_out):,} held-out sprites have colours that no training sprite "
        f"has ({pixels / of:.1%} of their pixels). The palette cannot say those, so val/loss "
        "takes the nearest colour of the palette for them."
    )


def _numbers(colours: np.ndarray) -> np.ndarray:
    """Colours uint8 `(..., C)`, at most 4 channels, as one number each."""
    channels = colours.shape[-1]
    return colours.astype(np.int64) @ (256 ** np.arange(channels))
