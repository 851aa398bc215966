"""What every source of sprites returns: one uint8 array and what is known about its rows."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Sprites:
    """Sprites as a source read them, before the doctor saw them.

    Args:
        images: uint8 `(N, H, W, C)` with C = 1 (grey), 3 (RGB) or 4 (RGBA); may be memory-mapped.
        labels: int64 `(N,)`, or None when the source knows no labels.
        label_names: one name per label.
        groups: int64 `(N,)`; rows with equal numbers nearly repeat each other and are never split apart.
        names: where each row came from, or None.
        notes: one sentence for each thing the source decided (padded, shrunk to the true grid, skipped).
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    groups: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.images)
