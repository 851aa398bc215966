"""Laws of the views that need the training data."""

import json

import numpy as np
import torch
from randomsprites import sprites

from diffusion.commands.views import show_panels
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.pixels import PixelCodec
from diffusion.runs.files import Folder
from diffusion.schedules.linear import Linear

IMAGES = PixelCodec().decode(sprites(12))
LABELS = torch.arange(12) % 4


class Data:
    """Twelve sprites in four classes."""

    split = {"train": np.arange(12)}
    shape = tuple(IMAGES.shape[1:])

    def images(self, rows):
        return IMAGES[rows]

    def labels(self, rows):
        return LABELS[rows]

    def called(self, row):
        return f"no {row}"


class Listening(PosteriorDenoiser):
    """The exact denoiser; writes down which labels it is told."""

    def __init__(self):
        super().__init__(Posterior(PixelCodec().encode(IMAGES), LABELS), Linear())
        self.told = []

    def forward(self, x_t, t, label=None):
        self.told.append(None if label is None else set(label.tolist()))
        return super().forward(x_t, t, label)


def test_panels_show_each_sprite_with_its_own_label(tmp_path):
    denoiser = Listening()
    shown = [("five", IMAGES[5], 1), ("six", IMAGES[6], 2), ("mine", IMAGES[7], -1)]
    Folder(tmp_path).write_all(show_panels(shown, denoiser, Data(), flip=False)[0])
    assert denoiser.told == [{1}, {2}, None]
    panels = json.loads((tmp_path / "panel.json").read_text())
    assert [panel["n"] for panel in panels] == [3, 3, 12]
    words = [panel["looks"][0]["words"] for panel in panels]
    assert words == ["that is no 5", "that is no 6", "that is no 7"]
    for look in (look for panel in panels for look in panel["looks"]):
        assert look["network_error"] == look["exact_error"]
