"""Arrays as users have them, brought to uint8 `(N, H, W, C)` without changing what they show.

What a number means is decided from all of them. Whole numbers of which none exceeds 1 are masks;
of which none exceeds 63, they may be indices of a palette, levels of fewer bits or a very dark
picture, and somebody has to say which.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from datamodules.errors import DataError
from datamodules.files.on_disk import OnDisk, View, seen

CHANNELS = (1, 3, 4)
READINGS = ("levels", "stretch", "indices")
Array = np.ndarray | OnDisk
RANGES = {"f": ((0, 1), (0, 255), (-1, 1)), "i": ((0, 255),), "u": ((0, 255),), "b": ((0, 255),)}
ROWS = 4096  # converted together, so that an array of floats on disk is never whole in memory
DARK = 63  # no picture of 8 bits is as dark as that


def channels_last(array: Array, what: str) -> Array:
    """A view `(N, H, W, C)` of sprites `(N, H, W, C)`, `(N, C, H, W)` or grey `(N, H, W)`.

    Where both the second and the last axis could be the channels, the last one is.

    Raises:
        DataError: the array has another rank or another number of channels.
    """
    if array.ndim == 3 and array.shape[-1] not in CHANNELS:
        return seen(array, lambda rows: rows[..., None])
    if array.ndim == 4 and array.shape[-1] in CHANNELS:
        return array
    if array.ndim == 4 and array.shape[1] in CHANNELS:
        return seen(array, lambda rows: np.moveaxis(rows, 1, -1))
    raise DataError(
        f"{what} has the shape {array.shape}; give (number, height, width, channels)"
        " with 1, 3 or 4 channels."
    )


def read_values(
    array: Array, what: str, values: str | None, palette: np.ndarray | None
) -> tuple[Array, list[str]]:
    """Values uint8 of images `(N, H, W, C)`, and notes on what was read as what.

    Args:
        array: the images.
        what: what to call them in messages.
        values: `levels` from 0 to 255, `stretch` whole numbers from 0 to the highest over those
            levels, `indices` of the palette; None decides, or refuses.
        palette: colours uint8 `(K, 3 or 4)`, if there is one.

    Raises:
        DataError: values are not finite, out of range, between two 8-bit values or ambiguous.
    """
    if values is not None and values not in READINGS:
        raise DataError(f"data.values={values} is unknown; choose one of {', '.join(READINGS)}.")
    _refuse_other_types(array, what)
    if values == "indices" and palette is None:
        raise DataError(
            f"data.values=indices needs a palette for {what[:1].lower()}{what[1:]}; give"
            " data.palette=FILE, or a list of colours such as data.palette=[ff00ff,1a1a2e]."
        )
    single = array.shape[-1] == 1
    if values == "indices" or (palette is not None and values is None and single):
        return _looked_up(array, what, palette)
    notes = [] if palette is None else ["The palette was not used, as values are no indices."]
    if array.dtype == bool or values == "levels":
        levels, more = eight_bit(array, what)
        return levels, notes + more
    highest = _highest_whole(array, 255 if values else DARK)
    if values == "stretch" and not highest:
        raise DataError(f"{what} holds no whole numbers from 0 to 255; leave out data.values.")
    if highest and (values == "stretch" or highest == 1):
        images, more = _stretched(array, highest)
        return images, notes + more
    if highest and highest <= DARK:
        raise DataError(
            f"{what} holds whole numbers from 0 to {highest}, which may be indices of a palette,"
            " levels of fewer bits or a very dark picture; say data.palette=FILE,"
            " data.values=stretch or data.values=levels."
        )
    return _with_alpha(array, what, notes)


def eight_bit(array: Array, what: str) -> tuple[Array, list[str]]:
    """Values uint8 and a note if they had another type; nothing is ever rounded.

    Raises:
        DataError: values are not finite, out of range, or between two 8-bit values.
    """
    if array.dtype == np.uint8:
        return array, []
    if array.dtype == bool:
        whole = _converted(array, lambda part: part * np.uint8(255))
        return whole, ["Booleans were read as 0 and 255."]
    _refuse_other_types(array, what)
    low, high = _range(array)
    if not np.isfinite([low, high]).all():
        raise DataError(f"{what} holds NaN or infinity; replace them and save it as uint8.")
    for least, most in RANGES[array.dtype.kind]:
        if least <= low and high <= most:
            read = partial(_levels, least=least, most=most, what=what)
            notes = [f"{array.dtype} values from {least} to {most} were read as uint8."]
            return _converted(array, read), notes
    raise DataError(
        f"{what} holds {array.dtype} values from {low:g} to {high:g};"
        " save it as uint8 with values from 0 to 255."
    )


def _refuse_other_types(array: Array, what: str) -> None:
    if array.dtype.kind not in RANGES:
        raise DataError(f"{what} holds values of type {array.dtype}; save it as uint8.")


def _parts(array: Array) -> Iterator[np.ndarray]:
    for start in range(0, len(array), ROWS):
        yield array[start : start + ROWS]


def _converted(array: Array, convert: View, channels: int | None = None) -> np.ndarray:
    """What `convert` makes of the values: uint8, with as many channels unless said."""
    whole = np.empty((*array.shape[:-1], channels or array.shape[-1]), np.uint8)
    for start, part in zip(range(0, len(array), ROWS), _parts(array), strict=True):
        whole[start : start + ROWS] = convert(part)
    return whole


def _range(array: Array) -> tuple[float, float]:
    """The lowest and the highest value; NaN where there is one."""
    ends = np.array([(part.min(), part.max()) for part in _parts(array)])
    return ends[:, 0].min(), ends[:, 1].max()


def _highest_whole(array: Array, enough: int = 255) -> int | None:
    """The highest value of whole numbers from 0 to 255, or one above `enough`; else None."""
    highest = 0
    for part in _parts(array):
        if array.dtype.kind == "f" and not (np.isfinite(part).all() and (part % 1 == 0).all()):
            return None
        if part.min() < 0 or part.max() > 255:
            return None
        highest = max(highest, int(part.max()))
        if highest > enough and array.dtype == np.uint8:
            break
    return highest


def _stretched(array: Array, highest: int) -> tuple[np.ndarray, list[str]]:
    """Whole numbers from 0 to the highest, as levels from 0 to 255."""
    levels = np.rint(np.arange(highest + 1) * 255 / highest).astype(np.uint8)
    images = _converted(array, lambda part: levels[part.astype(np.int64)])
    numbers = "The numbers 0 and 1" if highest == 1 else f"Whole numbers from 0 to {highest}"
    return images, [f"{numbers} were stretched over 0 to 255 (data.values=levels keeps them)."]


def _looked_up(
    array: Array, what: str, palette: np.ndarray | None
) -> tuple[np.ndarray, list[str]]:
    """The colours that indices mean."""
    assert palette is not None  # noqa: S101
    highest = _highest_whole(array)
    if array.shape[-1] != 1 or highest is None or highest >= len(palette):
        low, high = _range(array)
        raise DataError(
            f"{what} is no array of indices of {len(palette)} colours: it has {array.shape[-1]}"
            f" channels and values from {low:g} to {high:g}; say"
            " data.values=levels, or give its own palette with data.palette=FILE."
        )
    images = _converted(
        array, lambda part: palette[part[..., 0].astype(np.int64)], palette.shape[1]
    )
    return images, [f"Numbers were read as indices of a palette of {len(palette)} colours."]


def _with_alpha(array: Array, what: str, notes: list[str]) -> tuple[Array, list[str]]:
    """Levels, and alpha likewise unless it is 0 or 1 beside colours that go further."""
    if array.shape[-1] == 4:
        colours, alpha = (
            seen(array, lambda rows: rows[..., :3]),
            seen(array, lambda rows: rows[..., 3:]),
        )
        binary = all(((part == 0) | (part == 1)).all() for part in _parts(alpha))
        if binary and _range(alpha)[1] == 1 and _range(colours)[1] > 1:
            levels, more = eight_bit(colours, what)
            opaque = _converted(alpha, lambda part: (part == 1) * np.uint8(255))
            images = np.concatenate([levels[:], opaque], axis=-1)
            return images, [*notes, *more, "An alpha of 0 and 1 was read as 0 and 255."]
    levels, more = eight_bit(array, what)
    return levels, notes + more


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
