"""All sprites of a run in one PNG, so that a page holds one picture instead of thousands."""

import io
from base64 import b64encode
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

COLUMNS = 32


@dataclass(frozen=True)
class Atlas:
    """Sprites side by side, 32 in a row, each with a transparent pixel to its right and below.

    The transparent pixel keeps a neighbour from shining through at the edge of an enlarged sprite.

    Args:
        images: uint8 `(N, C, H, W)`, C is 1, 3 or 4.
    """

    images: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a sprite."""
        return self.images.shape[3], self.images.shape[2]

    @property
    def sheet_size(self) -> tuple[int, int]:
        """Width and height of the whole picture."""
        width, height = self.size
        n = len(self.images)
        return min(n, COLUMNS) * (width + 1), -(-n // COLUMNS) * (height + 1)

    def place(self, k: int) -> tuple[int, int]:
        """Column and row of sprite k."""
        return k % COLUMNS, k // COLUMNS

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        cells = pad(rgba(self.images), (0, 1, 0, 1))
        width, height = self.sheet_size
        n, (cell_h, cell_w) = len(cells), cells.shape[2:]
        columns, rows = width // cell_w, height // cell_h
        whole = torch.cat([cells, cells.new_zeros(columns * rows - n, 4, cell_h, cell_w)])
        sheet = whole.unflatten(0, (rows, columns)).permute(0, 3, 1, 4, 2)
        out = io.BytesIO()
        Image.fromarray(sheet.reshape(height, width, 4).numpy()).save(out, "PNG", optimize=True)
        return f"data:image/png;base64,{b64encode(out.getvalue()).decode()}"


def rgba(images: Tensor) -> Tensor:
    """uint8 `(N, C, H, W)` -> `(N, 4, H, W)`; what has no alpha is opaque."""
    images = images.cpu()
    if images.shape[1] == 4:
        return images
    colours = images.expand(-1, 3, -1, -1)
    return torch.cat([colours, torch.full_like(colours[:, :1], 255)], dim=1)
