"""`data=array`: sprites in one `.npy` or `.npz` file, as NumPy and `sample.py` write them.

A large `.npy` stays on disk, so it may be larger than memory. An `.npz` holds
`images` and may hold `labels`, `label_names`, `groups`, `names`, a `palette`, and arrays of
attributes, each called as `attribute.hair` is. A folder of `.npz` files, as `sample.py shards=`
leaves it, is one set.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datamodules.arrays import Images, Sprites, canonical, rgba
from datamodules.attributes import told_apart, typed_name
from datamodules.errors import DataError
from datamodules.files import background as backgrounds
from datamodules.files.canvas import Picture
from datamodules.files.grid import factor
from datamodules.files.images import smallest
from datamodules.files.labels import numbered, read_labels
from datamodules.files.numpyfiles import ATTRIBUTE, open_npy
from datamodules.files.on_disk import OnDisk, seen
from datamodules.files.palettes import as_palette, read_palette
from datamodules.files.paths import typed
from datamodules.files.shards import load_shards, shards_in
from datamodules.files.values import channels_last, read_values
from datamodules.sprites import SpriteDataModule

KEYS = ("images", "labels", "label_names", "groups", "names", "palette")
COURSE_LABELS = ("hero", "non-hero", "food", "spell", "side-facing")


class ArrayData(SpriteDataModule):
    """Sprites `(N, H, W, C)` or `(N, C, H, W)` with C = 1, 3 or 4, or grey `(N, H, W)`.

    Values are uint8 or bool; floats and wider integers are taken where they stand for whole 8-bit
    values. Numbers 0 and 1 alone are masks; other numbers that are all small need a word (see
    `files.values`), unless a palette says that they are indices. The arrays of the well-known
    short course (16x16 RGB, and one-hot rows of five labels) are known by their shapes, and the
    labels get their names.

    Args:
        path: a `.npy` or `.npz` file, or a folder of `.npz` files that are parts of one set.
        labels_path: a `.npy` with a number, a word or a one-hot row for each sprite, or a text
            with a label per line.
        values: `levels`, `stretch` or `indices`: what the numbers are; None decides or refuses.
        palette: a file of colours or a list of hex words, for indices.
        background: `transparent`, a colour as six hex digits, or `keep`; see `files.background`.
        common: `batch_size` and `seed`.
    """

    def __init__(
        self,
        path: str,
        labels_path: str | None = None,
        values: str | None = None,
        palette: str | Sequence[str] | None = None,
        background: str | None = None,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.path, self.values, self.palette = typed(path), values, palette
        self.labels_path = None if labels_path is None else typed(labels_path, "data.labels_path")
        self.background = backgrounds.wanted(background)

    def read(self) -> Sprites:
        """The sprites of the file; those of a large `.npy` with uint8 values stay on disk."""
        found = self._arrays()
        what = f"The array in {self.path}"
        images, notes = read_values(
            channels_last(found["images"], what), what, self.values, self._palette(found)
        )
        images, more = _tidy(images)
        notes += more
        images, more = self._cleared(images)
        notes += more
        names = tuple(str(name) for name in found.get("label_names", ()))
        labels = found.get("labels")
        if labels is not None:
            if not names and images.shape[1:] == (16, 16, 3) and labels.shape[1:] == (5,):
                names = COURSE_LABELS
            labels, names, more = numbered(labels, names, f"The labels for {self.path}")
            notes += more
        attributes, more = told_apart(_columns(found, self.path))
        notes += more
        return Sprites(
            images=images,
            labels=labels if names else None,
            label_names=names if labels is not None else (),
            groups=_whole_numbers(found.get("groups"), f"'groups' in {self.path}"),
            names=tuple(str(name) for name in found["names"]) if "names" in found else None,
            attributes=attributes,
            notes=tuple(notes),
        )

    def _arrays(self) -> dict[str, Any]:
        kind = self.path.suffix.lower()
        parts = shards_in(self.path) if self.path.is_dir() else []
        if parts or kind == ".npz":
            files = parts or [self.path]
            found: dict[str, Any] = {**load_shards(files, KEYS, ATTRIBUTE)}
            if "images" not in found:
                raise DataError(
                    f"{self.path} holds no array called 'images';"
                    " save it with np.savez(path, images=array)."
                )
        elif kind == ".npy" or self.path.is_dir():
            found = {"images": open_npy(self.path)}
        else:
            raise DataError(
                f"{self.path} is no .npy or .npz file; for images use data=folder,"
                " for a sprite sheet data=sheet."
            )
        if self.labels_path:
            found["labels"] = read_labels(self.labels_path)
        return found

    def _palette(self, found: dict[str, np.ndarray]) -> np.ndarray | None:
        if self.palette is not None:
            return read_palette(self.palette)
        given = found.get("palette")
        return None if given is None else as_palette(given, f"'palette' in {self.path}")

    def _cleared(self, images: Images) -> tuple[Images, list[str]]:
        """Without their background, or left on disk and a note on what it looks like."""
        if self.background in (None, "keep"):
            few = np.arange(0, len(images), -(-len(images) // backgrounds.LOOKED_AT))
            shown = [Picture(rgba(Sprites(images).take(few)), self.path)]
            return images, backgrounds.cleared(shown, self.background)[1]
        every = Sprites(images).chunks(np.arange(len(images)))
        pictures = [Picture(rgba(shown), self.path) for _, shown in every]
        done, notes = backgrounds.cleared(pictures, self.background)
        return smallest(np.concatenate([picture.frames for picture in done])), notes


def _tidy(images: Images) -> tuple[Images, list[str]]:
    """The sprites on their true grid and, unless left on disk, canonical; and notes."""
    notes = []
    every = np.arange(len(images))
    enlarged = factor(part for _, part in Sprites(images).chunks(every))
    if enlarged > 1:
        images = seen(images, lambda rows: rows[:, ::enlarged, ::enlarged])
        notes.append(f"The sprites were enlarged {enlarged} times; the true grid is used.")
    if any((images[part] != shown).any() for part, shown in Sprites(images).chunks(every)):
        notes.append("Colours under full transparency, which nobody sees, were set to 0.")
        if not isinstance(images, OnDisk):
            images = canonical(images)
    return images, notes


def _columns(found: dict[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
    """The arrays that hold one attribute each, by words that can be typed."""
    keys = [key for key in found if key.startswith(ATTRIBUTE)]
    columns = {typed_name(key.removeprefix(ATTRIBUTE)): found[key] for key in keys}
    if len(columns) < len(keys) or "" in columns:
        raise DataError(
            f"The arrays {', '.join(keys)} of {path} must have names of letters and digits, all "
            "different."
        )
    return columns


def _whole_numbers(values: np.ndarray | None, what: str) -> np.ndarray | None:
    if values is None:
        return None
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise DataError(f"{what} must be whole numbers, one for each sprite.")
    return values.astype(np.int64)
