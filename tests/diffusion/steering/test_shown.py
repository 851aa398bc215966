"""Which attributes a part of sprites shows, on sprites of which it is known."""

import torch

from datamodules.forge import ForgeData
from diffusion.steering.kept import kept_values
from diffusion.steering.shown import shown


def test_an_attribute_is_seen_where_it_changes_pixels():
    drawn = torch.Generator().manual_seed(0)
    values = torch.randint(3, (300, 3), generator=drawn)
    images = torch.randint(20, (300, 4, 8, 8), generator=drawn, dtype=torch.uint8)
    images[:, 0, 1] += (values[:, :1] * 60).to(torch.uint8)  # above
    images[:, 1, 6] += (values[:, 1:2] * 60).to(torch.uint8)  # below
    values[:, 2] = -1  # nowhere is it known
    upper = torch.zeros(4, 8, 8, dtype=torch.bool)
    upper[:, :4] = True
    assert shown(images, values, upper) == [True, False, False]
    assert shown(images, values, ~upper) == [False, True, False]
    assert shown(images, values, torch.zeros_like(upper)) == [False, False, False]
    values[::2, 0], values[:, 1] = -1, values[:, 1] + 1000  # of a table that knows many more
    assert shown(images, values, upper) == [True, False, False]
    assert shown(images, values, ~upper) == [False, True, False]


def test_the_head_of_a_character_shows_hair_and_hat_and_not_the_belt():
    data = ForgeData(n=2000)
    data.setup()
    rows = data.split["train"]
    images, values = data.images(rows), data.attribute_values(rows)
    seen = shown(images, values, kept_values(images[0], "top"))
    shows = {name for name, there in zip(data.attribute_names, seen, strict=True) if there}
    assert {"hair", "hair_colour", "hat", "skin"} <= shows
    assert not {"belt", "clothes", "cloth_colour"} & shows
