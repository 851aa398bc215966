"""Image files read exactly as RGBA: every value as it stands in the file, never interpolated."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from datamodules.arrays import canonical
from datamodules.errors import DataError, reading

FORMATS = {".png": "PNG", ".gif": "GIF", ".bmp": "BMP", ".webp": "WEBP"}
MAX_PIXELS = 4096 * 4096  # of a picture, or of all frames of an animation together
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def read(path: Path) -> tuple[np.ndarray, bool]:
    """All frames of one file, composed as a viewer shows them.

    Returns:
        uint8 `(frames, h, w, 4)`, RGB 0 where alpha is 0; and whether 16-bit values were rounded.

    Raises:
        DataError: the file is missing, damaged, of another kind, or decodes to too many pixels.
    """
    with reading(path, "PNG, GIF, BMP or WebP image"), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=list(FORMATS.values())) as image:
                return _frames(image)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise DataError(
                f"{path} decodes to more than 4096 x 4096 pixels; cut it into smaller files."
            ) from None


def smallest(images: np.ndarray) -> np.ndarray:
    """RGBA `(N, H, W, 4)` with the fewest channels that hold it exactly: grey, RGB or RGBA."""
    if (images[..., 3] < 255).any():
        return images
    grey = (images[..., :1] == images[..., 1:3]).all()
    return np.ascontiguousarray(images[..., : 1 if grey else 3])


def _frames(image: Image.Image) -> tuple[np.ndarray, bool]:
    count = getattr(image, "n_frames", 1)
    if count * image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    frames, rounded = [], False
    for number in range(count):
        image.seek(number)
        rgba, coarser = _rgba(image)
        frames.append(rgba)
        rounded |= coarser
    return canonical(np.stack(frames)), rounded


def _rgba(image: Image.Image) -> tuple[np.ndarray, bool]:
    """One frame as uint8 `(h, w, 4)`, and whether 16-bit values were rounded."""
    tiles = getattr(image, "tile", None)
    layout = str(tiles[0].args) if tiles else ""  # of the pixels in a PNG, such as L;2 or RGB;16B
    if image.mode not in ("1", "L", "I", "I;16", "RGB"):
        return np.asarray(image.convert("RGBA")), ";16B" in layout
    # Pillow keeps the transparent value of a PNG as stored while it scales the pixels to 8 bits.
    key = np.array(image.info.get("transparency", -1))
    if layout.startswith("L;"):
        key *= 255 // (2 ** int(layout[2:]) - 1)
    elif layout == "RGB;16B":
        key >>= 8
    values = np.asarray(image, np.int32)
    if image.mode == "1":
        values = values * 255
    values = values.reshape(image.height, image.width, -1)
    hidden = (values == key).all(axis=2, keepdims=True)
    values, rounded = _eight_bit(values) if image.mode.startswith("I") else (values, False)
    colours = np.broadcast_to(values, (*hidden.shape[:2], 3))
    rgba = np.concatenate([colours, np.where(hidden, 0, 255)], axis=2).astype(np.uint8)
    return rgba, rounded or layout == "RGB;16B"


def _eight_bit(values: np.ndarray) -> tuple[np.ndarray, bool]:
    """16-bit values in 8 bits, and whether they had to be rounded.

    Where none exceeds 255 and some are not multiples of 257, 8-bit values were stored as they are.
    """
    exact = not (values % 257).any()
    if not exact and values.max() <= 255:
        return values, False
    return (values + 128) // 257, not exact
