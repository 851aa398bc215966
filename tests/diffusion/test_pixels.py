"""Laws of the codec and of pictures."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from diffusion import pictures
from diffusion.pixels import PixelCodec


def sprites(channels, seed, hard=False, n=3):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, channels, 5, 7), generator=generator, dtype=torch.uint8)
    if channels == 4:
        alpha = images[:, 3:]
        alpha = (alpha > 99).to(torch.uint8) * 255 if hard else alpha * (alpha > 60)
        images = torch.cat([images[:, :3] * (alpha > 0), alpha], dim=1)
    return images


@given(st.sampled_from([1, 3, 4]), st.integers(0, 1000), st.booleans())
def test_decode_of_encode_is_the_identity(channels, seed, hard):
    images = sprites(channels, seed, hard)
    codec = PixelCodec(hard_alpha=hard)
    encoded = codec.encode(images)
    assert encoded.min() >= -1
    assert encoded.max() <= 1
    assert torch.equal(codec.decode(encoded), images)


def test_every_byte_survives():
    every = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(PixelCodec().decode(PixelCodec().encode(every)), every)


def test_hard_alpha_knows_two_values_and_hides_colour():
    x0 = torch.randn(4, 4, 8, 8)
    image = PixelCodec(hard_alpha=True).decode(x0)
    assert set(image[:, 3].unique().tolist()) == {0, 255}
    assert (image[:, :3] * (image[:, 3:] == 0) == 0).all()


def test_values_beyond_the_range_are_clamped():
    image = PixelCodec().decode(torch.tensor([-9.0, 9.0]).view(1, 1, 1, 2))
    assert image.flatten().tolist() == [0, 255]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_grid_shows_every_pixel_enlarged_without_mixing(channels):
    images = sprites(channels, 0, hard=True, n=5)
    shown = np.asarray(pictures.grid(images, columns=3, scale=4))
    flat = pictures.on_checkerboard(images)
    for k in range(5):
        y, x = (k // 3 * 6 + 1) * 4, (k % 3 * 8 + 1) * 4
        enlarged = flat[k].repeat(4, axis=0).repeat(4, axis=1)
        assert (shown[y : y + 20, x : x + 28] == enlarged).all()


def test_opaque_pixels_keep_their_colour_on_the_checkerboard():
    images = sprites(4, 1, hard=True)
    flat = torch.from_numpy(pictures.on_checkerboard(images)).permute(0, 3, 1, 2)
    opaque = (images[:, 3:] == 255).expand(-1, 3, -1, -1)
    assert torch.equal(flat[opaque], images[:, :3][opaque])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_single_pngs_hold_exactly_the_sprite(tmp_path, channels):
    image = sprites(channels, 2)[0]
    (tmp_path / "a.png").write_bytes(pictures.transparent_png(image))
    read = np.asarray(Image.open(tmp_path / "a.png")).reshape(5, 7, channels)
    assert (read == image.permute(1, 2, 0).numpy()).all()


def test_a_film_has_its_frames_and_repeats(tmp_path):
    frames = [pictures.grid(sprites(3, k)) for k in range(5)]
    (tmp_path / "a.gif").write_bytes(pictures.gif(frames))
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 5
        assert film.info["loop"] == 0
