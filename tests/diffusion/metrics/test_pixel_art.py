"""Laws of the pixel-art statistics: what was planted is counted; a set is at 0 from itself."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diffusion.metrics.base import NotMeasurable
from diffusion.metrics.pixel_art import PALETTE, STATISTICS, PixelArt

SCORES = {*STATISTICS.values(), *PALETTE.values()}
SKIN, INK, LEAF = (230, 180, 140), (20, 12, 28), (60, 140, 60)
METRIC = PixelArt()


def blank(n=1, size=16):
    return torch.zeros(n, 4, size, size, dtype=torch.uint8)


def paint(sprite, rows, columns, colour, alpha=255):
    sprite[:, rows, columns] = torch.tensor([*colour, alpha], dtype=torch.uint8)[:, None, None]


def figure(top=3, left=4, height=9, width=7):
    """A skin-coloured rectangle with a closed outline of ink."""
    sprites = blank()
    paint(sprites[0], slice(top, top + height), slice(left, left + width), INK)
    inner = slice(top + 1, top + height - 1), slice(left + 1, left + width - 1)
    paint(sprites[0], *inner, SKIN)
    return sprites


def statistic(name, images):
    return METRIC.describe(images)[:, list(STATISTICS).index(name)]


def crowd(n=30, seed=0, size=16):
    """Rectangles of several places, sizes and colours."""
    rng = np.random.default_rng(seed)
    sprites = blank(n, size)
    for sprite in sprites:
        top, left = rng.integers(0, size // 2, 2)
        height, width = rng.integers(2, size // 2, 2)
        colour = (SKIN, INK, LEAF)[rng.integers(3)]
        paint(sprite, slice(top, top + height), slice(left, left + width), colour)
    return sprites


def noisy(images, sigma, seed=0):
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed)) * sigma
    changed = (images + noise).round().clamp(0, 255).to(torch.uint8)
    changed[:, 3:] = images[:, 3:]
    return changed * (images[:, 3:] > 0)


@pytest.mark.parametrize("k", [0, 1, 4])
def test_planted_orphans_are_counted(k):
    sprites = figure()
    for place in range(k):
        paint(sprites[0], slice(5 + 2 * (place // 2), 6 + 2 * (place // 2)),
              slice(6 + 2 * (place % 2), 7 + 2 * (place % 2)), LEAF)  # fmt: skip
    assert statistic("orphan pixels", sprites).item() == k


def test_a_diagonal_line_has_no_orphans_and_a_pixel_over_ground_is_one():
    line, alone = blank(), blank()
    for k in range(6):
        paint(line[0], slice(k, k + 1), slice(k, k + 1), INK)
    paint(alone[0], slice(0, 1), slice(0, 1), INK)
    assert statistic("orphan pixels", torch.cat([line, alone])).tolist() == [0, 1]


def test_a_closed_outline_is_1_and_gaps_open_it():
    sprites = figure(height=9, width=7)
    assert statistic("dark share of the outline", sprites).item() == 1
    paint(sprites[0], slice(3, 4), slice(6, 9), SKIN)
    # the ring has 28 pixels; no inner pixel touches the ground, for only the ring does
    assert statistic("dark share of the outline", sprites).item() == pytest.approx(25 / 28)
    bright = torch.where(sprites[:, 3:] > 0, 255, 0).to(torch.uint8).expand(-1, 4, -1, -1)
    assert statistic("dark share of the outline", bright).item() == 0


@settings(max_examples=50)
@given(st.integers(0, 7), st.integers(0, 6), st.integers(3, 9), st.integers(3, 10))
def test_the_box_and_its_centre(top, left, height, width):
    row = METRIC.describe(figure(top, left, height, width))[0]
    values = dict(zip(STATISTICS, row.tolist(), strict=False))
    assert (values["width"], values["height"]) == (width, height)
    assert values["side of a square of its area"] == pytest.approx(math.sqrt(width * height))
    assert values["off centre, to the right"] == pytest.approx(left + width / 2 - 8, abs=1e-5)
    assert values["off centre, downwards"] == pytest.approx(top + height / 2 - 8, abs=1e-5)
    assert values["symmetry"] == 1, "in its own box, wherever that is"


def test_symmetry_is_lost_pixel_by_pixel_and_mirrors_alike():
    sprites = figure(height=8, width=8)
    paint(sprites[0], slice(5, 7), slice(6, 7), LEAF)  # 2 pixels and their 2 partners of 64
    assert statistic("symmetry", sprites).item() == pytest.approx(60 / 64)
    assert statistic("symmetry", sprites.flip(3)).item() == pytest.approx(60 / 64)


def test_colours_that_wobble_are_one_and_noise_makes_more():
    sprites = figure()
    wobbling = sprites.clone()
    wobbling[:, :3, ::2, ::2] += 4 * (wobbling[:, 3:, ::2, ::2] > 0).to(torch.uint8)
    assert statistic("colours", torch.cat([sprites, wobbling])).tolist() == [2, 2]
    assert statistic("colours", noisy(sprites, 1)).item() == 2
    counts = [statistic("colours", noisy(sprites, sigma)).item() for sigma in (0, 5, 10, 20)]
    assert counts == sorted(counts)
    assert counts[1] > 2
    assert len(set(counts)) == 4


def test_soft_alpha_is_the_share_of_pixels_that_are_neither():
    sprites = figure()
    paint(sprites[0], slice(4, 6), slice(5, 9), SKIN, alpha=100)
    assert statistic("soft alpha", sprites).item() == 8 / 256
    sprites[0, 3][sprites[0, 3] == 255] = 252
    assert statistic("soft alpha", sprites).item() == 8 / 256, "a few levels are no shadow"


@settings(max_examples=30)
@given(st.integers(1, 20), st.integers(0, 99), st.sampled_from([1, 3, 4]))
@example(1, 34, 1)
def test_a_set_is_at_distance_0_from_itself_in_any_order(n, seed, channels):
    described = METRIC.describe(crowd(n, seed)[:, :channels])
    scores = METRIC.compare(described, described.flip(0))
    assert scores.keys() | {"outline_distance"} == SCORES  # a lone sprite may have no outline
    assert max(scores.values()) < 1e-6


def test_each_damage_raises_its_own_scores():
    whole = crowd(60)
    reference = METRIC.describe(whole)
    shifted = METRIC.compare(METRIC.describe(whole.roll(1, 3)), reference)
    assert shifted["centring_distance"] == pytest.approx(0.5)
    assert max(v for k, v in shifted.items() if k != "centring_distance") < 1e-6
    foreign = whole.clone()
    foreign[:, :3] = torch.where(whole[:, 3:] > 0, torch.tensor([0, 0, 255]).view(3, 1, 1), 0)
    scores = METRIC.compare(METRIC.describe(foreign), reference)
    assert scores["off_palette"] == 1
    assert scores["palette_distance"] > 100
    noise = METRIC.compare(METRIC.describe(noisy(whole, 5)), reference)
    assert noise["palette_distance"] > 4
    assert noise["off_palette"] < 0.05
    assert noise["colours_distance"] > 0.5


def test_distance_to_the_palette_is_that_of_the_nearest_colour():
    described = [METRIC.describe(sprites) for sprites in (figure(), figure())]
    one = figure()
    one[:, 2] += 40 * (one[:, 3] > 0).to(torch.uint8)
    scores = METRIC.compare(METRIC.describe(one), described[0])
    assert scores["palette_distance"] == pytest.approx(40, abs=4)
    assert scores["off_palette"] == 1


def test_of_many_colours_the_commonest_are_the_palette():
    """Among training sprites of every colour, foreign ones are told apart all the same."""
    generator = torch.Generator().manual_seed(0)
    rare = torch.randint(0, 256, (40, 4, 16, 16), generator=generator, dtype=torch.uint8)
    rare[:, 3] = 255
    mixed = rare.clone()
    mixed[:, :, :15] = torch.tensor([*SKIN, 255], dtype=torch.uint8).view(4, 1, 1)
    reference = METRIC.describe(mixed)
    assert METRIC.compare(reference, reference)["off_palette"] == 0
    assert METRIC.compare(METRIC.describe(rare), reference)["off_palette"] > 0.3


def test_the_ground_of_opaque_sprites_is_what_all_corners_share():
    sprites = figure()
    opaque = torch.where(sprites[:, 3:] > 0, sprites[:, :3], 255)
    names = ["width", "height", "orphan pixels", "dark share of the outline", "colours"]
    for name in names:
        assert statistic(name, opaque) == statistic(name, sprites)
    full = opaque.clone()
    full[0, :, 0, 0] = 0
    assert statistic("width", full).item() == 16
    assert statistic("dark share of the outline", full).isnan().item()
    grey = opaque[:, :1]
    assert statistic("width", grey).item() == 7


def test_empty_sprites_are_measured_as_far_as_they_go():
    reference = METRIC.describe(crowd())
    only = METRIC.compare(METRIC.describe(blank(5)), reference)
    assert {"colours_distance", "box_distance"} <= only.keys() < SCORES
    assert METRIC.compare(reference, METRIC.describe(blank(5))).keys() == only.keys()
    some = METRIC.compare(METRIC.describe(torch.cat([crowd(), blank(2)])), reference)
    assert some.keys() == SCORES
    for scores in (only, some):
        assert all(math.isfinite(value) for value in scores.values())
    for sides in ((reference[:0], reference), (reference, reference[:0])):
        with pytest.raises(NotMeasurable, match="at least one"):
            METRIC.compare(*sides)
    assert METRIC.describe(blank(0)).shape == (0, reference.shape[1])


def test_histograms_are_shares_over_common_bins():
    samples, reference = METRIC.describe(noisy(crowd(20), 10)), METRIC.describe(crowd(50, 1))
    histograms = METRIC.histograms(samples, reference)
    assert histograms.keys() == {*STATISTICS, *PALETTE}
    for each in histograms.values():
        assert len(each["bins"]) == len(each["samples"]) == len(each["training"]) <= 20
        assert sum(each["samples"]) == pytest.approx(1)
        assert sum(each["training"]) == pytest.approx(1)
    widths = METRIC.histograms(reference, reference)["width"]
    assert widths["bins"] == list(range(2, 8)), "whole numbers have bins of their own"
    assert widths["samples"] == widths["training"]


def test_a_sprite_is_described_alone_as_among_others():
    sprites = noisy(crowd(12), 20)
    together = METRIC.describe(sprites)
    alone = torch.cat([METRIC.describe(sprite[None]) for sprite in sprites])
    torch.testing.assert_close(together, alone, equal_nan=True)


@pytest.mark.parametrize("name", ["dawnlike_16", "ninja_16", "dcss_32"])
def test_unseen_real_sprites_are_nearer_than_noisy_ones(real, name):
    images = np.load(real(f"{name}.npz"))["images"]
    images = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())[::3]
    reference, unseen = images[::2], images[1::2]
    described = METRIC.describe(reference)
    floor = METRIC.compare(METRIC.describe(unseen), described)
    harmed = METRIC.compare(METRIC.describe(noisy(unseen, 10)), described)
    for score in ("colours_distance", "orphans_distance", "palette_distance", "off_palette"):
        assert harmed[score] > 2 * floor[score]
