"""Image files read exactly as RGBA: every value as it stands in the file, never interpolated."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from datamodules.arrays import canonical
from datamodules.errors import DataError, reading
from datamodules.files.bitmaps import fourth_bytes

FORMATS = {".png": "PNG", ".gif": "GIF", ".bmp": "BMP", ".webp": "WEBP"}
MAX_PIXELS = 4096 * 4096  # of a picture, or of all frames of an animation together
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
NAMED = 5  # bad files named in one sentence
OTHERS = {  # first bytes of files that are often called .png
    b"\xff\xd8\xff": "a JPEG, which blurs pixels",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF",
    b"<svg": "an SVG",
    b"<?xml": "an XML file, perhaps an SVG",
    b"<!DOC": "a web page",
    b"<html": "a web page",
    b"PK\3\4": "a zip archive",
    b"\0\0\1\0": "an icon file",
    b"version https://git-lfs": "a Git LFS pointer, not the picture itself",
}


def read(path: Path, clear: bool = False) -> tuple[np.ndarray, bool]:
    """All frames of one file, composed as a viewer shows them.

    Args:
        path: the file.
        clear: index 0 of an indexed picture without transparency is transparent where all four
            corners have it.

    Returns:
        uint8 `(frames, h, w, 4)`, RGB 0 where alpha is 0; and whether 16-bit values were rounded.

    Raises:
        DataError: the file is missing, damaged, of another kind, or decodes to too many pixels.
    """
    with reading(path, "PNG, GIF, BMP or WebP image"), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        _refuse_others(path)
        try:
            with Image.open(path, formats=list(FORMATS.values())) as image:
                if image.format == "BMP" and (alpha := fourth_bytes(path)) is not None:
                    colours = np.asarray(image.convert("RGB"))
                    return canonical(np.dstack([colours, alpha])[None]), False
                return _frames(image, clear)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise DataError(
                f"{path} decodes to more than 4096 x 4096 pixels; cut it into smaller files."
            ) from None


def read_all(files: Iterable[Path], clear: bool = False) -> tuple[list[np.ndarray], int]:
    """The frames of each file, and how many files hold 16-bit values that were rounded.

    Raises:
        DataError: files that cannot be read, all of them in one sentence.
    """
    found, rounded, bad = [], 0, []
    for file in files:
        try:
            frames, coarser = read(file, clear)
        except DataError as error:
            bad.append(str(error))
            continue
        found.append(frames)
        rounded += coarser
    if len(bad) == 1:
        raise DataError(bad[0])
    if bad:
        more = f"; and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        listed = "; ".join(text.rstrip(".").split("; ")[0] for text in bad[:NAMED])
        raise DataError(
            f"{len(bad)} files cannot be read: {listed}{more}; save them again or remove them."
        )
    return found, rounded


def smallest(images: np.ndarray) -> np.ndarray:
    """RGBA `(N, H, W, 4)` with the fewest channels that hold it exactly: grey, RGB or RGBA."""
    if (images[..., 3] < 255).any():
        return images
    grey = (images[..., :1] == images[..., 1:3]).all()
    return np.ascontiguousarray(images[..., : 1 if grey else 3])


def _refuse_others(path: Path) -> None:
    """Says what a file is that bears the name of a picture and is none of ours."""
    with path.open("rb") as stream:
        start = stream.read(32)
    for magic, kind in OTHERS.items():
        if start.lstrip().lower().startswith(magic.lower()):
            raise DataError(
                f"{path} is {kind} and no PNG, GIF, BMP or WebP image, whatever its name says;"
                " save the original drawing as PNG."
            )


def _frames(image: Image.Image, clear: bool) -> tuple[np.ndarray, bool]:
    count = getattr(image, "n_frames", 1)
    if count * image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    frames, rounded = [], False
    for number in range(count):
        image.seek(number)
        rgba, coarser = _rgba(image, clear and count == 1)
        frames.append(rgba)
        rounded |= coarser
    return canonical(np.stack(frames)), rounded


def _rgba(image: Image.Image, clear: bool) -> tuple[np.ndarray, bool]:
    """One frame as uint8 `(h, w, 4)`, and whether 16-bit values were rounded."""
    tiles = getattr(image, "tile", None)
    layout = str(tiles[0].args) if tiles else ""  # of the pixels in a PNG, such as L;2 or RGB;16B
    if image.mode not in ("1", "L", "I", "I;16", "RGB"):
        rgba = np.asarray(image.convert("RGBA"))
        if clear and image.mode == "P" and "transparency" not in image.info:
            indices = np.asarray(image)
            if not indices[[0, 0, -1, -1], [0, -1, 0, -1]].any():
                rgba = rgba * (indices > 0)[..., None]
        return rgba, ";16B" in layout
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
