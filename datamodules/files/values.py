"""Arrays as users have them, brought to uint8 `(N, H, W, C)` without changing what they show."""

import numpy as np

from datamodules.errors import DataError

CHANNELS = (1, 3, 4)
RANGES = {"f": ((0, 1), (0, 255), (-1, 1)), "i": ((0, 255),), "u": ((0, 255),)}
ROWS = 4096  # converted together, so that a mapped array of floats never lies in memory as floats


def channels_last(array: np.ndarray, what: str) -> np.ndarray:
    """A view `(N, H, W, C)` of sprites `(N, H, W, C)`, `(N, C, H, W)` or grey `(N, H, W)`.

    Where both the second and the last axis could be the channels, the last one is.

    Raises:
        DataError: the array has another rank or another number of channels.
    """
    if array.ndim == 3 and array.shape[-1] not in CHANNELS:
        return array[..., None]
    if array.ndim == 4 and array.shape[-1] in CHANNELS:
        return array
    if array.ndim == 4 and array.shape[1] in CHANNELS:
        return np.moveaxis(array, 1, -1)
    raise DataError(
        f"{what} has the shape {array.shape}; give (number, height, width, channels)"
        " with 1, 3 or 4 channels."
    )


def eight_bit(array: np.ndarray, what: str) -> tuple[np.ndarray, list[str]]:
    """Values uint8, and a note if they had another type; nothing is ever rounded.

    Raises:
        DataError: values are not finite, out of range, or between two 8-bit values.
    """
    if array.dtype == np.uint8:
        return array, []
    if array.dtype == bool:
        return array * np.uint8(255), ["Booleans were read as 0 and 255."]
    if array.dtype.kind not in RANGES:
        raise DataError(f"{what} holds values of type {array.dtype}; save it as uint8.")
    parts = [array[start : start + ROWS] for start in range(0, len(array), ROWS)]
    low, high = np.min([part.min() for part in parts]), np.max([part.max() for part in parts])
    if not np.isfinite([low, high]).all():
        raise DataError(f"{what} holds NaN or infinity; replace them and save it as uint8.")
    for least, most in RANGES[array.dtype.kind]:
        if least <= low and high <= most:
            converted = np.empty(array.shape, np.uint8)
            for start, part in zip(range(0, len(array), ROWS), parts, strict=True):
                converted[start : start + ROWS] = _levels(part, least, most, what)
            return converted, [f"{array.dtype} values from {least} to {most} were read as uint8."]
    raise DataError(
        f"{what} holds {array.dtype} values from {low:g} to {high:g};"
        " save it as uint8 with values from 0 to 255."
    )


def _levels(part: np.ndarray, least: int, most: int, what: str) -> np.ndarray:
    """Which of the 256 levels from `least` to `most` each value is."""
    exact = (part.astype(np.float64) - least) * (255 / (most - least))
    levels = np.rint(exact)
    tolerance = 0.3 if part.dtype == np.float16 else 1e-3  # half floats cannot hold every level
    if np.abs(exact - levels).max() > tolerance:
        raise DataError(
            f"{what} holds floats from {least} to {most} that lie between 8-bit values;"
            " round them as you like and save it as uint8."
        )
    return levels
