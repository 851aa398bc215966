"""Groups of duplicates, by the words in which they are promised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.arrays import Sprites
from datamodules.doctor import duplicates
from datamodules.doctor.duplicates import first_equal, groups

N, SIDE = 60, 14


def crowd(seed, n=N, side=SIDE):
    """Sprites of 5 colours on transparent ground that have nothing in common."""
    rng = np.random.default_rng(seed)
    images = rng.integers(8, 256, (n, 5, 4), dtype=np.uint8)
    images[..., 3] = 255
    images = images[np.arange(n)[:, None, None], rng.integers(0, 5, (n, side, side))]
    ground = rng.random((n, side, side)) < 0.4
    ground[:, :3] = ground[:, -3:] = ground[:, :, :3] = ground[:, :, -3:] = True
    images[ground] = 0
    return images


def numbers(images, given=None):
    rows = np.arange(len(images))
    return groups(Sprites(images, groups=given), rows)[0]


def shift(image, dy, dx):
    wide = np.pad(image, ((2, 2), (2, 2), (0, 0)))
    return wide[2 - dy : 2 - dy + image.shape[0], 2 - dx : 2 - dx + image.shape[1]]


def recolour(image, seed):
    """Every colour becomes another."""
    colours = np.arange(256, dtype=np.uint8)
    colours[8:] = np.random.default_rng(seed).permutation(colours[8:])
    result = image.copy()
    result[..., :3] = colours[image[..., :3]]
    return result * (image[..., 3:] > 0)


VARIANTS = {
    "shift": lambda image, rng: shift(image, *rng.integers(-2, 3, 2)),
    "mirror": lambda image, rng: image[:, ::-1],
    "mirror and shift": lambda image, rng: shift(image[:, ::-1], *rng.integers(-2, 3, 2)),
    "recolouring": lambda image, rng: recolour(image, rng.integers(999)),
    "mirror and recolouring": lambda image, rng: recolour(image[:, ::-1], rng.integers(999)),
    "two other pixels": lambda image, rng: two_other_pixels(image, rng),
}


def two_other_pixels(image, rng):
    result = image.copy()
    opaque = np.argwhere(image[..., 3] > 0)
    assert len(opaque) >= 20
    for y, x in opaque[rng.choice(len(opaque), 2, replace=False)]:
        result[y, x, :3] ^= 0xFF
    return result


@pytest.mark.parametrize("channels", [4, 3, 1])
@pytest.mark.parametrize("kind", VARIANTS)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_variants_are_one_group_and_strangers_are_not(kind, channels, seed):
    rng = np.random.default_rng(seed)
    images = crowd(seed)
    images[N // 2 :] = [VARIANTS[kind](image, rng) for image in images[: N // 2]]
    if channels < 4:  # on a ground of one colour instead of transparency
        images = np.where(images[..., 3:] > 0, images, 7)[..., :channels]
    found = numbers(images)
    assert (found[: N // 2] == np.arange(N // 2)).all()
    assert (found[N // 2 :] == np.arange(N // 2)).all()


def test_pixels_that_leave_the_canvas_are_lost():
    images = crowd(0)
    images[:, :2] = [200, 10, 10, 255]  # shifted up, these rows are gone
    images[:, 0, ::2] = [10, 200, 10, 255]
    images[N // 2 :] = [shift(image, -2, 0) for image in images[: N // 2]]
    assert (numbers(images)[N // 2 :] == np.arange(N // 2)).all()


def test_a_shift_by_three_is_too_far():
    images = np.pad(crowd(0), ((0, 0), (4, 4), (4, 4), (0, 0)))
    images[N // 2 :] = [np.roll(image, 3, axis=1) for image in images[: N // 2]]
    assert len(np.unique(numbers(images))) == N


def test_another_alpha_is_no_recolouring():
    images = crowd(0)
    images[N // 2 :] = images[: N // 2]
    images[N // 2 :, ..., 3] //= 2
    assert len(np.unique(numbers(images))) == N


def test_empty_sprites_join_nothing():
    images = crowd(0)
    images[3] = 0
    images[4] = 0
    images[4, 0, 0] = 255  # a shift of it is empty, too
    assert len(np.unique(numbers(images))) == N


def test_groups_are_chains():
    images = crowd(0)
    images[10] = images[0, :, ::-1]
    images[20] = recolour(images[10], 1)
    images[30] = shift(images[20], 1, 2)
    found = numbers(images)
    assert len(set(found[[0, 10, 20, 30]].tolist())) == 1
    assert len(np.unique(found)) == N - 3


def test_given_groups_win():
    images = crowd(0)
    images[1:9] = [shift(images[0], 0, 1), *crowd(1)[1:8]]
    given_groups = np.arange(N)[::-1].copy()
    given_groups[5] = given_groups[50]
    found, rule = groups(Sprites(images, groups=given_groups), np.arange(N))
    assert rule == "as given with the data"
    assert found[0] != found[1]
    assert found[5] == found[50]
    assert len(np.unique(found)) == N - 1


def test_rows_without_a_given_group_are_compared():
    images = crowd(0)
    images[1] = shift(images[0], 0, 1)
    given_groups = np.full(N, -1)
    given_groups[[7, 8]] = 3
    found = numbers(images, given_groups)
    assert found[0] == found[1]
    assert found[7] == found[8]
    assert len(np.unique(found)) == N - 2


def test_a_group_that_is_too_large_means_exact_repeats_only():
    images = crowd(0)
    images[:13] = [shift(images[0], dy, dx - 2) for dy, dx in np.ndindex(3, 5)][:13]
    given_groups = np.full(N, -1)
    given_groups[[20, 21]] = 0
    found, rule = groups(Sprites(images, groups=given_groups), np.arange(N))
    assert rule == "exact repeats only: near ones would join 22% of all"
    assert len(np.unique(found)) == N - 1  # what was given still holds
    images[12] = crowd(1)[0]  # 20% are allowed
    assert len(np.unique(numbers(images))) == N - 11


def test_small_groups_are_never_too_large():
    images = crowd(0, n=10)
    images[1] = shift(images[0], 1, 1)
    images[3:7] = [recolour(images[2], k) for k in range(4)]
    assert len(np.unique(numbers(images))) == 10 - 5


@pytest.mark.parametrize("limit", ["COMPARED_SPRITES", "COMPARED_PIXELS", "COMPARED_MEETINGS"])
def test_above_a_limit_keys_alone_are_used_and_it_is_said(monkeypatch, limit):
    images = crowd(0)
    images[1] = shift(images[0], 1, 1)
    images[3] = two_other_pixels(images[2], np.random.default_rng(0))
    assert len(np.unique(numbers(images))) == N - 2
    monkeypatch.setattr(duplicates, limit, 1)
    found, rule = groups(Sprites(images), np.arange(N))
    assert len(np.unique(found)) == N - 1
    assert rule == "shift, mirror, recolouring, too many to compare pairs"


@settings(max_examples=30)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.sampled_from([1, 3, 4]))
def test_the_first_of_equal_rows(kinds, channels):
    images = crowd(0)[kinds][..., :channels]
    first = first_equal(Sprites(images))
    assert first.tolist() == [kinds.index(kind) for kind in kinds]


def test_hidden_colours_do_not_make_a_difference():
    images = crowd(0)[:2].repeat(2, axis=0)
    images[1][images[1, ..., 3] == 0] = [9, 9, 9, 0]
    assert first_equal(Sprites(images)).tolist() == [0, 0, 2, 2]


def test_parts_do_not_matter(monkeypatch):
    images = crowd(0)
    images[N // 2 :] = images[: N // 2, :, ::-1]
    whole = numbers(images)
    monkeypatch.setattr("datamodules.arrays.CHUNK", 3 * images[0].nbytes)
    assert (numbers(images) == whole).all()
    assert (first_equal(Sprites(images)) == np.arange(N)).all()


def test_real_groups(real):
    for name, distinct in (("ninja_16", 624), ("dawnlike_16", 2012), ("dcss_32", 2079)):
        found = numbers(np.load(real(f"{name}.npz"))["images"])
        assert len(np.unique(found)) == distinct
        assert np.bincount(found).max() <= 12
