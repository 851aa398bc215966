"""`data=array`: sprites in one `.npy` or `.npz` file, as NumPy and `sample.py` write them.

A `.npy` stays on disk and is mapped into memory, so it may be larger than memory. An `.npz` holds
`images` and may hold `labels`, `label_names`, `groups` and `names`.
"""

from pathlib import Path

import numpy as np

from datamodules.arrays import Sprites, canonical
from datamodules.errors import DataError
from datamodules.files.grid import factor
from datamodules.files.labels import numbered
from datamodules.files.numpyfiles import load_npz, map_npy
from datamodules.files.values import channels_last, eight_bit
from datamodules.sprites import SpriteDataModule

COURSE_LABELS = ("hero", "non-hero", "food", "spell", "side-facing")


class ArrayData(SpriteDataModule):
    """Sprites `(N, H, W, C)` or `(N, C, H, W)` with C = 1, 3 or 4, or grey `(N, H, W)`.

    Values are uint8 or bool; floats and wider integers are taken where they stand for whole 8-bit
    values. The arrays of the well-known short course (16x16 RGB, and one-hot rows of five labels)
    are known by their shapes, and the labels get their names.

    Args:
        path: a `.npy` or `.npz` file.
        labels_path: a `.npy` with a number, a word or a one-hot row for each sprite.
        common: `batch_size` and `seed`.
    """

    def __init__(self, path: str, labels_path: str | None = None, **common: int) -> None:
        super().__init__(**common)
        self.path = Path(path).expanduser()
        self.labels_path = Path(labels_path).expanduser() if labels_path else None

    def read(self) -> Sprites:
        """The sprites of the file; those of a `.npy` with uint8 values stay on disk."""
        found = self._arrays()
        what = f"The array in {self.path}"
        images, note = eight_bit(channels_last(found["images"], what), what)
        images, notes = _tidy(images)
        names = tuple(str(name) for name in found.get("label_names", ()))
        labels = found.get("labels")
        if labels is not None:
            if not names and images.shape[1:] == (16, 16, 3) and labels.shape[1:] == (5,):
                names = COURSE_LABELS
            labels, names = numbered(labels, names, f"The labels for {self.path}")
        return Sprites(
            images=images,
            labels=labels,
            label_names=names if labels is not None else (),
            groups=_whole_numbers(found.get("groups"), f"'groups' in {self.path}"),
            names=tuple(str(name) for name in found["names"]) if "names" in found else None,
            notes=(*note, *notes),
        )

    def _arrays(self) -> dict[str, np.ndarray]:
        kind = self.path.suffix.lower()
        if kind == ".npz":
            found = load_npz(self.path, ("images", "labels", "label_names", "groups", "names"))
            if "images" not in found:
                raise DataError(
                    f"{self.path} holds no array called 'images';"
                    " save it with np.savez(path, images=array)."
                )
        elif kind == ".npy" or self.path.is_dir():
            found = {"images": map_npy(self.path)}
        else:
            raise DataError(
                f"{self.path} is no .npy or .npz file; for images use data=folder,"
                " for a sprite sheet data=sheet."
            )
        if self.labels_path:
            found["labels"] = np.asarray(map_npy(self.labels_path))
        return found


def _tidy(images: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The sprites on their true grid and, unless left on disk, canonical; and notes."""
    notes = []
    every = np.arange(len(images))
    enlarged = factor(part for _, part in Sprites(images).chunks(every))
    if enlarged > 1:
        images = images[:, ::enlarged, ::enlarged]
        notes.append(f"The sprites were enlarged {enlarged} times; the true grid is used.")
    if any((images[part] != shown).any() for part, shown in Sprites(images).chunks(every)):
        notes.append("Colours under full transparency, which nobody sees, were set to 0.")
        if not isinstance(images, np.memmap):
            images = canonical(images)
    return images, notes


def _whole_numbers(values: np.ndarray | None, what: str) -> np.ndarray | None:
    if values is None:
        return None
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise DataError(f"{what} must be whole numbers, one for each sprite.")
    return values.astype(np.int64)
