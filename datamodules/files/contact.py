"""A contact sheet of what was cut: every cell apart from the next, the grid drawn between them."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from datamodules.files.cells import Cut, ground, take

LINE = (255, 0, 128)  # of the grid
BEHIND, OTHER, EMPTY = 90, 120, 40  # greys: a checkerboard behind sprites, and cells left out
SIDE = 2048  # pixels, about the largest side
SHEETS, CELLS = 16, 2048  # as many as fit on one picture


def contact_sheet(sheets: Sequence[tuple[np.ndarray, Cut]]) -> Image.Image:
    """The cells of canonical RGBA sheets `(H, W, 4)`, one sheet below the other, enlarged.

    Args:
        sheets: at most `SHEETS`; of each the first `CELLS` cells are shown.
    """
    drawn = [_drawn(pixels, cut) for pixels, cut in sheets]
    width = max(one.shape[1] for one in drawn)
    padded = [
        np.pad(one, ((0, 4), (0, width - one.shape[1]), (0, 0)), constant_values=EMPTY)
        for one in drawn
    ]
    picture = np.concatenate(padded)
    enlarged = max(1, min(4, SIDE // max(picture.shape)))
    return Image.fromarray(picture.repeat(enlarged, 0).repeat(enlarged, 1))


def _drawn(pixels: np.ndarray, cut: Cut) -> np.ndarray:
    """One sheet, RGB, with a line of one pixel round each cell."""
    cells = list(cut.cells(pixels.shape[1]))[:CELLS]
    behind = ground(pixels)
    tops: dict[int, int] = {}
    height = 1
    for cell in cells:
        if cell.row not in tops:
            tops[cell.row] = height
            height += cell.height + 1
    width = max(1 + (cell.column + 1) * (cell.width + 1) for cell in cells)
    picture = np.full((height, width, 3), EMPTY, np.uint8)
    for cell in cells:
        top, left = tops[cell.row], 1 + cell.column * (cell.width + 1)
        picture[top - 1 : top + cell.height + 1, left - 1 : left + cell.width + 1] = LINE
        shown = take(pixels, cell)
        area = picture[top : top + cell.height, left : left + cell.width]
        area[:] = _over(shown) if (_words(shown) != behind).any() else EMPTY
    return picture


def _over(image: np.ndarray) -> np.ndarray:
    """RGBA over a checkerboard."""
    y, x = np.indices(image.shape[:2])
    board = np.where((y // 4 + x // 4) % 2, BEHIND, OTHER)[..., None]
    alpha = image[..., 3:].astype(np.int32)
    return ((image[..., :3] * alpha + board * (255 - alpha)) // 255).astype(np.uint8)


def _words(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image).view(np.uint32)[..., 0]
