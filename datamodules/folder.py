"""`data=folder`: loose images, subfolders as labels, animations as frames that belong together."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from datamodules.arrays import Sprites
from datamodules.doctor.examination import LARGEST_SIDE
from datamodules.errors import DataError
from datamodules.files.grid import factor, times
from datamodules.files.images import FORMATS, read, smallest
from datamodules.sprites import SpriteDataModule

FITS = ("centre", "pad", "select")
UNPRINTABLE = ("Cc", "Cs")  # control characters, and what is not UTF-8: no file could hold them


@dataclass(frozen=True)
class Picture:
    """One file: all its frames uint8 `(f, h, w, 4)`, and its path below the folder."""

    frames: np.ndarray
    path: Path

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.frames.shape[1], self.frames.shape[2]

    def names(self) -> list[str]:
        """The path without its suffix, and the number of the frame where there are several."""
        name = self.path.with_suffix("").as_posix()
        count = len(self.frames)
        return [name] if count == 1 else [f"{name}#{frame}" for frame in range(count)]

    def smaller(self, f: int) -> "Picture":
        """Every f-th pixel."""
        return replace(self, frames=self.frames[:, ::f, ::f])

    def on_canvas(self, height: int, width: int, centred: bool) -> "Picture":
        """With a transparent margin around it, or only at the right and the bottom."""
        canvas = np.zeros((len(self.frames), height, width, 4), np.uint8)
        h, w = self.size
        top, left = ((height - h) // 2, (width - w) // 2) if centred else (0, 0)
        canvas[:, top : top + h, left : left + w] = self.frames
        return replace(self, frames=canvas)


class FolderData(SpriteDataModule):
    """All PNG, GIF, BMP and WebP images under a folder, in the order of their paths; or one file.

    With images in two or more subfolders each first-level subfolder is a label. The frames of an
    animation form one group.

    Args:
        path: a folder or an image.
        fit: what to do with several sizes: `centre` adds a transparent margin up to the largest,
            `pad` adds it at the right and the bottom only, `select` keeps the most frequent size.
        common: `batch_size` and `seed`.
    """

    def __init__(self, path: str, fit: str = "centre", **common: int) -> None:
        super().__init__(**common)
        if fit not in FITS:
            raise DataError(f"data.fit={fit} is unknown; choose one of {', '.join(FITS)}.")
        self.path = Path(path).expanduser()
        self.fit = fit

    def read(self) -> Sprites:
        """The frames of all images on canvases of one size."""
        pictures, notes = self._pictures()
        for step in (_true_grid, self._one_size):
            pictures, more = step(pictures)
            notes += more
        counts = [len(picture.frames) for picture in pictures]
        moving = [number if count > 1 else -1 for number, count in enumerate(counts)]
        labels, label_names = self._labels(pictures)
        return Sprites(
            images=smallest(np.concatenate([picture.frames for picture in pictures])),
            labels=None if labels is None else np.repeat(labels, counts),
            label_names=label_names,
            groups=np.repeat(moving, counts) if max(counts) > 1 else None,
            names=tuple(name for picture in pictures for name in picture.names()),
            notes=tuple(notes),
        )

    def _pictures(self) -> tuple[list[Picture], list[str]]:
        if not self.path.exists():
            raise DataError(f"There is nothing at {self.path}; check data.path.")
        single = self.path.is_file()
        everything = [self.path] if single else list(_files(self.path))
        files = [file for file in everything if file.suffix.lower() in FORMATS]
        others = Counter(
            file.suffix or "no suffix" for file in everything if file.suffix.lower() not in FORMATS
        )
        listed = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(4))
        if not files:
            raise DataError(
                f"{self.path} holds no PNG, GIF, BMP or WebP image"
                f" ({listed or 'it is empty'}); save sprites as PNG and arrays for data=array."
            )
        notes = [f"Files of other kinds were left out: {listed}."] if others else []
        top = self.path.parent if single else self.path
        for name in (str(file.relative_to(top)) for file in files):
            if any(unicodedata.category(letter) in UNPRINTABLE for letter in name):
                raise DataError(
                    f"The name {name!a} in {self.path} holds bytes that cannot be printed;"
                    " rename it."
                )
        pictures, rounded = [], 0
        for file in files:
            frames, coarser = read(file)
            pictures.append(Picture(frames, file.relative_to(top)))
            rounded += coarser
        if rounded:
            notes.append(f"{rounded} images hold 16 bits per channel and were reduced to 8.")
        return pictures, notes

    def _one_size(self, pictures: list[Picture]) -> tuple[list[Picture], list[str]]:
        sizes = Counter(picture.size for picture in pictures)
        if self.fit == "select":
            size, count = sizes.most_common(1)[0]
            chosen = [picture for picture in pictures if picture.size == size]
            note = f"{count} of {len(pictures)} images are {size[1]} x {size[0]} and were chosen."
            return chosen, [note] if len(sizes) > 1 else []
        for picture in pictures:
            if max(picture.size) > LARGEST_SIDE:
                raise DataError(
                    f"{self.path / picture.path} is {picture.size[1]} x {picture.size[0]} and at"
                    f" most {LARGEST_SIDE} x {LARGEST_SIDE} pixels are possible; remove it, cut it"
                    " up, or keep only the most frequent size with data.fit=select."
                )
        height, width = (max(size[axis] for size in sizes) for axis in (0, 1))
        note = f"{len(sizes)} sizes were brought to {width} x {height} by a transparent margin."
        placed = [picture.on_canvas(height, width, self.fit == "centre") for picture in pictures]
        return placed, [note] if len(sizes) > 1 else []

    def _labels(self, pictures: list[Picture]) -> tuple[np.ndarray | None, tuple[str, ...]]:
        folders = [path.parts[0] if path.parts[1:] else "" for path in (p.path for p in pictures)]
        if len(set(folders) - {""}) < 2:
            return None, ()
        above = self.path.resolve().name  # the label of images that lie beside the subfolders
        names, labels = np.unique([folder or above for folder in folders], return_inverse=True)
        return labels.astype(np.int64), tuple(names.tolist())


def _true_grid(pictures: list[Picture]) -> tuple[list[Picture], list[str]]:
    """Pictures that were stored enlarged: all by one factor, or some against the common size."""
    f = factor(picture.frames for picture in pictures)
    if f > 1:
        note = f"The images were enlarged {f} times; the true grid is used."
        return [picture.smaller(f) for picture in pictures], [note]
    common = Counter(picture.size for picture in pictures).most_common(1)[0][0]
    factors = [times(picture.frames, common) for picture in pictures]
    count = sum(f > 1 for f in factors)
    note = f"{count} images were enlargements of the common size; the true grid is used."
    smaller = [picture.smaller(f) for picture, f in zip(pictures, factors, strict=True)]
    return smaller, [note] if count else []


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder by their paths; hidden ones left out, each folder entered once."""
    entered = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))
