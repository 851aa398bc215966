"""Laws of pictures that others read again."""

import numpy as np
import pytest
import torch
from PIL import Image

from diffusion.engines.base import Layout
from diffusion.pictures import transparent_png


@pytest.mark.parametrize(
    ("n", "shape"), [(1, (4, 5, 3)), (7, (4, 3, 5)), (9, (3, 2, 2)), (6, (1, 4, 4))]
)
def test_sprite_k_is_in_the_kth_cell_of_a_sheet_with_its_alpha(tmp_path, n, shape):
    images = torch.randint(256, (n, *shape), dtype=torch.uint8)
    (tmp_path / "sheet.png").write_bytes(transparent_png(Layout().sheet(images)))
    with Image.open(tmp_path / "sheet.png") as file:
        pixels = np.asarray(file).reshape(file.height, file.width, shape[0])
    _, height, width = shape
    columns = pixels.shape[1] // width
    assert columns == np.ceil(np.sqrt(n))
    cells = [
        pixels[y : y + height, x : x + width]
        for y in range(0, pixels.shape[0], height)
        for x in range(0, columns * width, width)
    ]
    for cell, image in zip(cells, images, strict=False):
        assert (cell == image.permute(1, 2, 0).numpy()).all()
    assert not np.any(cells[n:])
