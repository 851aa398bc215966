"""Pictures arrive exactly: every mode and depth against bytes that were written by hand."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rawfiles import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, bmp, composed, gif, png

from datamodules.errors import DataError
from datamodules.files.images import read, smallest

RNG = np.random.default_rng(0)


def rgba(colours, alpha=255):
    """Canonical RGBA of grey or RGB samples `(h, w, 1 or 3)`."""
    colours = np.broadcast_to(colours, (*colours.shape[:2], 3))
    alpha = np.broadcast_to(alpha, (*colours.shape[:2], 1))
    return np.concatenate([colours * (alpha > 0), alpha], axis=2).astype(np.uint8)


def shown(path, data):
    path.write_bytes(data)
    frames, rounded = read(path)
    assert len(frames) == 1
    return frames[0], rounded


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_grey(tmp_path, depth, transparent):
    samples = RNG.integers(0, 2**depth, (7, 9, 1))
    key = int(samples[3, 4, 0])
    data = png(samples, depth, GREY, transparency=struct.pack(">H", key) if transparent else None)
    alpha = np.where(samples == key, 0, 255) if transparent else 255
    image, rounded = shown(tmp_path / "a.png", data)
    assert (image == rgba(samples * (255 // (2**depth - 1)), alpha)).all()
    assert not rounded


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("scale", [1, 257])
def test_grey_of_16_bits_that_fit_into_8(tmp_path, scale, transparent):
    samples = RNG.integers(1, 256, (7, 9, 1))
    samples[0, 0] = 5
    key = struct.pack(">H", 5 * scale) if transparent else None
    alpha = np.where(samples == 5, 0, 255) if transparent else 255
    image, rounded = shown(tmp_path / "a.png", png(samples * scale, 16, GREY, transparency=key))
    assert (image == rgba(samples, alpha)).all()
    assert not rounded


def test_grey_of_16_bits_is_rounded_to_the_nearest(tmp_path):
    samples = np.arange(0, 65536, 257 // 2)[: 20 * 25].reshape(20, 25, 1)
    image, rounded = shown(tmp_path / "a.png", png(samples, 16, GREY))
    assert np.abs(image[..., 0] * 257.0 - samples[..., 0]).max() <= 128
    assert rounded


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("depth", [8, 16])
def test_rgb(tmp_path, depth, transparent):
    scale = 1 if depth == 8 else 257
    samples = RNG.integers(0, 3, (9, 8, 3))
    key = samples[2, 2]
    stored = struct.pack(">HHH", *(key * scale).tolist()) if transparent else None
    alpha = np.where((samples == key).all(axis=2, keepdims=True), 0, 255) if transparent else 255
    image, rounded = shown(tmp_path / "a.png", png(samples * scale, depth, RGB, None, stored))
    assert (image == rgba(samples, alpha)).all()
    assert rounded == (depth == 16)


@pytest.mark.parametrize(("colour", "channels"), [(GREY_ALPHA, 2), (RGBA, 4)])
@pytest.mark.parametrize("depth", [8, 16])
def test_alpha(tmp_path, depth, colour, channels):
    samples = RNG.integers(0, 256, (9, 8, channels))
    samples[:3, :, -1] = 0  # hides colours, which must not survive
    data = png(samples * (1 if depth == 8 else 257), depth, colour)
    image, _ = shown(tmp_path / "a.png", data)
    assert (image == rgba(samples[..., :-1], samples[..., -1:])).all()


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palette(tmp_path, depth, transparent):
    indices = RNG.integers(0, 2**depth, (9, 8, 1))
    colours = RNG.integers(0, 256, (2**depth, 3))
    alphas = RNG.integers(0, 256, 2**depth).astype(np.uint8)
    stored = bytes(alphas) if transparent else None
    image, _ = shown(tmp_path / "a.png", png(indices, depth, PALETTE, colours, stored))
    alpha = alphas[indices] if transparent else 255
    assert (image == rgba(colours[indices[..., 0]], alpha)).all()


@pytest.mark.parametrize("suffix", ["bmp", "webp"])
def test_lossless_formats(tmp_path, suffix):
    sprite = RNG.integers(0, 256, (9, 8, 3), dtype=np.uint8)
    Image.fromarray(sprite).save(tmp_path / f"a.{suffix}", lossless=True)
    assert (read(tmp_path / f"a.{suffix}")[0][0] == rgba(sprite)).all()


@settings(max_examples=60)
@given(data=st.data())
def test_animations_are_composed_by_the_specification(tmp_path_factory, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    palette, size, frames = rng.integers(0, 256, 24), (9, 7), []
    for number in range(data.draw(st.integers(1, 6))):
        h, w = size if number == 0 else (int(rng.integers(1, 10)), int(rng.integers(1, 8)))
        top, left = int(rng.integers(0, 10 - h)), int(rng.integers(0, 8 - w))
        disposal = data.draw(st.sampled_from([1, 2, 3]))
        frames.append((top, left, rng.integers(0, 8, (h, w)), disposal))
    path = tmp_path_factory.mktemp("gif") / "a.gif"
    path.write_bytes(gif(size, palette, frames))
    assert (read(path)[0] == composed(size, palette, frames)).all()


@pytest.mark.parametrize("size", [0, 20, 60, 100, 300])
def test_a_truncated_picture_is_named(tmp_path, size):
    data = png(RNG.integers(0, 256, (16, 16, 4)))
    (tmp_path / "hero.png").write_bytes(data[:size])
    with pytest.raises(DataError, match=r"hero\.png is damaged"):
        read(tmp_path / "hero.png")


def test_damaged_bytes_never_escape_as_another_error(tmp_path):
    good = png(RNG.integers(0, 256, (8, 8, 1)), 8, PALETTE, RNG.integers(0, 256, (256, 3)))
    for place in range(0, len(good), 3):
        bad = bytearray(good)
        bad[place] ^= 0xFF
        (tmp_path / "a.png").write_bytes(bad)
        with suppress(DataError):
            read(tmp_path / "a.png")


def test_no_picture_is_said_so(tmp_path):
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(DataError, match="is damaged or no PNG, GIF, BMP or WebP image"):
        read(tmp_path / "a.png")
    with pytest.raises(DataError, match="There is no file"):
        read(tmp_path / "b.png")
    with pytest.raises(DataError, match="is a folder"):
        read(tmp_path)


def test_a_jpeg_is_no_sprite_whatever_it_is_called(tmp_path):
    Image.fromarray(RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(tmp_path / "a.png")
    with pytest.raises(DataError, match="a.png is a JPEG, which blurs pixels and no PNG.*as PNG"):
        read(tmp_path / "a.png")
    for start, kind in (
        (b"II*\0", "a TIFF"),
        (b"8BPS", "a Photoshop file"),
        (b"\n <svg xmlns", "an SVG"),
        (b"<!doctype html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
    ):
        (tmp_path / "a.png").write_bytes(start + bytes(50))
        with pytest.raises(DataError, match=f"a.png is {kind}"):
            read(tmp_path / "a.png")


def test_a_picture_may_bear_the_name_of_another_kind_of_ours(tmp_path):
    pixels = RNG.integers(0, 256, (7, 9, 4), dtype=np.uint8)
    for kind in ("PNG", "BMP", "WEBP"):
        Image.fromarray(pixels[..., :3]).save(tmp_path / "a.gif", kind, lossless=True)
        assert (read(tmp_path / "a.gif")[0][0, ..., :3] == pixels[..., :3]).all()


@pytest.mark.parametrize("size", [40, 108, 124])
@pytest.mark.parametrize("upside_down", [False, True])
@pytest.mark.parametrize("packing", [0, 3])
def test_the_fourth_byte_of_a_bmp_is_alpha(tmp_path, size, upside_down, packing):
    pixels = RNG.integers(0, 256, (7, 9, 4), dtype=np.uint8)
    pixels[0, 0, 3] = 200
    image, _ = shown(tmp_path / "a.bmp", bmp(pixels, size, packing, upside_down))
    assert (image == pixels * (pixels[..., 3:] > 0)).all()
    pixels[..., 3] = 0  # then it is only padding
    image, _ = shown(tmp_path / "a.bmp", bmp(pixels, size, packing, upside_down))
    assert (image[..., :3] == pixels[..., :3]).all()
    assert (image[..., 3] == 255).all()


def test_index_0_is_cleared_when_asked_and_only_round_a_sprite(tmp_path):
    """Also where another index has the same colour, as the outlines here."""
    indices = np.zeros((8, 8, 1), int)
    indices[2:6, 2:6], indices[3:5, 3:5] = 1, 2
    palette = [0, 0, 0, 0, 0, 0, 200, 100, 50]
    (tmp_path / "a.png").write_bytes(png(indices, 8, PALETTE, palette))
    colours = np.array(palette, np.uint8).reshape(-1, 3)[indices[..., 0]]
    assert (read(tmp_path / "a.png")[0][0] == rgba(colours)).all()
    cleared = read(tmp_path / "a.png", clear=True)[0][0]
    assert (cleared == rgba(colours, np.where(indices > 0, 255, 0))).all()
    (tmp_path / "a.png").write_bytes(png(2 - indices, 8, PALETTE, palette))
    assert (read(tmp_path / "a.png", clear=True)[0][..., 3] == 255).all()
    see_through = png(indices, 8, PALETTE, palette, transparency=bytes([255, 0]))
    (tmp_path / "a.png").write_bytes(see_through)
    assert (read(tmp_path / "a.png", clear=True)[0] == read(tmp_path / "a.png")[0]).all()


@pytest.mark.parametrize("side", [4097, 6000, 12000])
def test_bombs_are_refused_unopened(tmp_path, side):
    Image.new("1", (side, side)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="more than 4096 x 4096 pixels"):
        read(tmp_path / "a.png")


def test_an_animation_counts_all_its_frames(tmp_path):
    frames = [(0, 0, RNG.integers(1, 8, (1, 1)), 1)] * 20
    (tmp_path / "a.gif").write_bytes(gif((1000, 1000), np.arange(24), frames))
    with pytest.raises(DataError, match="more than 4096 x 4096 pixels"):
        read(tmp_path / "a.gif")


def test_a_set_keeps_no_channel_that_says_nothing():
    sprites = RNG.integers(0, 256, (5, 4, 4, 4), dtype=np.uint8)
    assert (smallest(sprites) == sprites).all()
    sprites[..., 3] = 255
    assert (smallest(sprites) == sprites[..., :3]).all()
    sprites[..., 1:3] = sprites[..., :1]
    assert (smallest(sprites) == sprites[..., :1]).all()


def test_real_pictures_of_every_mode(real):
    files = sorted(real("raw/dcss_modes").glob("*.png"))
    assert {Image.open(file).mode for file in files} == {"L", "LA", "P", "RGB", "RGBA"}
    for file in files:
        expected = np.array(Image.open(file).convert("RGBA"))
        expected[expected[..., 3] == 0] = 0
        assert (read(file)[0][0] == expected).all(), file.name
