"""Laws of starting from a sprite instead of from pure noise."""

import json
from dataclasses import replace

import pytest
import torch
from hands import BOB, CODEC, network
from hypothesis import given
from hypothesis import strategies as st
from randomsprites import sprites

from diffusion.errors import UserError
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.levels.variations import variation_pictures, vary
from diffusion.pixels import PixelCodec
from diffusion.runs.files import Folder
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.base import Origin
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.schedules.linear import Linear

IMAGES = PixelCodec().decode(sprites(40))
CLEAN = PixelCodec().encode(IMAGES)
DENOISER = PosteriorDenoiser(Posterior(CLEAN), Linear())
SPRITES = SpriteSet(DENOISER, DDIM(25), PixelCodec(), (4, 8, 8))


@given(n=st.integers(1, 200), start=st.floats(1 / 200, 1))
def test_a_later_start_takes_the_steps_that_are_left(n, start):
    grid = Linear(200).grid(n, start)
    assert grid[0] == start
    assert grid[-1] == 0
    spacing = -grid.diff()
    assert (spacing > 0).all()
    assert spacing.min() > 1 / 200 - 1e-9  # never between the levels that training saw
    assert len(spacing) <= max(1, n * start + 1e-6)
    assert len(spacing) > n * start - 1


def test_a_start_at_one_is_the_whole_way():
    assert torch.equal(Linear().grid(37, 1.0), Linear().grid(37))
    assert len(Linear().grid(50, 0.3)) == 16


@pytest.mark.parametrize("noise_level", [0.0, -0.5, 1.1, 0.0009, float("nan")])
def test_a_noise_level_that_the_schedule_lacks_is_refused(noise_level):
    with pytest.raises(UserError, match="noise_level"):
        vary(IMAGES[0], SPRITES, IMAGES, levels=[noise_level], n=1)


def test_a_variation_is_told_no_attributes_of_another_sprite():
    draws = AttributeDraws([[0.5, 0.5]], torch.zeros(2, 2))
    sprites = SpriteSet(network(), DDIM(10), CODEC, (4, 8, 8))
    untold, drawn = (
        vary(BOB, each, BOB[None], [0.8], n=8)[0].images
        for each in (sprites, replace(sprites, draws=draws))
    )
    assert torch.equal(untold, drawn)


@pytest.mark.parametrize("sampler", [DDIM(25), DDPM(25)])
def test_little_noise_keeps_a_sprite_and_much_noise_makes_others(sampler):
    little, much = vary(IMAGES[7], replace(SPRITES, sampler=sampler), IMAGES, [0.2, 0.9], n=12)
    assert (little.kept, little.distinct, little.becomes) == (12, 1, {7: 12})
    assert torch.equal(little.images, IMAGES[7].expand(12, -1, -1, -1))
    assert much.kept < 6
    assert much.distinct > 4
    assert sum(much.becomes.values()) == 12
    counts = list(much.becomes.values())
    assert counts == sorted(counts, reverse=True)


def test_the_start_is_the_noised_sprite():
    noise = torch.randn(3, 4, 8, 8)
    levels, x = DDIM(10).start(Linear(), noise, Origin(CLEAN[0], 0.4))
    alpha, sigma = Linear()(torch.tensor(0.4).double())
    assert (levels[0].t, levels[-1].t, len(levels)) == (0.4, 0, 5)
    torch.testing.assert_close(x, float(alpha) * CLEAN[0] + float(sigma) * noise)


def test_variation_k_is_the_same_in_any_batch():
    varied = replace(SPRITES, origin=Origin(CLEAN[3], 0.6))
    together = torch.cat(list(varied.batches(range(9), 9)))
    assert torch.equal(torch.cat(list(varied.batches(range(9), 2))), together)
    assert torch.equal(next(varied.batches([5])), together[5:6])


def test_a_film_of_variations_begins_at_their_noise_level():
    varied = replace(SPRITES, origin=Origin(CLEAN[3], 0.4))
    assert len(varied.film(range(2))) == 11
    whole = SPRITES.film(range(2))
    assert len(whole) == 26
    assert varied.film(range(2))[0].tobytes() != whole[0].tobytes()


def test_files_tell_who_a_sprite_becomes(tmp_path):
    found = vary(IMAGES[0], SPRITES, IMAGES, levels=[0.1, 0.8], n=5)
    files = variation_pictures(IMAGES[0], found, [f"sprite {k}" for k in range(40)])
    Folder(tmp_path).write_all(files)
    table = json.loads((tmp_path / "variations.json").read_text())
    assert [row["noise_level"] for row in table] == [0.1, 0.8]
    assert table[0]["becomes"] == [{"row": 0, "name": "sprite 0", "count": 5}]
    assert (tmp_path / "variations.png").stat().st_size > 0
