"""`data=forge`: the embedded default, characters drawn by this project. Nothing is downloaded.

`forge_characters` names who there can be, `forge_drawing` draws them and `forge_reader` reads a
sprite back to its attributes, or says that it is no character. `forge_attributes` reads what a
model's sprite shows clearly, before all of it is right.
"""

from typing import Any

import numpy as np
from torch import Tensor

from datamodules.arrays import Sprites
from datamodules.attributes import Attribute
from datamodules.characters.attributes import read_attributes, snapped
from datamodules.characters.drawing import draw_all
from datamodules.characters.people import ATTRIBUTES, NAMED, PROFESSIONS, Character, characters
from datamodules.characters.reader import WINDOWS, read_back_all
from datamodules.errors import DataError
from datamodules.sprites import SpriteDataModule

WINDOW_NAMES = ("outfit", "head", "tool")


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

    def __init__(self, n: int = 4000, size: int = 16, **common: Any) -> None:
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

    def validity(self, images: Tensor) -> dict[str, float]:
        """What share of made sprites, uint8 `(N, 4, S, S)`, are characters.

        - `valid_exact`: characters to the pixel.
        - `valid`: characters once every pixel has the nearest colour of the palette.
        - `readable`: all ten attributes can be read, though pixels may be wrong;
          `readable_attributes`: mean share of them; `readable_outfit`, `readable_head` and
          `readable_tool`: all those of a window.
        - `attribute_coverage`: share of the 54 values that can be read in at least one sprite.
        - Of the readable, `new_combinations`: share that is not in training, and
          `held_out_combinations`: share in validation or test. Absent where none is readable.

        Raises:
            DataError: sprites of another shape than the forge draws.
        """
        pixels = _channels_last(images)
        if not len(pixels):
            return {}
        read = read_attributes(pixels)
        exact, snap = read_back_all(pixels), read_back_all(snapped(pixels))
        seen = {pair for attributes in read for pair in attributes.items()}
        found = {
            "valid_exact": _share([c is not None for c in exact]),
            "valid": _share([c is not None for c in snap]),
            "readable": _share([a.keys() == ATTRIBUTES.keys() for a in read]),
            "readable_attributes": float(np.mean([len(a) for a in read])) / len(ATTRIBUTES),
            "attribute_coverage": len(seen) / sum(len(values) for values in ATTRIBUTES.values()),
        }
        for name, window in zip(WINDOW_NAMES, WINDOWS, strict=True):
            found[f"readable_{name}"] = _share([{*window.tells} <= a.keys() for a in read])
        return found | self._novelty([Character(**a) for a in read if len(a) == len(ATTRIBUTES)])

    def own_attributes(self) -> tuple[Attribute, ...]:
        """All ten of each character, in the order of `ATTRIBUTES`."""
        drawn = characters(self.n)
        return tuple(
            Attribute(name, values, np.array([values.index(getattr(c, name)) for c in drawn]))
            for name, values in ATTRIBUTES.items()
        )

    def attributes(self, images: Tensor) -> list[dict[str, str]]:
        """Those of the ten attributes that can be read in each sprite uint8 `(N, 4, S, S)`."""
        return read_attributes(_channels_last(images))

    def _novelty(self, made: list[Character]) -> dict[str, float]:
        if not made:
            return {}
        drawn = characters(self.n)
        parts = {name: {drawn[k] for k in rows} for name, rows in self.split.items()}
        held_out = parts["val"] | parts["test"]
        found = {"new_combinations": _share([c not in parts["train"] for c in made])}
        if held_out:
            found["held_out_combinations"] = _share([c in held_out for c in made])
        return found


def _channels_last(images: Tensor) -> np.ndarray:
    return np.ascontiguousarray(images.numpy().transpose(0, 2, 3, 1))


def _share(which: list[bool]) -> float:
    return sum(which) / len(which)
