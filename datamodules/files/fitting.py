"""A picture from anywhere, brought to the size of the sprites; no pixels are blended."""

from pathlib import Path

import numpy as np

from datamodules.files.canvas import Picture
from datamodules.files.grid import factor


def fitted(image: np.ndarray, height: int, width: int) -> tuple[np.ndarray, list[str]]:
    """The picture on a canvas of this size, and what was done to it, in words.

    An enlarged picture is brought back to its own pixels. A transparent margin that does not fit
    is cut off. What is still larger is made smaller by a whole number: of each square of pixels
    the colour that it has most of. What is smaller stands in the middle, as in `data=folder`.

    Args:
        image: uint8 `(h, w, 4)`.
        height, width: of the canvas.
    """
    done: list[str] = []
    if image.shape[:2] == (height, width):
        return image, done
    enlarged = factor([image[None]])
    if enlarged > 1 and _is_larger(image, height, width):
        image = image[::enlarged, ::enlarged]
        done.append(f"each {enlarged} x {enlarged} pixels were one")
    if _is_larger(image, height, width) and (filled := image[..., 3] > 0).any():
        rows, columns = (np.flatnonzero(filled.any(axis=axis)) for axis in (1, 0))
        inside = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        if inside.shape != image.shape:
            image = inside
            done.append("its transparent margin was cut off")
    if _is_larger(image, height, width):
        times = max(-(-image.shape[0] // height), -(-image.shape[1] // width))
        image = _fewer(image, times)
        done.append(f"of each {times} x {times} pixels the commonest colour was taken")
    if image.shape[:2] != (height, width):
        done.append(f"{image.shape[1]} x {image.shape[0]} pixels stand on {width} x {height}")
    return Picture(image[None], Path()).on_canvas(height, width, centred=True).frames[0], done


def _is_larger(image: np.ndarray, height: int, width: int) -> bool:
    return image.shape[0] > height or image.shape[1] > width


def _fewer(image: np.ndarray, times: int) -> np.ndarray:
    """Of each square of pixels the commonest colour; a square that the edge cuts has fewer."""
    rows, columns = (range(0, side, times) for side in image.shape[:2])
    made = np.zeros((len(rows), len(columns), 4), np.uint8)
    for y, top in enumerate(rows):
        for x, left in enumerate(columns):
            square = image[top : top + times, left : left + times].reshape(-1, 4)
            colours, counts = np.unique(square, axis=0, return_counts=True)
            made[y, x] = colours[counts.argmax()]
    return made
