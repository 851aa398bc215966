"""A single sprite that somebody means: one of the data, or one in an image file of their own."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.files.fitting import fitted
from datamodules.files.images import FORMATS, read, smallest
from datamodules.files.paths import typed


class Picked(NamedTuple):
    """What it is called, its pixels uint8 `(C, H, W)`, and its label and attributes.

    Those that are not known are -1; a picture has no attributes.
    """

    name: str
    image: Tensor
    label: int = -1
    attributes: tuple[int, ...] = ()


def from_file(
    wanted: str | int, shape: Sequence[int], say: Callable[[str], object] = print
) -> Picked | None:
    """The first frame of an image file, brought to the size of the sprites; None if `wanted` is
    no name of such a file.

    Args:
        wanted: what somebody typed.
        shape: `(C, H, W)` that the sprite shall have.
        say: told what was done to a picture of another size.

    Raises:
        DataError: there is no such file, or its image has more channels.
    """
    if not str(wanted).lower().endswith(tuple(FORMATS)):
        return None
    path, (channels, height, width) = typed(str(wanted)), shape
    whole, done = fitted(read(path)[0][0], height, width)
    image = whole[None]
    fewer = smallest(image)
    if fewer.shape[-1] > channels:
        what = "opaque" if channels == 3 else "grey and opaque"
        raise DataError(
            f"{path} must be {what} on {width} x {height} pixels, as all other sprites here are."
        )
    if done:
        say(f"{path.name}: {', '.join(done)}")
    kept = image[..., :channels] if channels > 1 else fewer
    return Picked(path.stem, torch.from_numpy(kept[0].transpose(2, 0, 1).copy()))
