"""The words of `sample.py` that steer: what they make of the sprites, and what they refuse."""

import numpy as np
import pytest
import torch
from hands import BOB, COLOURS, colours_of, network
from omegaconf import OmegaConf
from parts import CONF
from PIL import Image

from diffusion.commands.steering import steer
from diffusion.commands.typed import as_meant
from diffusion.errors import UserError
from diffusion.pixels import PixelCodec
from diffusion.predictions import Epsilon
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.samplers.sprite_set import SpriteSet

RED, GREEN = tuple(COLOURS[2]), tuple(COLOURS[3])
CLEAR = (0, 0, 0, 0)


def words(**values):
    """The configuration of `sample.py` with these words."""
    return OmegaConf.to_container(OmegaConf.load(CONF / "sample.yaml")) | values


def the_set(denoiser=None):
    return SpriteSet(denoiser or network(), DPMSolver(10), PixelCodec(True), (4, 8, 8))


def made(image=None, **values):
    sprites, decides = steer(the_set(), words(**values), image)
    return next(sprites.batches(range(12))), decides


FREE = next(the_set().batches(range(12)))


def test_without_a_word_nothing_changes():
    images, decides = made()
    assert torch.equal(images, FREE)
    assert decides == {}


def test_only_these_colours():
    images, decides = made(colours=["c81e1e", "1ec81e"])
    assert {colour for image in images for colour in colours_of(image)} <= {RED, GREEN, CLEAR}
    assert decides["colours"] == ["00000000", "c81e1eff", "1ec81eff"]


def test_a_colour_that_training_never_had_stands_for_its_nearest_and_that_is_said(capsys):
    images, _ = made(colours=["ff0000", "1ec81e"])
    found = {colour for image in images for colour in colours_of(image)}
    assert (255, 0, 0, 255) in found
    assert found <= {(255, 0, 0, 255), GREEN, CLEAR}
    assert capsys.readouterr().out == "colours: ff0000 where the training sprites have c81e1e\n"
    known, _ = made(colours=["c81e1e", "1ec81e"])
    assert torch.equal(images[:, 3], known[:, 3]), "the same drawing"


def test_more_colours_than_the_run_knows_stay_unused(capsys):
    greys = [f"{k:02x}{k:02x}{k:02x}" for k in range(10, 250, 20)]
    images, _ = made(colours=greys)
    assert {f"{bytes(c[:3]).hex()}" for image in images for c in colours_of(image) if c[3]} <= {
        *greys
    }
    assert "7 colours stay unused; this run knows 5" in capsys.readouterr().out


@pytest.mark.parametrize("most", [1, 2, 4])
def test_at_most_so_many_colours(most):
    images, decides = made(max_colours=most)
    counts = [len([c for c in colours_of(image) if c[3]]) for image in images]
    assert max(counts) == most
    assert decides == {"max_colours": most}
    assert max(len([c for c in colours_of(image) if c[3]]) for image in FREE) == 5


def test_another_palette_paints_the_same_drawing():
    new = ["000000", "332211", "775533", "bb9966", "ffeecc"]
    images, _ = made(recolour=new)
    rows = sorted(COLOURS[1:], key=lambda c: np.dot(c[:3], (0.3, 0.6, 0.1)))
    expected = dict(zip(map(tuple, rows), new, strict=True)) | {CLEAR: "000000"}
    for image, free in zip(images, FREE, strict=True):
        pixels = zip(
            free.permute(1, 2, 0).reshape(-1, 4).tolist(),
            image.permute(1, 2, 0).reshape(-1, 4).tolist(),
            strict=True,
        )
        for old, painted in pixels:
            assert bytes(painted[:3]).hex() == expected[tuple(old)]
            assert painted[3] == old[3]


def test_palettes_come_from_files_of_any_kind(tmp_path):
    rows = "\n".join(["200 30 30", "30 200 30"])
    (tmp_path / "a.gpl").write_text(f"GIMP Palette\nName: a\n#\n{rows}\n")
    (tmp_path / "a.pal").write_text(f"JASC-PAL\n0100\n2\n{rows}\n")
    (tmp_path / "a.hex").write_text("c81e1e\n1ec81e\n")
    pixels = np.array([[RED, GREEN]], np.uint8)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    expected, _ = made(colours=["c81e1e", "1ec81e"])
    for kind in ("gpl", "pal", "hex", "png"):
        assert torch.equal(made(colours=str(tmp_path / f"a.{kind}"))[0], expected), kind


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("colours=[000000,1e1010]", "colours=['000000','1e1010']"),
        ("colours=123456", "colours=['123456']"),
        ("recolour=[#ff0044, 1a1a2e]", "recolour=['#ff0044','1a1a2e']"),
        ("data.palette=[00000000]", "data.palette=['00000000']"),
        ("colours=my pico.gpl", "colours='my pico.gpl'"),
    ],
)
def test_hex_digits_are_no_numbers(typed, read):
    assert as_meant([typed]) == [read]


def test_a_mask_is_white_or_opaque_where_pixels_stay(tmp_path):
    white = np.zeros((8, 8), np.uint8)
    white[2:5] = 255
    Image.fromarray(white).save(tmp_path / "white.png")
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[2:5, :, 3] = 255
    Image.fromarray(clear, "RGBA").save(tmp_path / "clear.png")
    for name in ("white", "clear"):
        images, decides = made(BOB, keep=str(tmp_path / f"{name}.png"))
        assert (images[:, :, 2:5] == BOB[:, 2:5]).all()
        assert not (images == BOB).all(dim=0)[:, :2].all()
    assert len(decides["keep"]) == 64


def test_the_colours_of_a_sprite_may_be_all_there_are():
    two = torch.tensor(RED, dtype=torch.uint8).view(4, 1, 1).repeat(1, 8, 8)
    two[:, :, :4] = torch.tensor(GREEN, dtype=torch.uint8).view(4, 1, 1)
    images, _ = made(two, keep="colours")
    assert {c for image in images for c in colours_of(image)} <= {RED, GREEN, CLEAR}


def test_both_halves_are_one():
    images, decides = made(mirror=True)
    assert torch.equal(images, images.flip(-1))
    assert decides == {"mirror": True}


@pytest.mark.parametrize(
    ("values", "image", "said"),
    [
        ({"keep": "alpha"}, None, "give from="),
        ({"keep": "hat"}, BOB, "known are alpha, outline, top"),
        ({"mirror": 3}, None, "true or false"),
        ({"tile": "z"}, None, "x, y, xy"),
        ({"mirror": True, "keep": "left"}, BOB, "leave out one"),
        ({"keep": "colours", "colours": ["ffffff"]}, BOB, "leave out one"),
        ({"keep": "left", "colours": ["ffffff"]}, BOB, "keep less"),
        ({"keep": "left", "max_colours": 2}, BOB, "leave out one"),
        ({"recolour": ["ffffff"]}, None, "of which none may become another's"),
        ({"recolour": ["ffffff"], "colours": ["ffffff"]}, None, "leave out colours="),
        ({"colours": ["ffff"]}, None, r"such as colours=\[ff00ff"),
        ({"colours": ["ffffff00"]}, None, "no opaque colour"),
    ],
)
def test_what_makes_no_sense_is_refused(values, image, said):
    with pytest.raises(ValueError, match=said):
        made(image, **values)


def test_a_network_without_a_palette_says_which_has_one():
    for values in ({"colours": ["ffffff"]}, {"max_colours": 2}, {"recolour": ["ffffff"]}):
        with pytest.raises(UserError, match="prediction=palette"):
            steer(the_set(network(Epsilon)), words(**values), None)
