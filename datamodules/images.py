"""Image files read exactly: every value as it stands in the file, never interpolated, always RGBA."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from datamodules.arrays import canonical
from datamodules.errors import DataError, reading

FORMATS = {".png": "PNG", ".gif": "GIF", ".bmp": "BMP", ".webp": "WEBP"}
Image.MAX_IMAGE_PIXELS = 4096 * 4096  # a picture, or all frames of an animation together


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
    red, green, blue = (images[..., channel] for channel in range(3))
    grey = bool((red == green).all() and (green == blue).all())
    return np.ascontiguousarray(images[..., : 1 if grey else 3])


def _frames(image: Image.Image) -> tuple[np.ndarray, bool]:
    count = getattr(image, "n_frames", 1)
    if count * image.width * image.height > 4096 * 4096:
        raise Image.DecompressionBombWarning
    frames, rounded = [], False
    for number in range(count):
        image.seek(number)
        rgba, coarser = _rgba(image)
        frames.append(canonical(rgba))
        rounded |= coarser
    return np.stack(frames), rounded


def _rgba(image: Image.Image) -> tuple[np.ndarray, bool]:
    """One frame as uint8 `(h, w, 4)`, and whether 16-bit values were rounded."""
    layout = str(image.tile[0].args) if image.tile else ""  # as stored, such as L;2 or RGB;16B
    key = image.info.get("transparency")  # the one value that means transparent, as stored
    if image.mode not in ("1", "L", "I", "I;16", "RGB"):
        return np.asarray(image.convert("RGBA")), ";16B" in layout
    values = np.asarray(image)
    values = values.astype(np.int32) * (255 if values.dtype == bool else 1)
    values = values.reshape(*values.shape[:2], -1)
    if layout in ("L;2", "L;4"):
        key = None if key is None else key * (85 if layout == "L;2" else 17)
    elif layout == "RGB;16B":
        key = None if key is None else tuple(value >> 8 for value in key)
    visible = np.full(values.shape[:2], True) if key is None else (values != key).any(axis=2)
    rounded = layout == "RGB;16B"
    if image.mode.startswith("I"):
        rounded = bool((values % 257).any()) and int(values.max()) > 255
        if rounded or not (values % 257).any():
            values = (values + 128) // 257
    colours = np.broadcast_to(values, (*values.shape[:2], 3))
    alpha = np.where(visible, 255, 0)[..., None]
    return np.concatenate([colours, alpha], axis=2).astype(np.uint8), rounded
