"""Laws of verdicts: repeats are found, unseen real sprites are left alone."""

import numpy as np
import pytest
import torch
from drawings import drawn

from datamodules.arrays import Sprites
from datamodules.doctor.duplicates import groups as duplicate_groups
from datamodules.doctor.likeness import planes, recoloured
from diffusion.novelty.moves import moved
from diffusion.novelty.passport import REPEATS, Passport, Verdict, limits
from diffusion.novelty.power import power
from diffusion.novelty.power import repainted as repainted_pixels
from diffusion.novelty.relatives import Relatives, bases_of, relatives

REAL_SETS = ("dawnlike_16.npz", "ninja_16.npz", "dcss_32.npz")


def passport_of(training, held_out=None, groups=None, **chosen):
    held_out = training[:0] if held_out is None else held_out
    groups = np.arange(len(training)) if groups is None else groups
    return Passport.of(lambda: training.split(500), held_out, groups, **chosen)


def wobbling(images, seed=0):
    """Colours that are off by up to 3 levels, where there is something to see."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(-3, 4, images.shape, generator=generator)
    if images.shape[1] == 4:
        noise *= images[:, 3:] > 0
        noise[:, 3] = 0
    return (images + noise).clamp(0, 255).to(torch.uint8)


def repainted(images, seed=0):
    """Every colour exchanged for another one, at least 36 levels from the others."""
    rng = np.random.default_rng(seed)
    levels = np.array(np.meshgrid(*[np.arange(0, 256, 36)] * min(3, images.shape[1])))
    palette = levels.reshape(len(levels), -1).T
    pixels = as_rows(images).copy()
    for image in pixels:
        colours, number = np.unique(image.reshape(-1, image.shape[2]), axis=0, return_inverse=True)
        new = colours.copy()
        new[:, :3] = palette[rng.permutation(len(palette))[: len(colours)]]
        if image.shape[2] == 4:
            new[colours[:, 3] == 0] = 0
        image[:] = new[number.ravel()].reshape(image.shape)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def as_rows(images):
    return images.permute(0, 2, 3, 1).contiguous().numpy()


def lopsided(images):
    """Rows of sprites that neither a mirror nor a shift nor new colours lead from to another."""
    own = duplicate_groups(Sprites(as_rows(images)), np.arange(len(images)))[0]
    _, first, count = np.unique(own, return_index=True, return_counts=True)
    alone = first[count == 1]
    skew = (images[alone] != images[alone].flip(-1)).flatten(1).any(1).numpy()
    return torch.from_numpy(alone[skew])


@pytest.fixture(scope="module")
def sprites():
    """240 distinct drawings with alpha; none repeats another, or its own mirror image."""
    images = drawn(290, 4, seed=3, side=14)
    return images[lopsided(images)][:240]


@pytest.fixture(scope="module")
def passport(sprites):
    return passport_of(sprites)


PLANTED = {
    "copy": lambda s: s,
    "shifted": lambda s: moved(s, (1, -2)),
    "mirrored": lambda s: s.flip(-1),
    "recoloured": repainted,
}


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_repeats_are_all_found_and_named(sprites, passport, kind):
    exact = PLANTED[kind](sprites)
    for planted in (exact, wobbling(exact)):
        found = passport.examine(planted)
        assert set(found.verdict) == {Verdict(kind)}
        assert torch.equal(found.row, torch.arange(len(sprites)))
    assert (passport.examine(exact).distance == 0).all()
    assert (found.distance > 0).all()


def test_retouched_sprites_are_found_and_named(sprites):
    """A fifth of their visible pixels are repainted, which a mean square takes for far."""
    passport = passport_of(sprites, rate=0.02)
    visible = int((sprites[:, 3] > 0).sum((1, 2)).double().mean())
    found = passport.examine(repainted_pixels(sprites, visible // 5))
    assert set(found.verdict) <= {Verdict.COPY, Verdict.RETOUCHED}
    assert found.verdict.count(Verdict.RETOUCHED) > len(sprites) / 2
    assert torch.equal(found.row, torch.arange(len(sprites)))


def test_power_is_the_share_of_touched_up_training_sprites_that_are_found(sprites):
    found = power(passport_of(sprites, rate=0.02), sprites[:40], (0, 8, 150))
    assert found[0] == 1
    assert found[8] > 0.9 > found[150]


@pytest.mark.parametrize("channels", [1, 3])
def test_opaque_sprites_are_found_too(channels):
    training = drawn(60, channels, seed=4, side=14)
    passport = passport_of(training)
    for kind, verdict in (("copy", Verdict.COPY), ("mirrored", Verdict.MIRRORED)):
        found = passport.examine(PLANTED[kind](training))
        assert (found.distance == 0).all()
        assert found.verdict.count(verdict) >= 55  # a few drawings are their own mirror image
    found = passport.examine(repainted(training))
    assert (found.distance == 0).all()
    assert set(found.verdict) <= set(REPEATS)


def real_sprites(path):
    return torch.from_numpy(np.load(path)["images"].transpose(0, 3, 1, 2).copy())


@pytest.mark.parametrize("name", REAL_SETS)
def test_planted_repeats_of_real_sprites_are_all_found(real, name):
    training = real_sprites(real(name))[:: 12 if "32" in name else 6]
    passport = passport_of(training)
    divided = torch.from_numpy(recoloured(planes(as_rows(training[:60])))[:, 0] != 0)
    assert divided.double().mean() > 0.9
    for kind, plant in PLANTED.items():
        found = passport.examine(plant(training[:60][divided]))
        assert (found.distance == 0).all()
        assert all(verdict in REPEATS for verdict in found.verdict), kind
    found = passport.examine(wobbling(training[:60]))
    assert set(found.verdict) == {Verdict.COPY}
    assert torch.equal(found.row, torch.arange(60))


@pytest.mark.parametrize("name", REAL_SETS)
def test_unseen_real_sprites_are_called_repeats_at_no_more_than_the_rate(real, name):
    """Split by groups: half is trained on, a quarter calibrates, a quarter is judged, often."""
    images = real_sprites(real(name))[:: 3 if "32" in name else 1]
    group = duplicate_groups(Sprites(as_rows(images)), np.arange(len(images)))[0]
    rng = np.random.default_rng(0)
    unseen = (rng.random(group.max() + 1) < 0.5)[group]
    training = images[~unseen]
    distance = relatives(images[unseen], lambda: [training], bases_of(training)).distance
    called = []
    for _ in range(200):
        calibrating = torch.from_numpy((rng.random(group.max() + 1) < 0.5)[group[unseen]])
        passport = Passport(lambda: [training], [], distance[calibrating])
        called.append(passport.findings(as_relatives(distance[~calibrating])))
    rates = [Passport.rates(findings)["copy_rate"] for findings in called]
    assert np.mean(rates) <= 0.01
    assert np.mean(rates) > 0


def as_relatives(distance):
    return Relatives(distance, torch.zeros_like(distance, dtype=torch.int64))


@pytest.mark.parametrize("m", [150, 400, 1000])
def test_limits_keep_their_rate(m):
    """Of any distribution, here of one with five columns that depend on each other."""
    generator = torch.Generator().manual_seed(m)
    called = []
    for _ in range(400):
        drawn_ = torch.rand(m + 500, 5, generator=generator, dtype=torch.float64)
        drawn_[:, :3] = drawn_[:, :3].cummin(1).values
        below = drawn_[m:] < limits(drawn_[:m], 0.02)
        called.append(below.any(1).double().mean().item())
    assert 0.008 < np.mean(called) < 0.0205


def test_few_sprites_have_limits_too():
    distance = torch.tensor([[9.0, 8, 7, torch.inf, 30], [6.0, 5, 5, 11, 20]]).double()
    assert limits(distance, 0.01).tolist() == [5, 5, 5, 11, 0]
    assert limits(distance, 0.99).tolist() == [5, 5, 5, 11, 0]
    assert limits(distance, 1.0).tolist() == [5, 5, 5, 11, 20]
    assert limits(distance[:0], 0.01).tolist() == [0, 0, 0, 0, 0]


def test_exact_repeats_agree_with_the_rule_that_groups_duplicates(sprites):
    """What the doctor would put into one group, and no more, is a repeat at distance 0."""
    training, others = sprites[:160], sprites[160:200]
    kinds = [others, *(plant(training[::4]) for plant in PLANTED.values())]
    kinds.append(repainted(training[1::4]).flip(-1))
    samples = torch.cat(kinds)
    found = passport_of(training).examine(samples)
    for k, sample in enumerate(samples):
        alone = torch.cat([training[found.row[k]][None], sample[None]])
        distinct = not alone[0].equal(alone[1])
        group = duplicate_groups(Sprites(as_rows(alone)), np.arange(2))[0] if distinct else [0, 0]
        assert (group[0] == group[1]) == (found.distance[k] == 0), k


def test_a_sprite_is_new_when_it_is_as_far_as_unseen_ones(sprites):
    training, unseen = sprites[:120], sprites[120:]
    passport = passport_of(training, unseen[:60])
    found = passport.examine(unseen[60:])
    assert passport.rates(found)["new"] > 0.8
    assert 30 < found.percentile.mean() < 70
    copies = passport.examine(training)
    assert (copies.percentile == 0).all()
    noise = torch.randint(0, 256, (9, 4, 14, 14), generator=torch.Generator().manual_seed(0))
    assert (passport.examine(noise.to(torch.uint8)).percentile > 90).all()


def test_rates_add_up_and_the_base_rate_is_that_of_unseen_sprites(sprites):
    training, unseen = sprites[:160], sprites[160:]
    passport = passport_of(training, torch.cat([unseen, training[:20]]))
    rates = passport.base_rates
    assert rates["copy_rate"] >= 20 / 260  # those were trained on after all
    assert rates["copy_rate"] == pytest.approx(sum(rates[str(verdict)] for verdict in REPEATS))
    assert sum(rates[str(verdict)] for verdict in Verdict) == pytest.approx(1)
    assert Passport.rates(passport.examine(training))["copy_rate"] == 1


@pytest.mark.parametrize("n", [1, 2, 8])
def test_tiny_sets(sprites, n):
    training = sprites[:n]
    passport = passport_of(training)
    found = passport.examine(torch.cat([training, sprites[100:110]]))
    assert found.verdict[:n] == (Verdict.COPY,) * n
    assert torch.equal(found.row[:n], torch.arange(n))
    assert found.distance.isfinite().all()
    assert found.percentile.isfinite().all()
    assert Passport.rates(found)["copy_rate"] == pytest.approx(n / (n + 10))


def test_a_set_of_64_needs_no_held_out_sprites(sprites):
    """Each is measured against the others; what an overfitted model makes is named."""
    training = sprites[:64]
    found = passport_of(training).examine(wobbling(training[[5, 60, 5]]))
    assert found.verdict == (Verdict.COPY,) * 3
    assert found.row.tolist() == [5, 60, 5]
    unseen = passport_of(training).examine(sprites[64:])
    assert Passport.rates(unseen)["copy_rate"] <= 0.05


def test_groups_of_near_repeats_do_not_lower_the_limit(sprites):
    """Frames of one character are not unseen sprites: only other groups calibrate."""
    frames = torch.cat([sprites[:60], wobbling(sprites[:60])])
    apart = passport_of(frames, groups=np.arange(120) % 60)
    assert set(apart.examine(wobbling(frames, 1)).verdict) == {Verdict.COPY}
    mixed = passport_of(frames)
    assert Passport.rates(mixed.examine(wobbling(frames, 1)))["copy_rate"] < 0.5


def test_a_mirror_image_of_a_nearly_symmetric_sprite_is_called_one(sprites, passport):
    """It is near enough to be a copy, too, but nearer by far as a mirror image."""
    symmetric = torch.maximum(sprites, sprites.flip(-1))[:20]
    symmetric[:, :3, 6, 5] //= 2
    found = passport_of(torch.cat([symmetric, sprites[20:]])).examine(symmetric.flip(-1))
    assert found.verdict.count(Verdict.MIRRORED) > 10
    assert (found.distance == 0).all()
