"""A few colours stand for many: laws of the choice, and of sprites that are brought to them."""

import numpy as np
import pytest

from datamodules.array import ArrayData
from datamodules.errors import DataError
from datamodules.few_colours import few_of

RNG = np.random.default_rng(0)


def sprites(n=60, channels=4, shades=40):
    """Sprites of three main colours in many shades, on clear ground where there is alpha."""
    rng = np.random.default_rng(1)
    main = np.array([[200, 60, 40, 255], [40, 160, 70, 255], [60, 70, 190, 200]])[:, :channels]
    images = main[rng.integers(3, size=(n, 8, 8))] + rng.integers(-shades, 40, (n, 8, 8, channels))
    images = images.clip(0, 255).astype(np.uint8)
    if channels == 4:
        images[:, :, :3] = 0
    return images


def read(tmp_path, images, **words):
    np.save(tmp_path / "sprites.npy", images)
    data = ArrayData(str(tmp_path / "sprites.npy"), values="levels", **words)
    data.setup()
    return data


def test_each_cluster_gets_a_colour_of_its_own():
    centres = np.array([[20, 20, 20], [120, 30, 200], [230, 220, 40], [10, 200, 90]])
    colours = np.unique(
        (centres[:, None] + RNG.integers(-4, 5, (4, 50, 3))).reshape(-1, 3).astype(np.uint8),
        axis=0,
    )
    few = few_of(colours, np.ones(len(colours), np.int64), 4)
    apart = np.abs(few[:, None].astype(int) - centres[None]).max(axis=2)
    assert sorted(apart.argmin(axis=1)) == [0, 1, 2, 3]
    assert apart.min(axis=1).max() <= 4


@pytest.mark.parametrize("most", [2, 7, 100, 1000])
def test_they_are_at_most_so_many_of_the_colours_themselves(most):
    colours = np.unique(RNG.integers(0, 256, (300, 4)).astype(np.uint8), axis=0)
    few = few_of(colours, RNG.integers(1, 9, len(colours)), most)
    assert len(few) == min(most, len(colours))
    assert {*map(tuple, few)} <= {*map(tuple, colours)}


def test_what_is_seen_often_is_nearer():
    colours = np.array([[0], [10], [200], [210]], np.uint8)
    assert few_of(colours, np.array([1, 1, 1, 1]), 3).tolist() != colours.tolist()
    assert few_of(colours, np.array([1, 1, 900, 900]), 3)[1:].tolist() == [[200], [210]]
    assert few_of(colours, np.array([900, 900, 1, 1]), 3)[:2].tolist() == [[0], [10]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_pixel_has_the_nearest_of_them(tmp_path, channels):
    images = sprites(channels=channels)
    data = read(tmp_path, images, most_colours=12)
    known = np.array(data.colours(limit=100), int)
    assert len(known) <= 12
    rows = np.concatenate(list(data.split.values()))
    before = images[rows].reshape(-1, channels).astype(int)
    after = data.sprites.take(rows).reshape(-1, channels).astype(int)
    best = np.square(before[:, None] - known[None]).sum(axis=2).min(axis=1)
    np.testing.assert_array_equal(np.square(before - after).sum(axis=1), best)


def test_clear_ground_stays_clear_and_nothing_else_becomes_so(tmp_path):
    images = sprites()
    data = read(tmp_path, images, most_colours=5)
    after = data.sprites.take(np.arange(len(images)))
    np.testing.assert_array_equal(after[..., 3] == 0, images[..., 3] == 0)
    assert not after[:, :, :3].any()


@pytest.mark.parametrize("most", [None, 100_000])
def test_few_enough_stay_as_they_are(tmp_path, most):
    images = sprites()
    data = read(tmp_path, images, most_colours=most)
    np.testing.assert_array_equal(data.sprites.take(np.arange(len(images))), images)
    assert not any("stand for all" in note for note in data.card["notes"])


def test_it_is_said_and_what_was_read_is_known_by_the_same_fingerprint(tmp_path):
    plain, few = read(tmp_path, sprites()), read(tmp_path, sprites(), most_colours=12)
    (note,) = few.card["notes"]
    assert "12 of them stand for all, which moves a pixel by" in note
    assert few.card["fingerprint"] == plain.card["fingerprint"]


def test_sprites_on_disk_are_brought_to_them_when_they_are_read(tmp_path, monkeypatch):
    inside = read(tmp_path, sprites(), most_colours=12)
    monkeypatch.setattr("datamodules.files.numpyfiles.IN_MEMORY", 0)
    outside = read(tmp_path, sprites(), most_colours=12)
    assert not isinstance(outside.sprites.images, np.ndarray)
    rows = np.array([3, 50, 7])
    np.testing.assert_array_equal(outside.sprites.take(rows), inside.sprites.take(rows))


@pytest.mark.parametrize(("colours", "left"), [(256, 256), (257, 128)])
def test_auto_keeps_as_many_as_an_indexed_image_has(tmp_path, colours, left):
    images = np.zeros((60, 8, 8, 3), np.uint8)
    which = RNG.permutation(images[..., 0].size).reshape(60, 8, 8) % colours
    images[..., 0], images[..., 1] = which % 256, which // 256
    data = read(tmp_path, images, most_colours="auto")
    assert len(data.colours(limit=1000)) == left
    assert data.card.get("brought_to") == (None if left == colours else left)


@pytest.mark.parametrize("most", [1, 0, 2.5, "many"])
def test_other_numbers_are_refused(tmp_path, most):
    with pytest.raises(DataError, match="most_colours"):
        read(tmp_path, sprites(), most_colours=most)
