"""Laws of the sprite features: the frozen encoder, and what its scores say."""

import numpy as np
import pytest
import torch

from datamodules.forge import ForgeData
from diffusion.metrics.base import NotMeasurable
from diffusion.metrics.encoder import encode
from diffusion.metrics.sprite_features import SpriteFeatures

METRIC = SpriteFeatures()
NUMBERS = [  # of the hand-made sprite below
    2.107917,
    1.629754,
    4.485248,
    3.358221,
    1.7153,
    3.114616,
    1.260683,
    1.04027,
    5.1623,
    3.270004,
    2.543354,
    0.3160844,
    0.1946942,
    0,
    0,
    1.368439,
    1.694468,
    2.024597,
    1.966373,
    2.401922,
    0.05106369,
    1.166657,
    1.442798,
    -0.06300845,
    1.606627,
    5.040975,
    6.619107,
    3.325267,
    -3.926514,
    3.943178,
    1.414175,
    5.08264,
    9.116175,
    4.898039,
    1.866575,
    0.2456694,
    -0.2448381,
    -3.178838,
    -5.708266,
    4.063107,
    1.266503,
    0.4721639,
    -0.05265076,
    -2.228928,
    -4.793051,
    -5.776262,
    -4.208369,
    1.927413,
    3.220844,
    9.311192,
    1.165527,
]


@pytest.fixture(scope="module")
def sprites():
    data = ForgeData(n=300)
    data.setup()
    return data.images(np.arange(300))


def noisy(images, sigma):
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    changed = (images + sigma * noise).round().clamp(0, 255).to(torch.uint8)
    changed[:, 3] = (changed[:, 3] >= 128) * 255
    return changed * (changed[:, 3:] > 0)


def scores(samples, reference):
    return METRIC.compare(METRIC.describe(samples), METRIC.describe(reference))


def test_a_sprite_has_the_same_numbers_alone_and_in_any_batch(sprites):
    whole = encode(sprites)
    assert whole.dtype == torch.float64
    assert whole.shape == (300, 51)
    for batch in (1, 7, 300):
        parts = torch.cat([encode(part) for part in sprites[:40].split(batch)])
        torch.testing.assert_close(parts, whole[:40], rtol=0, atol=1e-9)


def test_the_encoder_is_frozen():
    """Scores of different versions compare only while these numbers stay."""
    y, x = torch.meshgrid(torch.arange(12), torch.arange(10), indexing="ij")
    colours = torch.stack([(x // 3 + y // 2) % 4 * 85, (x // 2 + y // 4) % 3 * 100, x * y * 2])
    alpha = ((2 * x - 8) ** 2 + (2 * y - 11) ** 2 < 90) * 255
    alpha[5, 4], alpha[0, 9], alpha[6, 6] = 120, 255, 0  # soft, stray, and a hole
    sprite = torch.cat([colours, alpha[None]]).to(torch.uint8)
    torch.testing.assert_close(
        encode(sprite[None]), torch.tensor([NUMBERS]).double(), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("size", [8, 11, 16, 64])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_any_size_and_kind_has_finite_numbers(size, channels):
    generator = torch.Generator().manual_seed(size)
    images = torch.randint(0, 256, (5, channels, size, size + 3), generator=generator)
    images[0], images[1] = 0, 255  # nothing at all, and one colour
    assert encode(images.to(torch.uint8)).isfinite().all()


def test_opaque_rgba_equals_rgb_and_grey_equals_grey_rgb(sprites):
    colour = sprites[:9, :3]
    opaque = torch.cat([colour, torch.full_like(colour[:, :1], 255)], 1)
    assert encode(opaque).equal(encode(colour))
    assert encode(colour[:, :1]).equal(encode(colour[:, :1].expand(-1, 3, -1, -1)))


def test_of_a_set_and_itself(sprites):
    found = scores(sprites, sprites.clone())
    assert found["sprite_fd"] < 1e-3
    assert found["precision"] == found["recall"] == found["coverage"] == 1


def test_noise_is_worse_the_stronger_it_is(sprites):
    levels = [
        scores(noisy(sprites[:150], sigma), sprites[150:]) for sigma in (0, 2, 5, 10, 20, 40)
    ]
    for name in ("sprite_fd", "sprite_kd"):
        values = [level[name] for level in levels]
        assert values == sorted(values)
        assert values[1] > 1.5 * abs(values[0])
    coverage = [level["coverage"] for level in levels]
    assert coverage == sorted(coverage, reverse=True)


@pytest.mark.parametrize("damage", ["one pixel right", "mirrored", "channels swapped", "repeated"])
def test_the_whole_is_seen_and_not_only_the_neighbours(sprites, damage):
    held_out, reference = sprites[:150], sprites[150:]
    damaged = {
        "one pixel right": lambda x: torch.nn.functional.pad(x, (1, 0))[..., :-1],
        "mirrored": lambda x: x.flip(-1),
        "channels swapped": lambda x: x[:, [1, 2, 0, 3]],
        "repeated": lambda x: x[torch.arange(150) % 8],
    }[damage](held_out)
    undamaged = scores(held_out, reference)["sprite_fd"]
    assert scores(damaged, reference)["sprite_fd"] > 1.2 * undamaged


def test_it_says_which_scores_rise_with_quality(sprites):
    good, bad = (
        scores(sprites[:150], sprites[150:]),
        scores(noisy(sprites[:150], 20), sprites[150:]),
    )
    assert {name for name in good if good[name] > bad[name]} == METRIC.higher_is_better


@pytest.mark.parametrize(("n", "m"), [(15, 60), (60, 15), (0, 60), (1, 1)])
def test_too_few_sprites_are_refused_in_a_sentence(sprites, n, m):
    with pytest.raises(NotMeasurable, match=r"at least 16 sprites .*\.$"):
        scores(sprites[:n], sprites[:m])


def test_collapsed_samples_are_measured_and_a_collapsed_reference_is_refused(sprites):
    same = sprites[:1].expand(40, -1, -1, -1)
    found = scores(same, sprites)
    assert np.isfinite(list(found.values())).all()
    assert found["recall"] < 0.02
    for alike in (same, torch.zeros_like(same)):
        with pytest.raises(NotMeasurable, match="variety"):
            scores(sprites, alike)


def test_a_large_reference_is_thinned_evenly(sprites, monkeypatch):
    monkeypatch.setattr("diffusion.metrics.sprite_features.MAX_SPRITES", 30)
    thinned = METRIC.describe_reference(sprites)
    assert len(thinned) == 30
    assert thinned[[0, -1]].equal(encode(sprites[[0, -1]]))
    assert METRIC.describe_reference(sprites[:30]).equal(encode(sprites[:30]))


def test_real_sprites_with_noise_are_told_from_unseen_real_sprites(real):
    """The trial in which a distance in other features gave sigma 40 a score below real sprites."""
    images = np.load(real("dawnlike_16.npz"))["images"].transpose(0, 3, 1, 2)
    order = np.random.default_rng(0).permutation(len(images))
    samples, reference = torch.from_numpy(images[order[:700]]).split([200, 500])
    floor = scores(samples, reference)["sprite_fd"]
    assert scores(noisy(samples, 5), reference)["sprite_fd"] > 3 * floor
    assert scores(noisy(samples, 40), reference)["sprite_fd"] > 20 * floor
