"""Every kind of eye tells the bands of noise levels apart, on paper too, and in words anyway."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from diffusion.drawing.panel import BAR, COLOURS, LEGEND
from diffusion.exact.posterior import Band
from diffusion.pictures import PAPER

EYES = {  # linear RGB as it is seen; Machado, Oliveira and Fernandes 2009, severity 1
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.072175],
        [0.0193339, 0.119192, 0.9503041],
    ]
)
STYLE = Path(__file__).parents[3] / "diffusion" / "living" / "style.css"
BEFORE = {  # green, blue, orange, violet: of one lightness, and alike to some eyes
    "usual": 35,
    "protanopia": 7,
    "deuteranopia": 5,
    "tritanopia": 11,
}


def lab(colours, eye="usual"):
    """CIELAB of sRGB colours 0..255 `(n, 3)`, as an eye sees them."""
    c = np.array(colours) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    seen = (linear @ np.array(EYES[eye]).T).clip(0, 1)
    xyz = seen @ XYZ.T / (0.95047, 1, 1.08883)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


def nearest(colours, eye):
    """The least distance of two of them: 1 can just be seen side by side."""
    return min(np.linalg.norm(a - b) for a, b in combinations(lab(colours, eye), 2))


@pytest.mark.parametrize("eye", EYES)
def test_bands_stay_apart(eye):
    assert nearest(list(COLOURS.values()), eye) > 20
    assert nearest([*COLOURS.values(), BAR, PAPER], eye) > 8  # the two grounds are alike


def test_in_grey_the_surer_is_the_darker():
    lightness = lab([COLOURS[band] for band in Band])[:, 0]
    assert np.diff(lightness).min() > 10
    assert lab([BAR])[0, 0] > lightness.max() + 10


def test_what_it_measures_is_known():
    """Black and white are 100 apart, and the colours of before are no colours to go back to."""
    assert lab([(0, 0, 0), (255, 255, 255)])[:, 0] == pytest.approx([0, 100], abs=0.1)
    old = [(34, 139, 84), (31, 119, 168), (201, 122, 18), (125, 92, 160)]
    assert {eye: round(nearest(old, eye)) for eye in EYES} == BEFORE


def test_every_band_has_words():
    assert LEGEND.keys() == COLOURS.keys() == set(Band)
    assert len({*LEGEND.values()}) == len(Band)


def test_the_page_has_these_colours_and_in_the_dark_the_surer_is_the_lighter():
    found = re.findall(r"\.band-(\d) .*light-dark\(#(\w+), #(\w+)\)", STYLE.read_text())
    assert [int(k) for k, _, _ in found] == [0, 1, 2, 3]
    light, dark = ([tuple(bytes.fromhex(row[k])) for row in found] for k in (1, 2))
    assert light == [COLOURS[band] for band in Band]
    assert np.diff(lab(dark)[:, 0]).max() < -10
    assert min(nearest(dark, eye) for eye in EYES) > 20
