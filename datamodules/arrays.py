"""What every source of sprites returns: one uint8 array and what is known about its rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

import numpy as np

from datamodules.attributes import Attribute
from datamodules.files.on_disk import OnDisk

Images = np.ndarray | OnDisk
CHUNK = 2**22  # bytes of images looked at together, so that no array on disk is copied


@dataclass(frozen=True)
class Sprites:
    """Sprites as a source read them, before the doctor saw them.

    Args:
        images: uint8 `(N, H, W, C)` with C = 1 (grey), 3 (RGB) or 4 (RGBA); may stay on disk.
        labels: int64 `(N,)`, -1 for a sprite without one, or None when the source knows none.
        label_names: one name per label.
        groups: int64 `(N,)`; rows with equal numbers nearly repeat each other and are never split
            apart. Rows with -1 belong to no known group and are grouped by likeness.
        names: where each row came from, or None.
        attributes: columns that say more of each sprite.
        notes: a sentence for each thing the source decided (padded, shrunk, left out).
    """

    images: Images
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    attributes: tuple[Attribute, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """A canonical uint8 copy `(n, H, W, C)` of these rows."""
        return canonical(np.asarray(self.images[rows]))

    def chunks(self, rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """These rows a few megabytes at a time: a slice of `rows`, and a canonical copy."""
        step = max(1, CHUNK // max(1, prod(self.images.shape[1:])))
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            yield part, self.take(rows[part])


def canonical(images: np.ndarray) -> np.ndarray:
    """RGBA without the colours that full transparency hides; grey and RGB as they are."""
    if images.shape[-1] != 4:
        return images
    words = np.ascontiguousarray(images).view(np.uint32)  # whole pixels: four times faster
    return (words * (images[..., 3:] > 0)).view(np.uint8)


def rgba(images: np.ndarray) -> np.ndarray:
    """Grey, RGB or RGBA `(n, H, W, C)` as RGBA."""
    if images.shape[-1] == 4:
        return images
    colours = np.broadcast_to(images, (*images.shape[:-1], 3))
    return np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=-1)


def packed(images: np.ndarray) -> np.ndarray:
    """Canonical images `(n, H, W, C)` with one uint32 `(n, H, W)` per pixel; 0 is transparent."""
    if images.shape[-1] == 4:
        return np.ascontiguousarray(images).view(np.uint32)[..., 0]
    channels = images.shape[-1]
    red, green, blue = (images[..., c % channels].astype(np.uint32) for c in range(3))
    return red | green << 8 | blue << 16 | np.uint32(255 << 24)
