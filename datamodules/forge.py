"""`data=forge`: the embedded default, characters drawn by this project. Nothing is downloaded.

`forge_characters` names who there can be, `forge_drawing` draws them and `forge_reader` reads a
sprite back to its attributes, or says that it is no character.
"""

import numpy as np

from datamodules.arrays import Sprites
from datamodules.errors import DataError
from datamodules.forge_characters import NAMED, PROFESSIONS, characters
from datamodules.forge_drawing import draw_all
from datamodules.sprites import SpriteDataModule


class ForgeData(SpriteDataModule):
    """n distinct characters, RGBA with hard alpha; the first three are Bob, Fred and Nancy.

    The label is the profession. The sprites do not depend on `seed`: runs with different seeds see
    the same data. Each character is a group of its own: one with another belt shares 97% of its
    pixels and is still somebody else, and is told apart by `read_back`. By the common rule such
    pairs (28 among 4,000, more among more) would be one.

    Args:
        n: how many, 8 to 1,451,520.
        size: 16, 24 or 32 pixels.
        common: `batch_size` and `seed`.
    """

    def __init__(self, n: int = 4000, size: int = 16, **common: int) -> None:
        super().__init__(**common)
        if not isinstance(n, int):
            raise DataError(f"data.n={n} must be a whole number of characters.")
        self.n, self.size = n, size

    def read(self) -> Sprites:
        """The drawn characters; `forge_reader.read_back` tells all their attributes."""
        drawn = characters(self.n)
        professions = tuple(PROFESSIONS.values())
        return Sprites(
            images=draw_all(drawn, self.size),
            labels=np.array([professions.index(c.profession) for c in drawn], np.int64),
            label_names=professions,
            groups=np.arange(len(drawn)),
            names=(*NAMED, *(f"{c.profession} {k}" for k, c in enumerate(drawn[3:], start=3))),
        )
