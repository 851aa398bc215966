"""Laws of the noise level at which an attribute is decided."""

import json
import math
from dataclasses import replace
from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from randomsprites import sprites

from diffusion.errors import UserError
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.levels.attributes import AttributeCurves, by_chance, decide, in_words
from diffusion.pixels import PixelCodec
from diffusion.samplers.base import Origin
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.schedules.linear import Linear

IMAGES = PixelCodec().decode(sprites(40))
CLEAN = PixelCodec().encode(IMAGES)
LEVELS = (0.1, 0.6, 1.0)


def read(images):
    """Halves and quarters of the brightness of a pixel: "size" and "place"; all are "pixels"."""
    return [
        {
            "size": "large" if image[0, 0, 0] >= 128 else "small",
            "place": str(int(image[1, 3, 3]) // 64),
            "kind": "pixels",
        }
        for image in images
    ]


def of(clean, sampler=None):
    """The sprites of a network that has learned these by heart."""
    denoiser = PosteriorDenoiser(Posterior(clean), Linear())
    return SpriteSet(denoiser, sampler or DDIM(8), PixelCodec(), (4, 8, 8))


SPRITES = of(CLEAN)


@pytest.mark.parametrize("k", [0, 5, 11])
def test_who_always_answers_the_original_keeps_everything(k):
    found = decide(IMAGES[k : k + 1], of(CLEAN[k : k + 1]), read, IMAGES, LEVELS, n=3)
    assert {name: kept.tolist() for name, kept in found.kept.items()} == {
        "size": [1, 1, 1],
        "place": [1, 1, 1],
    }
    assert (found.completions, found.legible.tolist()) == (3, [1, 1, 1])
    assert found.level("size") is None


def test_who_always_answers_another_keeps_what_they_share():
    one, other = read(IMAGES)[0], read(IMAGES)[1]
    found = decide(IMAGES[:1], of(CLEAN[1:2]), read, IMAGES, LEVELS, n=2)
    for name, kept in found.kept.items():
        assert kept.tolist() == [float(one[name] == other[name])] * 3


def test_little_noise_keeps_attributes_and_pure_noise_leaves_them_to_chance():
    found = decide(IMAGES, of(CLEAN, DDPM(8)), read, IMAGES, LEVELS, n=8)
    for name, kept in found.kept.items():
        assert kept[0] == 1
        assert kept.diff().max() <= 0
        # by chance, too, a completion is the original itself in one of 40 cases
        assert kept[-1] == pytest.approx(found.chance[name] * 39 / 40 + 1 / 40, abs=0.08)
        assert 0.1 < found.level(name) < 1
    assert found.completions == 320


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_the_batch_size_changes_nothing(batch_size):
    one, two = (
        decide(IMAGES[:4], SPRITES, read, IMAGES, LEVELS, n=3, batch_size=b)
        for b in (64, batch_size)
    )
    assert one.plain() == two.plain()


def test_completions_are_the_variations_of_the_set():
    seen = []

    def listen(images):
        seen.append(images)
        return read(images)

    decide(IMAGES[:2], SPRITES, listen, IMAGES, [0.7], n=3)
    for k in range(2):
        varied = replace(SPRITES, origin=Origin(CLEAN[k], 0.7))
        (expected,) = varied.batches(range(3 * k, 3 * k + 3))
        assert torch.equal(seen[-1][3 * k : 3 * k + 3], expected)


def test_completions_have_the_labels_of_their_originals():
    """Each sprite is a class of its own, so that a label alone says which one it was."""
    labels = torch.arange(40)
    exact = PosteriorDenoiser(Posterior(CLEAN, labels), Linear())
    sprites = SpriteSet(exact, DDIM(8), PixelCodec(), (4, 8, 8), [1 / 40] * 40)
    found = decide(IMAGES[:6], sprites, read, IMAGES, [1.0], n=2, labels=labels[:6], batch_size=5)
    assert {name: kept.tolist() for name, kept in found.kept.items()} == {
        "size": [1],
        "place": [1],
    }


def test_what_cannot_be_read_counts_neither_way():
    """The place is read only of small sprites; nothing of those whose corner is very bright."""

    def partly(images):
        found = read(images)
        for image, attributes in zip(images, found, strict=True):
            if attributes["size"] == "large":
                del attributes["place"]
            if image[0, 0, 0] > 192:
                attributes.clear()
        return found

    whole, known = read(IMAGES), partly(IMAGES)
    k, small = (next(j for j, a in enumerate(whole) if a["size"] == s) for s in ("large", "small"))
    pair = torch.tensor([k, small])
    found = decide(IMAGES[pair], of(CLEAN[small : small + 1]), partly, IMAGES, LEVELS, n=2)
    readable = [attributes for attributes in (known[k], known[small]) if attributes]
    assert found.completions == 2 * len(readable)
    assert found.kept["place"].tolist() == [1, 1, 1]
    assert found.legible.tolist() == [1, 1, 1]

    bright = next(j for j, a in enumerate(known) if not a)
    found = decide(IMAGES[pair[1:]], of(CLEAN[bright : bright + 1]), partly, IMAGES, LEVELS, n=2)
    assert found.legible.tolist() == [0, 0, 0]
    assert found.kept == {}


@given(st.lists(st.sampled_from("aabc"), min_size=2, max_size=30))
def test_chance_is_the_share_of_equal_pairs(values):
    found = [{"x": value} for value in values]
    equal = [a == b for a, b in combinations(values, 2)]
    if all(equal):
        assert by_chance(found) == {}
    else:
        assert by_chance(found)["x"] == pytest.approx(sum(equal) / len(equal))


def decided(chance=0.2, **kept):
    t = torch.linspace(0.1, 1, 10).double()
    kept = {name: torch.tensor(curve, dtype=torch.float64) for name, curve in kept.items()}
    return AttributeCurves(t, kept, dict.fromkeys(kept, chance), torch.ones(10), 64)


@given(level=st.floats(0.02, 0.98), chance=st.floats(0, 0.9))
def test_the_level_of_a_straight_fall_is_where_it_is_half_way(level, chance):
    """A curve that falls through the half at `level`, and its steps where it was measured."""
    half, t = (1 + chance) / 2, torch.linspace(0.1, 1, 10).double()
    slope = (1 - half) / level
    found = decided(chance, x=(1 - slope * t).tolist())
    assert found.level("x") == pytest.approx(level)


def test_attributes_come_in_the_order_of_decision():
    step = [[1.0] * k + [0.2] * (10 - k) for k in range(11)]
    found = decided(belt=step[2], body=step[7], hair_colour=step[4], shadow=step[10])
    assert found.order == ["shadow", "body", "hair_colour", "belt"]
    assert in_words(found) == (
        "shadow is kept even at t = 1, "
        "body is decided at t = 0.75, hair colour at t = 0.45, belt at t = 0.25"
    )
    assert found.plain()["attributes"]["shadow"]["decided"] is None
    assert list(found.plain()["attributes"]) == found.order


def test_a_gap_in_the_curve_is_bridged():
    found = decided(x=[1.0, 1.0, math.nan, 0.2] + [0.2] * 6)
    assert found.level("x") == pytest.approx(0.3)
    plain = found.plain()
    assert plain["attributes"]["x"]["kept"] == [1, 1, None] + [0.2] * 7
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_what_is_kept_as_long_as_it_can_be_read_is_not_said_of_more_noise():
    found = decided(x=[1.0] * 6 + [math.nan] * 4)
    assert found.level("x") is None
    assert in_words(found) == "x is kept even at t = 0.6"


def test_without_attributes_nothing_is_decided():
    with pytest.raises(UserError, match="forge"):
        decide(IMAGES[:2], SPRITES, lambda images: [{} for _ in images], IMAGES)
