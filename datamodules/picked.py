"""A single sprite that somebody means: one of the data, or one in an image file of their own."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.files.images import FORMATS, read, smallest
from datamodules.files.paths import typed


class Picked(NamedTuple):
    """What it is called, its pixels uint8 `(C, H, W)`, and its label, -1 without one."""

    name: str
    image: Tensor
    label: int = -1


def from_file(wanted: str | int, shape: Sequence[int]) -> Picked | None:
    """The first frame of an image file; None if `wanted` is no name of such a file.

    Args:
        wanted: what somebody typed.
        shape: `(C, H, W)` that the sprite shall have.

    Raises:
        DataError: there is no such file, or its image is of another size or kind.
    """
    if not str(wanted).lower().endswith(tuple(FORMATS)):
        return None
    path, (channels, height, width) = typed(str(wanted)), shape
    image = read(path)[0][:1]
    fewer = smallest(image)
    if image.shape[1:3] != (height, width) or fewer.shape[-1] > channels:
        raise DataError(
            f"{path} must be {width} x {height} pixels"
            f"{'' if channels == 4 else ' and opaque'}, as all other sprites here are."
        )
    kept = image[..., :channels] if channels > 1 else fewer
    return Picked(path.stem, torch.from_numpy(kept[0].transpose(2, 0, 1).copy()))
