"""Arrays as users have them, brought to uint8 `(N, H, W, C)` without changing what they show."""

import numpy as np

from datamodules.errors import DataError

CHANNELS = (1, 3, 4)
ROWS = 4096  # converted at a time, so that a mapped array of floats never lies in memory as floats


def channels_last(array: np.ndarray, what: str) -> np.ndarray:
    """A view `(N, H, W, C)` of sprites `(N, H, W, C)`, `(N, C, H, W)` or grey `(N, H, W)`.

    Where both axes could be channels the last one is.

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
        f"{what} has the shape {array.shape}; sprites are (number, height, width, channels) with 1, 3 or 4"
        " channels."
    )


def eight_bit(array: np.ndarray, what: str) -> tuple[np.ndarray, str | None]:
    """Values uint8, and a note if they had another type. Never rounds: 0.5/255 is refused.

    Raises:
        DataError: values are not finite, out of range, or between two 8-bit values.
    """
    if array.dtype == np.uint8:
        return array, None
    if array.dtype == bool:
        return array.view(np.uint8) * np.uint8(255), "Booleans were read as 0 and 255."
    if array.dtype.kind not in "iuf":
        raise DataError(f"{what} holds values of type {array.dtype}; save it as uint8.")
    parts = [array[start : start + ROWS] for start in range(0, len(array), ROWS)]
    low = min(part.min() for part in parts)
    high = max(part.max() for part in parts)
    if not np.isfinite([low, high]).all():
        raise DataError(
            f"{what} holds NaN or infinity; replace these values and save it as uint8."
        )
    for least, most in ((0, 1), (0, 255), (-1, 1)) if array.dtype.kind == "f" else ((0, 255),):
        if least <= low and high <= most:
            converted = np.empty(array.shape, np.uint8)
            for start, part in zip(range(0, len(array), ROWS), parts, strict=True):
                converted[start : start + ROWS] = _whole(part, least, most, what)
            return (
                converted,
                f"{array.dtype} from {least} to {most} was read as uint8 from 0 to 255.",
            )
    raise DataError(
        f"{what} holds {array.dtype} from {low:g} to {high:g}; save it as uint8 with values from 0 to 255."
    )


def _whole(part: np.ndarray, least: int, most: int, what: str) -> np.ndarray:
    scaled = (part.astype(np.float64) - least) * (255 / (most - least))
    rounded = np.rint(scaled)
    half = part.dtype == np.float16  # too coarse to hold every multiple of 1/255
    if np.abs(scaled - rounded).max() > (0.3 if half else 1e-3):
        raise DataError(
            f"{what} holds floats from {least} to {most} that are not whole 8-bit values; decide how to"
            " round them and save it as uint8."
        )
    return rounded
