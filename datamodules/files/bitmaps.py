"""The alpha of 32-bit BMP files, which most readers drop: the header often does not mention it."""

import struct
from pathlib import Path

import numpy as np

PLAIN, MASKS, MASKS_AND_ALPHA = 0, 3, 6  # biCompression
COLOURS = (0xFF0000, 0xFF00, 0xFF)  # masks of red, green, blue: the fourth byte is free


def fourth_bytes(path: Path) -> np.ndarray | None:
    """Alpha uint8 `(h, w)` from the fourth byte of each pixel; None in files of other depths.

    Where the byte is 0 everywhere it is only padding, and the picture is opaque.
    """
    data = path.read_bytes()
    if len(data) < 54:
        return None
    offset, size, width, height, _, depth, packing = struct.unpack_from("<IIiiHHI", data, 10)
    if depth != 32 or packing not in (PLAIN, MASKS, MASKS_AND_ALPHA) or size < 40:
        return None
    if packing != PLAIN and struct.unpack_from("<III", data, 54) != COLOURS:
        return None
    pixels = np.frombuffer(data, np.uint8, offset=min(offset, len(data)))
    if width <= 0 or len(pixels) < 4 * width * abs(height):
        return None
    alpha = pixels[: 4 * width * abs(height)].reshape(abs(height), width, 4)[..., 3]
    if not alpha.any():
        return np.full_like(alpha, 255)
    return alpha[::-1] if height > 0 else alpha  # stored from the bottom up
