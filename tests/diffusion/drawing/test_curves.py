"""Laws of the figures over the noise level."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from diffusion.drawing.curves import (
    draw_attribute_curves,
    draw_detail,
    draw_gap_history,
    draw_losses,
)
from diffusion.errors import UserError
from diffusion.levels.attributes import AttributeCurves
from diffusion.levels.detail import Detail
from diffusion.levels.losses import LossLevels

T = torch.linspace(0.1, 1, 10).double()


def losses():
    return LossLevels(T, 1 / T, 0.1 / T, 0.12 / T, T * 0, 2 / T)


def errors():
    return Detail(T, 0.1 * T, 0.3 * T**2)


def attributes():
    seldom = torch.where(T > 0.5, torch.nan, 1.0)
    kept = {"hair_colour": 1 - T, "belt": seldom, "body": T * 0 + 0.9}
    return AttributeCurves(T, kept, dict.fromkeys(kept, 0.2), T * 0 + 1, 64)


def history(gap, levels=10):
    held_out = np.linspace(1, 0.01, levels)
    rows = []
    for images in (1000, 2000, 5000):
        train = (held_out * (1 - gap)).tolist()
        t = np.linspace(0.1, 1, levels).tolist()
        rows.append({"images": images, "t": t, "train": train, "held-out": held_out.tolist()})
    return rows


FIGURES = {
    "losses": lambda: draw_losses(losses()),
    "gap": lambda: draw_gap_history(history(0.2)),
    "one gap": lambda: draw_gap_history(history(0.2)[:1]),
    "detail": lambda: draw_detail(errors(), errors()),
    "decided": lambda: draw_attribute_curves(attributes()),
}


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_a_thousand_pixels_wide_and_the_same_every_time(figure):
    content = FIGURES[figure]()
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        assert picture.width == 1000
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 50
    assert content == FIGURES[figure]()


def colour_at(x, rows):
    """The colour in the heat map of a history, at half its height."""
    with Image.open(io.BytesIO(draw_gap_history(rows))) as picture:
        return picture.convert("RGB").getpixel((x, 280))


def test_red_is_memorised_blue_is_the_contrary_and_white_is_zero():
    red, white, blue = (colour_at(400, history(gap)) for gap in (0.3, 0.0, -0.3))
    assert red[0] > red[2] + 80
    assert blue[2] > blue[0] + 80
    assert min(white) > 240


def test_the_same_gap_has_the_same_colour_in_every_picture():
    rows = history(0.05)
    rows[2]["train"] = [loss / 50 for loss in rows[2]["train"]]
    assert colour_at(200, rows) == colour_at(400, history(0.05))


def test_without_history_there_is_no_picture():
    with pytest.raises(UserError, match="No noise levels"):
        draw_gap_history([])
