"""Laws of the nearest training sprites: nothing nearer exists, and what is planted is found."""

import numpy as np
import pytest
import torch
from drawings import all_distances, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.novelty.moves import MOVES, grounded, moved
from diffusion.novelty.recolouring import Recolourings
from diffusion.novelty.relatives import Relation, bases_of, nearest, relatives

KINDS = pytest.mark.parametrize("channels", [1, 3, 4])


def search(samples, training, size=100, groups=None):
    return relatives(samples, lambda: training.split(size), bases_of(training[:size]), groups)


def touched(images, seed):
    """The same with a wobble of up to 3 levels, but for alpha, and a pixel or two changed."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(-3, 4, images.shape, generator=generator)
    noise[:, :, 3, 3:5] += 40
    if images.shape[1] == 4:
        noise *= images[:, 3:] > 0
        noise[:, 3] = 0
    return (images + noise).clamp(0, 255).to(torch.uint8)


def samples_of(training, seed):
    """Samples that are near under every relation, and some that are not."""
    k = len(training) // 5
    others = drawn(k, training.shape[1], seed + 1000)
    shifted = moved(grounded(training[k : 2 * k])[0], (1, -2)).to(torch.uint8)
    recoloured = 255 - training[3 * k : 4 * k]
    if training.shape[1] == 4:
        recoloured = recoloured * (training[3 * k : 4 * k, 3:] > 0)
        recoloured[:, 3] = training[3 * k : 4 * k, 3]
    parts = [training[:k], shifted, training[2 * k : 3 * k].flip(-1), recoloured, others]
    return touched(torch.cat(parts), seed)


def check(samples, training, found):
    expected, table = all_distances(samples, training)
    np.testing.assert_allclose(found.distance.numpy(), expected, rtol=1e-6, atol=2e-3)
    assert found.distance[:, :3].isfinite().all()
    for relation in Relation:
        for k in np.flatnonzero(np.isfinite(expected[:, relation])):
            row = int(found.row[k, relation])
            best = np.abs(table[k, :, relation] - expected[k, relation]) < 1e-9
            assert row == np.flatnonzero(best)[0]
        absent = np.isinf(expected[:, relation])
        assert (found.row[absent, relation] == -1).all()


@KINDS
@settings(max_examples=2)
@given(seed=st.integers(0, 999), size=st.integers(1, 30))
def test_nothing_nearer_exists_among_drawings(channels, seed, size):
    training = drawn(10, channels, seed)
    samples = samples_of(training, seed)
    found = search(samples, training, size)
    check(samples, training, found)
    assert found.distance[:, Relation.RECOLOURED].isfinite().any()


@KINDS
def test_nothing_nearer_exists_among_noise(channels):
    generator = torch.Generator().manual_seed(channels)
    noise = torch.randint(0, 256, (30, channels, 6, 5), generator=generator, dtype=torch.uint8)
    check(noise[:10], noise[10:], search(noise[:10], noise[10:], 7))


@pytest.mark.parametrize("channels", [3, 4])
def test_nothing_nearer_exists_among_real_sprites(real, channels):
    images = np.load(real("dawnlike_16.npz"))["images"][::15, :, :, :channels]
    images = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    samples, training = images[:8], images[8:]
    expected = _positions(samples, training)
    found = search(samples, training).distance[:, :3]
    torch.testing.assert_close(found, expected)


def _positions(samples, training):
    """All pairs in all positions, without bounds: fast enough for more sprites."""
    pixels, ground, framed = grounded(training)
    shown = ((pixels != 0).any(1) | ~framed[:, None, None])[:, None]
    best = torch.full((len(samples), 3), torch.inf, dtype=torch.float64)
    for mirrored in (False, True):
        faces = (samples.flip(-1) if mirrored else samples).double()
        for move in MOVES:
            sprites = (moved(pixels, move) + ground[:, :, None, None]).double()
            visible = moved(shown.int(), move).sum((1, 2, 3)) * samples.shape[1]
            apart = (faces[:, None] - sprites).square().sum((2, 3, 4)) / visible.clamp(min=1)
            if move != (0, 0):
                apart[:, ~framed | (visible == 0)] = torch.inf
            nearest_of = apart.amin(1).sqrt()
            for relation in range(2 if mirrored else int(move != (0, 0)), 3):
                best[:, relation] = torch.minimum(best[:, relation], nearest_of)
    return best


def test_nothing_nearer_exists_where_bounds_are_loose_and_sprites_many():
    """Many blocks and parts, and distances that differ in the last digit."""
    generator = torch.Generator().manual_seed(1)
    base = torch.randint(0, 256, (1, 4, 8, 8), generator=generator)
    flips = torch.randint(0, 2, (3000, 4, 8, 8), generator=generator)
    images = (base + flips).clamp(0, 255).to(torch.uint8)
    samples, training = images[:20], images[20:]
    _, found = nearest(samples, training.split(1700))
    apart = torch.cdist(samples.flatten(1).double(), training.flatten(1).double())
    visible = (training != 0).any(1).sum((1, 2)) * 4
    torch.testing.assert_close(found, (apart.square() / visible).amin(1).sqrt())


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_parts_of_any_size_give_the_same(size):
    training = drawn(60, 4, 5)
    samples = samples_of(training, 6)
    one, other = search(samples, training), search(samples, training, size)
    assert torch.equal(one.row, other.row)
    assert torch.equal(one.distance, other.distance)


def test_sprites_of_the_same_group_are_not_compared():
    training = drawn(40, 4, 7).repeat_interleave(2, dim=0)
    group = torch.arange(80) // 2
    found = search(training, training, groups=(group, group))
    own = found.row // 2 == group[:, None]
    assert not own.any()
    assert (found.distance > 0).all()
    alone = search(training, training, groups=(torch.zeros(80).long(), torch.zeros(80).long()))
    assert alone.distance.isinf().all()


def test_an_empty_sprite_is_a_copy_of_an_empty_sprite_only():
    training = drawn(3, 4, 8)
    empty = torch.zeros(1, 4, 9, 9, dtype=torch.uint8)
    dot = empty.clone()
    dot[0, :, 0, 0] = 255
    assert (search(empty, torch.cat([training, dot])).distance > 0).all()
    found = search(empty, torch.cat([training, empty]))
    assert found.row[0, 0] == 3
    assert found.distance[0, 0] == 0


def test_a_flat_sample_is_no_recolouring():
    """It is even within all regions, but does not tell them apart."""
    training = drawn(20, 4, 9)
    flat = torch.where(training[:, 3:] > 0, 90, 0).expand(-1, 4, -1, -1).clone()
    flat[:, 3] = training[:, 3]
    shades = (training[:, :3].flatten(2).double().std(2)).amax(1) > 60
    search_ = search(flat.to(torch.uint8)[shades], training[shades])
    assert search_.distance[:, Relation.RECOLOURED].isinf().all()


def test_a_sprite_without_repeated_colours_is_no_base_for_recolourings():
    generator = torch.Generator().manual_seed(3)
    distinct = torch.randperm(256, generator=generator)[:81].reshape(1, 1, 9, 9).to(torch.uint8)
    recolouring = Recolourings(255 - distinct)
    assert search(255 - distinct, distinct).row[0, Relation.RECOLOURED] == -1
    assert recolouring.best.row.item() == -1


def test_nearest_is_the_copy_relation():
    training = drawn(50, 4, 11)
    samples = samples_of(training, 12)
    row, distance = nearest(samples, iter(training.split(8)))
    found = search(samples, training)
    assert torch.equal(row, found.row[:, Relation.COPY])
    assert torch.equal(distance, found.distance[:, Relation.COPY])


def test_of_equally_near_sprites_the_first_is_named():
    sprite = torch.nn.functional.pad(drawn(1, 4, 13), (3, 3, 3, 3))
    training = torch.cat([moved(sprite, (-2, 0)), moved(sprite, (0, 1)), moved(sprite, (0, 1))])
    for size in (1, 3):
        assert search(sprite, training, size).row[0, Relation.SHIFTED] == 0
        assert search(training[2:], training, size).row[0, Relation.COPY] == 1
