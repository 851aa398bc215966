"""Sheets whose cells are known, to be cut apart again."""

import numpy as np


def tiled(cells, rows, margin=0, spacing=0, trailing=False):
    """A sheet of cells `(n, h, w, 4)`, `rows` rows of them."""
    n, h, w = cells.shape[:3]
    columns = n // rows
    end = max(margin, spacing if trailing else 0)
    height = margin + rows * (h + spacing) - spacing + end
    width = margin + columns * (w + spacing) - spacing + end
    sheet = np.zeros((height, width, 4), np.uint8)
    for k, cell in enumerate(cells[: rows * columns]):
        top, left = (
            margin + i * (s + spacing) for i, s in zip(divmod(k, columns), (h, w), strict=True)
        )
        sheet[top : top + h, left : left + w] = cell
    return sheet


def figures(rng, n, side):
    """Filled shapes with a dark outline, of a few colours, nearly as large as their cell."""
    y, x = np.indices((side, side)) - (side - 1) / 2
    cells = np.zeros((n, side, side, 4), np.uint8)
    for cell in cells:
        a, b = rng.uniform(0.3, 0.48, 2) * side
        shape = (np.abs(y) / a) ** rng.uniform(1, 4) + (np.abs(x) / b) ** rng.uniform(1, 4)
        for inside, colour in ((1, (20, 20, 30)), (0.7, rng.integers(60, 256, 3))):
            cell[shape < inside] = [*colour, 255]
        cell[(shape < 0.7) & (y < rng.uniform(-2, 2))] = [*rng.integers(60, 256, 3), 255]
    return cells


def shaped(rng, n, height, width, fill=0.9):
    """Bodies with a head, lit from the left, that stand on the ground of their cell."""
    cells = np.zeros((n, height, width, 4), np.uint8)
    y, x = np.indices((height, width))
    for cell in cells:
        tall, wide = (max(4, int(side * fill * rng.uniform(0.85, 1))) for side in (height, width))
        top, left = height - tall, (width - wide) // 2
        neck = top + tall * rng.uniform(0.3, 0.45)
        narrow = wide * rng.uniform(0.1, 0.25)
        body = (y >= top) & (x >= left) & (x < left + wide)
        body &= (y >= neck) | ((x >= left + narrow) & (x < left + wide - narrow))
        colours = rng.integers(40, 256, (3, 3))
        which = np.where(y < neck, 0, np.where(x < left + wide * rng.uniform(0.3, 0.6), 1, 2))
        cell[..., :3], cell[..., 3] = colours[which], 255
        speckled = rng.random((height, width)) < 0.15
        cell[speckled, :3] = rng.integers(40, 256, 3)
        cell[~body] = 0
    return cells
