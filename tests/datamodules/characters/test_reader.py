"""What the forge says of made sprites: characters are known, and what is read is never wrong."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from datamodules.characters.attributes import CHUNK, read_attributes, snapped
from datamodules.characters.drawing import PALETTE, draw, draw_all
from datamodules.characters.people import ATTRIBUTES, BOB, Character, characters
from datamodules.characters.reader import read_back_all
from datamodules.errors import DataError
from datamodules.forge import ForgeData

CROWD = characters(CHUNK + 44, seed=5)[3:]
DRAWN = {size: draw_all(CROWD, size) for size in (16, 24)}


def noisy(images, sigma, seed=0):
    changed = images + np.random.default_rng(seed).normal(0, sigma, images.shape)
    changed = changed.round().clip(0, 255).astype(np.uint8)
    changed[..., 3] = images[..., 3]
    return changed * (changed[..., 3:] > 0)


def tensor(images):
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy())


def true(read, crowd):
    return all(a.items() <= asdict(c).items() for a, c in zip(read, crowd, strict=True))


@pytest.fixture(scope="module")
def data():
    data = ForgeData(n=200)
    data.setup()
    return data


@pytest.mark.parametrize("size", DRAWN)
def test_every_drawn_character_is_read_whole(size):
    assert [Character(**a) for a in read_attributes(DRAWN[size])] == CROWD


@pytest.mark.parametrize("size", DRAWN)
@pytest.mark.parametrize(("sigma", "share"), [(5, 0.999), (20, 0.95), (30, 0.9)])
def test_under_noise_most_is_read_and_all_of_it_is_true(size, sigma, share):
    read = read_attributes(noisy(DRAWN[size], sigma))
    assert true(read, CROWD)
    assert sum(map(len, read)) / (len(CROWD) * len(ATTRIBUTES)) > share


def test_more_noise_is_read_less():
    told = [sum(map(len, read_attributes(noisy(DRAWN[16], s)))) for s in (0, 20, 40, 80, 160)]
    assert told == sorted(told, reverse=True)
    assert told[-1] == 0


def test_what_lies_between_two_values_is_left_unsaid():
    for name, values in ATTRIBUTES.items():
        own = getattr(BOB, name)
        other = replace(BOB, **{name: values[values.index(own) - 1]})
        one, two = (draw(c).astype(int) for c in (BOB, other))
        between = ((one + two) / 2).astype(np.uint8)
        assert name not in read_attributes(between[None])[0], name
        nearer = (0.9 * one + 0.1 * two).astype(np.uint8)
        assert read_attributes(nearer[None])[0].get(name) == getattr(BOB, name), name


def test_from_what_is_no_character_nothing_is_read():
    rng = np.random.default_rng(1)
    strangers = [
        np.zeros((2, 16, 16, 4), np.uint8),
        np.full((2, 16, 16, 4), 255, np.uint8),
        rng.integers(0, 256, (50, 16, 16, 4), dtype=np.uint8),
        PALETTE[rng.integers(0, len(PALETTE), (50, 16, 16))],
        DRAWN[16][:, :, ::-1],
        np.roll(DRAWN[16], 1, 2),
    ]
    for images in strangers:
        assert not any(read_attributes(np.ascontiguousarray(images)))


@pytest.mark.parametrize("name", ["dawnlike_16", "ninja_16"])
def test_from_sprites_of_other_makers_nothing_is_read(real, name):
    assert not any(read_attributes(np.load(real(f"{name}.npz"))["images"]))


def test_a_wrong_window_hides_its_own_attributes_alone():
    sprite = draw(BOB)
    sprite[11:14, 4:9] = PALETTE[[8, 23, 19, 29, 26]]
    read = read_attributes(sprite[None])[0]
    assert {"head", "hair", "hair_colour", "hat"} <= read.keys()
    assert not {"clothes", "cloth_colour", "belt"} & read.keys()
    assert true([read], [BOB])


def test_a_character_is_the_same_alone_as_among_others():
    images = noisy(DRAWN[16], 30)
    assert read_attributes(images)[-20:] == [read_attributes(i[None])[0] for i in images[-20:]]


def test_snapping_mends_wobble_and_no_more():
    wobbling = noisy(DRAWN[16], 2)
    assert (snapped(wobbling) == DRAWN[16]).all()
    assert read_back_all(wobbling) == [None] * len(CROWD)
    foreign = DRAWN[16].copy()
    foreign[:, 8, 8] = PALETTE[21]
    assert (snapped(foreign) == foreign).all()


def test_training_sprites_are_valid_and_not_new(data):
    train, held_out = data.split["train"], np.concatenate([data.split["val"], data.split["test"]])
    found = data.validity(data.images(train))
    shares = {name: value for name, value in found.items() if "_combinations" not in name}
    assert len(shares) == 8
    assert set(shares.values()) == {1}
    assert found["new_combinations"] == found["held_out_combinations"] == 0
    unseen = data.validity(data.images(held_out))
    assert unseen["new_combinations"] == unseen["held_out_combinations"] == 1


def test_strangers_of_the_forge_are_new_and_not_held_out(data):
    found = data.validity(tensor(DRAWN[16]))
    assert found["new_combinations"] == 1
    assert found["held_out_combinations"] == 0


def test_one_changed_pixel_is_not_valid_and_wobble_is_valid_when_snapped(data):
    sprites = DRAWN[16][:4].copy()
    sprites[0, 6, 6] = PALETTE[22]  # no face is lime and navy at once
    sprites[1] = noisy(sprites[1:2], 2)[0]
    found = data.validity(tensor(sprites))
    assert found["valid_exact"] == 2 / 4
    assert found["valid"] == 3 / 4


def test_coverage_counts_the_values_that_were_read(data):
    assert data.validity(tensor(draw(BOB)[None]))["attribute_coverage"] == 10 / 54


def test_what_cannot_be_said_is_absent(data):
    found = data.validity(torch.zeros(3, 4, 16, 16, dtype=torch.uint8))
    assert found["valid"] == found["readable_attributes"] == found["attribute_coverage"] == 0
    assert "new_combinations" not in found
    assert data.validity(torch.zeros(0, 4, 16, 16, dtype=torch.uint8)) == {}


def test_attributes_are_those_of_the_named(data):
    bob = data.images(np.array([data.find("Bob")]))
    assert data.attributes(bob) == [asdict(BOB)]


@pytest.mark.parametrize("ask", ["validity", "attributes"])
def test_sprites_of_another_shape_are_refused(data, ask):
    with pytest.raises(DataError, match="16, 24 or 32"):
        getattr(data, ask)(torch.zeros(2, 3, 16, 16, dtype=torch.uint8))
