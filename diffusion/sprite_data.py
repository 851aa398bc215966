"""What the experiment asks of its data: `SpriteData`, next to the batches the only bond to it."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from PIL import Image
from torch import Tensor


class TrainingOrder(Protocol):
    """Batches uint8 `{"image": [B,C,H,W], "index": [B], "label": [B]?, "attributes": [B,A]?}` in a
    keyed order."""

    def __iter__(self) -> Iterator[dict[str, Tensor]]: ...

    def order(self, number: int) -> np.ndarray:
        """The rows of the global batch of this number."""


class SpriteData(Protocol):
    """Sprites of one source that are read, examined and split; see `datamodules.sprites`.

    Rows are int64 arrays of positions in the order of the source.

    Attributes:
        batch_size: sprites of one forward over all devices.
        hold_out: share of the sprites that are kept from training.
        split: the rows of "train", "val" and "test"; of the latter two there may be none.
        groups: `(N,)`, the group of each row: sprites of one repeat each other, exactly or nearly,
            and lie in the same part.
        card: what was found and decided, as plain values.
    """

    batch_size: int
    hold_out: float
    groups: np.ndarray
    card: dict[str, Any]

    @property
    def split(self) -> Mapping[str, np.ndarray]: ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of a sprite."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The name of each label; empty without labels."""

    @property
    def classes(self) -> int:
        """Number of labels; 0 without labels."""

    @property
    def label_frequencies(self) -> list[float]:
        """Share of each label among the labelled training rows; empty without labels."""

    @property
    def attribute_names(self) -> Mapping[str, tuple[str, ...]]:
        """The attributes, and the names of their values; empty without any."""

    def attribute_values(self, rows: np.ndarray) -> Tensor:
        """Which values these rows have, int64 `(n, A)`, -1 for one that is not known; only where
        there are attributes."""

    def setup(self, stage: str | None = None) -> None:
        """Reads, examines and splits; once, however often it is called."""

    def images(self, rows: np.ndarray) -> Tensor:
        """Sprites uint8 `(n, C, H, W)` of these rows; RGB is 0 where alpha is 0."""

    def parts(self, rows: np.ndarray) -> Iterator[Tensor]:
        """The same as `images(rows)`, a few megabytes at a time."""

    def labels(self, rows: np.ndarray) -> Tensor | None:
        """Labels int64 `(n,)` of these rows, -1 for a row without one, or None."""

    def colours(self, limit: int) -> list[list[int]]:
        """The colours of the training rows in order, as bytes; just over `limit` if more."""

    def pick(self, wanted: str | int) -> tuple[str, Tensor, int, tuple[int, ...]]:
        """Name, image uint8 `(C, H, W)`, label and attributes of a row, a name or a file."""

    def called(self, row: int) -> str:
        """What to call the sprite of this row."""

    def imported(self) -> Image.Image | None:
        """How the source was cut up, for people to look at; None where nothing was cut."""

    def validity(self, images: Tensor) -> dict[str, float]:
        """What the source can say of made sprites uint8 `(N, C, H, W)`: scores by name."""

    def attributes(self, images: Tensor) -> list[dict[str, str]]:
        """What each sprite uint8 `(N, C, H, W)` shows clearly, as name -> value."""

    def train_dataloader(self) -> TrainingOrder:
        """Endless batches, each a pure function of its number."""
