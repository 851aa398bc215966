"""Pictures of many sizes on canvases of one, and the odd ones that are plainly no sprites."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from datamodules.doctor.examination import LARGEST_SIDE
from datamodules.errors import DataError, listed
from datamodules.files.grid import factor, times

FITS = ("centre", "pad", "select")
MAX_LEFT_OUT = 0.1  # share of all pictures that may be left out as no sprites
LARGER, APART = 16, 4  # times the pixels of the median sprite, and of the largest that stays
MULTIPLIED = 4  # how many times the pixels of a median sprite a canvas may have in silence


@dataclass(frozen=True)
class Picture:
    """Frames uint8 `(f, h, w, 4)` that belong together, and their path below the folder.

    `at` is where in the file its first pixel lies, top and left.
    """

    frames: np.ndarray
    path: Path
    at: tuple[int, int] = (0, 0)

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


def true_grid(pictures: Sequence[Picture]) -> tuple[list[Picture], list[str]]:
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


def without_odd(pictures: Sequence[Picture]) -> tuple[list[Picture], list[str]]:
    """Without those that are plainly no sprites: few, and far larger than all others."""
    areas = np.array([picture.size[0] * picture.size[1] for picture in pictures])
    order = np.argsort(-areas, kind="stable")
    count = 0
    for few in range(1, int(MAX_LEFT_OUT * len(areas)) + 1):
        large, next_one = areas[order[few - 1]], areas[order[few]]
        if large >= max(LARGER * np.median(areas), APART * next_one):
            count = few
    odd = {*order[:count].tolist()}
    large = [pictures[k] for k in sorted(odd)]
    named = listed(f"{p.path.as_posix()} ({p.size[1]} x {p.size[0]})" for p in large)
    note = f"Far larger than the sprites and left out: {named}."
    return [p for k, p in enumerate(pictures) if k not in odd], [note] if odd else []


def one_size(
    pictures: Sequence[Picture], fit: str, folder: Path
) -> tuple[list[Picture], list[str]]:
    """All on canvases of one size, and notes.

    Args:
        pictures: of any sizes.
        fit: `centre` or `pad` for margins up to the largest, `select` for the most frequent size.
        folder: where their paths begin.

    Raises:
        DataError: a picture is too large to be a sprite.
    """
    sizes = Counter(picture.size for picture in pictures)
    if fit == "select":
        size, count = sizes.most_common(1)[0]
        chosen = [picture for picture in pictures if picture.size == size]
        note = f"{count} of {len(pictures)} images are {size[1]} x {size[0]} and were chosen."
        return chosen, [note] if len(sizes) > 1 else []
    if large := [picture for picture in pictures if max(picture.size) > LARGEST_SIDE]:
        named = listed(f"{folder / p.path} is {p.size[1]} x {p.size[0]}" for p in large)
        what = "it" if len(large) == 1 else "them"
        raise DataError(
            f"{named} and at most {LARGEST_SIDE} x {LARGEST_SIDE} pixels are possible; remove"
            f" {what}, cut {what} up, or keep only the most frequent size with data.fit=select."
        )
    if len(sizes) == 1:
        return list(pictures), []
    height, width = (max(size[axis] for size in sizes) for axis in (0, 1))
    note = f"{len(sizes)} sizes were brought to {width} x {height} by a transparent margin."
    placed = [picture.on_canvas(height, width, fit == "centre") for picture in pictures]
    return placed, [note, *_multiplied(pictures, height, width)]


def _multiplied(pictures: Sequence[Picture], height: int, width: int) -> list[str]:
    """A note where margins take far more room than the sprites."""
    areas = sorted(picture.size[0] * picture.size[1] for picture in pictures)
    larger = height * width / areas[len(areas) // 2]
    if larger < MULTIPLIED:
        return []
    biggest = max(pictures, key=lambda picture: picture.size[0] * picture.size[1])
    return [
        f"A canvas has {larger:.0f} times the pixels of a median sprite, and every step costs as"
        f" much more; {biggest.path.as_posix()} is the largest, and data.fit=select keeps the most"
        " frequent size."
    ]
