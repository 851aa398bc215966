"""Tests of the tests: of each kind a wrong part breaks a law, and a right one keeps them all."""

import sys
from functools import partial
from types import ModuleType

import pytest
from hydra.utils import instantiate
from laws import LAWS

RIGHT = {
    "sampler": """
from diffusion.samplers.base import Sampler
class Mine(Sampler):
    def __init__(self, steps=50, clip=True, grid="time"):
        super().__init__(steps, clip, grid)
    def step(self, x_t, x0_hat, now, nxt, noise):
        return nxt.alpha * x0_hat + nxt.sigma * (x_t - now.alpha * x0_hat) / now.sigma
""",
    "prediction": """
from diffusion.predictions import Prediction
class Mine(Prediction):
    def target(self, x0, eps, alpha, sigma):
        return 2 * x0
    def to_clean(self, output, x_t, alpha, sigma):
        return output / 2
    def clean_scale(self, snr):
        return 0.25 + 0 * snr
""",
    "weighting": """
class Mine:
    def __call__(self, snr, clean_scale):
        return clean_scale / (1 + snr)
""",
    "model": """
import torch
from torch import nn
class Mine(nn.Module):
    def __init__(self, channels, classes=0):
        super().__init__()
        self.classes = classes
        self.known = nn.Embedding(classes + 1, channels)
        self.mix = nn.Conv2d(channels, channels, 3, padding=1)
    def forward(self, x, t, label=None):
        label = torch.full((len(x),), -1) if label is None else label
        shift = self.known(label % (self.classes + 1)) + t[:, None]
        return self.mix(x) + shift[:, :, None, None]
""",
    "metrics": """
from diffusion.metrics.base import Metric
class Mine(Metric):
    def describe(self, images):
        return images.double().flatten(1).mean(1, keepdim=True)
    def compare(self, samples, reference):
        return {"brightness_gap": float((samples.mean() - reference.mean()).abs())}
""",
    "data": """
import numpy as np
from datamodules.arrays import Sprites
from datamodules.errors import reading
from datamodules.sprites import SpriteDataModule
class Mine(SpriteDataModule):
    def __init__(self, path="nowhere.file", **common):
        super().__init__(**common)
        self.path = path
    def read(self):
        from pathlib import Path
        with reading(Path(self.path), "array"):
            return Sprites(np.load(self.path))
""",
    "optimizer": """
import torch
Mine = torch.optim.SGD
""",
    "learning_rate": """
class Mine:
    def __call__(self, step, progress):
        return max(0.0, 1 - progress)
""",
}
WRONG = {  # kind -> (what stands in the right part, what in a wrong one)
    "sampler": [
        (
            "return nxt.alpha * x0_hat + nxt.sigma * (x_t - now.alpha * x0_hat) / now.sigma",
            "return 3 * nxt.alpha * x0_hat + 0.1",
        ),
        ("nxt.sigma * (x_t", "0.9 * nxt.sigma * (x_t"),
        ("nxt.sigma * (x_t", "nxt.sigma * (x_t.roll(1, 0)"),
        ("nxt.alpha * x0_hat", "(nxt.alpha - 0.1 * (self.steps == 1)) * x0_hat"),
        ("class Mine(Sampler):", "class Mine(Sampler):\n    order = 2"),
    ],
    "prediction": [
        ("return output / 2", "return output / 3"),
        ("0.25 + 0 * snr", "0.5 + 0 * snr"),
        ("return 2 * x0", "return 2 * x0 + eps"),
    ],
    "weighting": [("1 + snr", "1 - snr"), ("clean_scale / (1 + snr)", "snr.log()")],
    "model": [
        ("self.mix(x) +", "self.mix(x) + x.mean() +"),
        ("+ t[:, None]", ""),
        ("self.known(label % (self.classes + 1)) +", "0 * self.known(label * 0) +"),
        ("padding=1", ""),
    ],
    "metrics": [
        (".mean(1, keepdim=True)", ".mean(1, keepdim=True) - images.double().mean()"),
        ("samples.mean() - ", "samples[0].mean() - "),
        ("samples.mean() - ", "samples.std() - "),
    ],
    "data": [('with reading(Path(self.path), "array"):', "if True:")],
    "optimizer": [
        (
            "Mine = torch.optim.SGD",
            "class Mine(torch.optim.SGD):\n"
            "    def step(self, closure=None):\n"
            "        self.n = getattr(self, 'n', 0) + 1\n"
            "        self.param_groups[0]['lr'] = 0.01 / self.n\n"
            "        return super().step(closure)\n",
        ),
        (
            "Mine = torch.optim.SGD",
            "class Mine(torch.optim.SGD):\n"
            "    def __init__(self, params, lr):\n"
            "        super().__init__(params, lr, maximize=True)\n",
        ),
    ],
    "learning_rate": [("max(0.0, 1 - progress)", "1 - progress"), ("1 - progress", "2.0")],
}
VALUES = {"optimizer": {"lr": 0.01, "_partial_": True}}


@pytest.fixture
def planted(monkeypatch):
    """A part as its YAML makes it, from code that stands in a module of its own."""

    def plant(kind, code):
        module = ModuleType("planted_part")
        monkeypatch.setitem(sys.modules, "planted_part", module)
        exec(code, module.__dict__)
        settings = {"_target_": "planted_part.Mine", **VALUES.get(kind, {})}
        make = partial(instantiate, settings, _convert_="all")
        make.settings = {"path": "nowhere.file"}
        return make

    return plant


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_part_keeps_all_laws(planted, kind):
    for law in LAWS[kind]:
        law(planted(kind, RIGHT[kind]))


def breaks(law, make):
    try:
        law(make)
    except (AssertionError, RuntimeError, ValueError, OSError, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [(kind, *change) for kind, changes in WRONG.items() for change in changes],
)
def test_a_wrong_part_breaks_one(planted, kind, right, wrong):
    assert right in RIGHT[kind]
    make = planted(kind, RIGHT[kind].replace(right, wrong))
    assert any(breaks(law, make) for law in LAWS[kind])


def test_every_kind_has_a_planted_fault():
    assert WRONG.keys() == RIGHT.keys() == LAWS.keys()
