"""`data=folder`: loose images, subfolders as labels, animations as frames that belong together."""

from typing import Any

import numpy as np

from datamodules.arrays import Sprites
from datamodules.errors import DataError
from datamodules.files import background as backgrounds
from datamodules.files.canvas import FITS, Picture, one_size, true_grid, without_odd
from datamodules.files.folders import pictures
from datamodules.files.images import read_all, smallest
from datamodules.files.labels import of_folders
from datamodules.files.paths import typed
from datamodules.sprites import SpriteDataModule


class FolderData(SpriteDataModule):
    """All PNG, GIF, BMP and WebP images under a folder, in the order of their paths; or one file.

    With images in two or more subfolders the path of a subfolder is a label. The frames of an
    animation form one group. Runs, samples and reports of this program are no data, and a few
    pictures that are far larger than all others are no sprites.

    Args:
        path: a folder or an image.
        fit: what to do with several sizes: `centre` adds a transparent margin up to the largest,
            `pad` adds it at the right and the bottom only, `select` keeps the most frequent size.
        label_depth: how many folders make a label, 0 for no labels; None for the whole path, but
            for `train`, `test` and what all pictures share.
        background: `transparent`, a colour as six hex digits, or `keep`; see `files.background`.
        common: `batch_size` and `seed`.
    """

    def __init__(
        self,
        path: str,
        fit: str = "centre",
        label_depth: int | None = None,
        background: str | None = None,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.path, self.fit = typed(path), fit_of(fit)
        self.label_depth = depth_of(label_depth)
        self.background = backgrounds.wanted(background)

    def read(self) -> Sprites:
        """The frames of all images on canvases of one size."""
        top, files, notes = pictures(self.path)
        frames, rounded = read_all(files, clear=self.background == "transparent")
        if rounded:
            notes.append(f"{rounded} images hold 16 bits per channel and were reduced to 8.")
        found = [Picture(f, file.relative_to(top)) for f, file in zip(frames, files, strict=True)]
        found, cleared = backgrounds.cleared(found, self.background)
        found, enlarged = true_grid(found)
        found, odd = without_odd(found) if self.fit != "select" else (found, [])
        found, sizes = one_size(found, self.fit, self.path)
        notes += cleared + enlarged + odd + sizes
        counts = [len(picture.frames) for picture in found]
        moving = [number if count > 1 else -1 for number, count in enumerate(counts)]
        labels, label_names, more = of_folders(
            [picture.path for picture in found], self.label_depth, self.path.resolve().name
        )
        return Sprites(
            images=smallest(np.concatenate([picture.frames for picture in found])),
            labels=None if labels is None else np.repeat(labels, counts),
            label_names=label_names,
            groups=np.repeat(moving, counts) if max(counts) > 1 else None,
            names=tuple(name for picture in found for name in picture.names()),
            notes=(*notes, *more),
        )


def fit_of(fit: str) -> str:
    """The word, if it is known."""
    if fit not in FITS:
        raise DataError(f"data.fit={fit} is unknown; choose one of {', '.join(FITS)}.")
    return fit


def depth_of(depth: int | None) -> int | None:
    """The number of folders, if it is one."""
    if depth is not None and (type(depth) is not int or depth < 0):
        raise DataError(f"data.label_depth={depth} must be a whole number of folders, 0 or more.")
    return depth
