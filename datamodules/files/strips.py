"""Frames that belong together: animations, strips of squares, or arrays."""

from pathlib import Path

import numpy as np

from datamodules.arrays import canonical
from datamodules.errors import DataError, listed
from datamodules.files.folders import pictures
from datamodules.files.images import read
from datamodules.files.numpyfiles import load_npz

MOST = 256  # frames of a strip
Strip = tuple[str, np.ndarray]


def strips(path: Path) -> tuple[list[Strip], list[str]]:
    """The name and the frames uint8 `(F, H, W, C)` of each strip, and what was left out.

    Args:
        path: an animated GIF or WebP; a picture that is some squares wide, its frames; a folder of
            these; or an `.npz` whose array `frames` is uint8 `(N, F, H, W, C)`.

    Raises:
        DataError: nothing is there, it cannot be read, or it holds no strip.
    """
    if not path.exists():
        raise DataError(f"There is nothing at {path}; check motion=.")
    if path.suffix == ".npz":
        return _of_array(path), []
    top, files, notes = pictures(path)
    found: list[Strip] = []
    single: list[Strip] = []
    for file in files:
        frames = _squares(read(file)[0])
        name = file.relative_to(top).as_posix()
        if len(frames) > MOST:
            raise DataError(f"{name} has {len(frames):,} frames; give strips of at most {MOST}.")
        (found if len(frames) > 1 else single).append((name, frames))
    if not found:
        raise DataError(
            f"{path} holds no frames: give an animated GIF or WebP, a picture whose frames are "
            "squares beside each other, or an .npz with frames (N, F, H, W, C)."
        )
    if single:
        notes.append(f"What has one frame was left out: {listed(name for name, _ in single)}.")
    return found, notes


def _squares(frames: np.ndarray) -> np.ndarray:
    """The squares of a single picture that is a row of them, else the frames as they are."""
    count, height, width, channels = frames.shape
    if count > 1 or width % height:
        return frames
    rows = frames.reshape(height, width // height, height, channels)
    return np.ascontiguousarray(rows.swapaxes(0, 1))


def _of_array(path: Path) -> list[Strip]:
    frames = load_npz(path, ("frames",)).get("frames")
    if frames is None or frames.dtype != np.uint8 or frames.shape[4:] not in ((3,), (4,)):
        raise DataError(
            f"{path} must hold an array frames, uint8 (N, F, H, W, C) with 3 or 4 channels."
        )
    if not 2 <= frames.shape[1] <= MOST:
        raise DataError(f"{path} has strips of {frames.shape[1]} frames; give 2 to {MOST}.")
    return [(f"{path.name}[{k}]", canonical(strip)) for k, strip in enumerate(frames)]
