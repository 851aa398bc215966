"""Palettes as people have them: hex words, a text file of colours, an array, an image."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datamodules.errors import DataError, reading
from datamodules.files.images import FORMATS, read
from datamodules.files.numpyfiles import load_npy
from datamodules.files.paths import typed
from datamodules.files.values import eight_bit

KEY = "data.palette"


def read_palette(given: str | Sequence[str | int], key: str = KEY) -> np.ndarray:
    """Colours uint8 `(K, 3 or 4)` in their order.

    Args:
        given: hex colours, or a file: `.hex` or other text with one hex colour per line, `.gpl` of
            GIMP, `.pal` of JASC, `.npy`, or an image, whose colours count in the order in which
            they first appear.
        key: the word that it was given with.

    Raises:
        DataError: no colours are there.
    """
    if not isinstance(given, str | int | float | Path):
        return _of_words([str(word) for word in given], key, key)
    path = typed(given, key)
    if path.suffix.lower() in FORMATS:
        pixels = read(path)[0][0].reshape(-1, 4)
        _, first = np.unique(pixels, axis=0, return_index=True)
        colours = pixels[np.sort(first)]
        return colours if (colours[:, 3] < 255).any() else colours[:, :3]
    if path.suffix.lower() == ".npy":
        return as_palette(load_npy(path, key), f"The palette in {path}")
    with reading(path, "text of colours", key):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    if lines and lines[0].strip() in ("GIMP Palette", "JASC-PAL"):
        rows = [line.split()[:3] for line in lines if re.match(r"\s*\d+\s+\d+\s+\d+", line)]
        return as_palette(np.array(rows, dtype=np.int64), f"The palette in {path}")
    return _of_words([line.strip() for line in lines if line.strip()], str(path), key)


def as_palette(array: np.ndarray, what: str) -> np.ndarray:
    """An array `(K, 3 or 4)` of levels or of floats from 0 to 1 as uint8.

    Raises:
        DataError: it is none of colours.
    """
    if array.ndim != 2 or array.shape[1] not in (3, 4) or not len(array):
        raise DataError(f"{what} has the shape {array.shape}; give rows of 3 or 4 numbers.")
    return eight_bit(array, what)[0][:]


def _of_words(words: Sequence[str], what: str, key: str) -> np.ndarray:
    plain = [word.lower().lstrip(";#").removeprefix("0x") for word in words]
    if not plain or not all(re.fullmatch("[0-9a-f]{6}([0-9a-f]{2})?", word) for word in plain):
        raise DataError(
            f"{what} holds no colours; give six hex digits for each, such as"
            f" {key}=[ff00ff,1a1a2e], or a file with one of them per line."
        )
    alpha = any(len(word) == 8 for word in plain)
    return np.array([[*bytes.fromhex(word), 255][: 3 + alpha] for word in plain], np.uint8)
