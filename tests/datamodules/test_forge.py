"""The forge: no two characters look alike, and each sprite reads back to its character alone."""

import hashlib
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from datamodules.characters.drawing import PALETTE, SIZES, draw, draw_all
from datamodules.characters.people import (
    ATTRIBUTES,
    BOB,
    COMBINATIONS,
    MAX_PEOPLE,
    NAMED,
    PROFESSIONS,
    Character,
    characters,
)
from datamodules.characters.reader import WINDOWS, read_back, read_back_all
from datamodules.errors import DataError
from datamodules.forge import ForgeData


def some(n: int, seed: int) -> list[Character]:
    """Characters drawn independently, unlike the even rows of `characters`."""
    rng = np.random.default_rng(seed)
    return [Character(*(str(rng.choice(v)) for v in ATTRIBUTES.values())) for _ in range(n)]


def touches(mask: np.ndarray) -> np.ndarray:
    """Pixels `(N, H, W)` with one of the mask above, below, left or right; edges go on outside."""
    wide = np.pad(mask, ((0, 0), (1, 1), (1, 1)), mode="edge")
    return wide[:, :-2, 1:-1] | wide[:, 2:, 1:-1] | wide[:, 1:-1, :-2] | wide[:, 1:-1, 2:]


ROOT = Path(__file__).parents[2]
sizes = pytest.mark.parametrize("size", SIZES)


@sizes
def test_the_same_characters_are_the_same_bytes(size):
    digests = {hashlib.sha256(draw_all(characters(100), size)).hexdigest() for _ in range(2)}
    assert len(digests) == 1
    assert hashlib.sha256(draw_all(characters(100, seed=1), size)).hexdigest() not in digests


def test_a_sprite_is_the_same_alone_and_among_others():
    crowd = characters(50)
    for size in SIZES:
        for character, sprite in zip(crowd, draw_all(crowd, size), strict=True):
            assert (draw(character, size) == sprite).all()


def test_fewer_characters_are_the_beginning_of_more():
    assert characters(700)[:300] == characters(300)


def test_characters_are_distinct_and_even():
    chosen = characters(2520)  # a multiple of every number of values
    assert len(set(chosen)) == 2520
    for name, values in ATTRIBUTES.items():
        counts = Counter(getattr(c, name) for c in chosen)
        assert counts.keys() == set(values)
        assert max(counts.values()) - min(counts.values()) <= 2 * len(NAMED)


@sizes
def test_alpha_is_hard_and_colours_are_few(size):
    sprites = draw_all(characters(400), size)
    assert sprites.shape == (400, size, size, 4)
    assert sprites.dtype == np.uint8
    assert set(np.unique(sprites[..., 3])) == {0, 255}
    colours = np.unique(sprites.reshape(-1, 4), axis=0)
    assert (colours == np.unique(PALETTE, axis=0)).all(), "the palette is used and nothing else"
    assert 24 <= len(colours) - 1 <= 32
    assert not sprites[sprites[..., 3] == 0].any(), "RGB is 0 where nobody sees it"


@sizes
def test_ink_closes_every_figure(size):
    rows = draw_all(characters(400), size)
    ink = (rows == PALETTE[1]).all(-1)
    flesh = (rows[..., 3] > 0) & ~ink
    assert not (flesh & touches(rows[..., 3] == 0)).any()
    assert not flesh[:, [0, -1]].any()
    assert not flesh[:, :, [0, -1]].any()


@sizes
def test_the_outline_is_one_pixel_wide_at_every_size(size):
    """What is blown up from a smaller size has ink that does not touch what it surrounds."""
    crowd = [c for c in characters(300) if c.tool not in ("shield", "hammer")]  # drawn with ink
    rows = draw_all(crowd, size)
    opaque, ink = rows[..., 3] > 0, (rows == PALETTE[1]).all(-1)
    outline = ink & touches(~opaque)
    assert outline.any((1, 2)).all()
    assert touches(opaque & ~ink)[outline].all()


@sizes
def test_no_two_characters_look_alike(size):
    crowd = set(some(2000, seed=2))
    assert len({sprite.tobytes() for sprite in draw_all(list(crowd), size)}) == len(crowd)


@sizes
def test_every_change_of_one_attribute_shows_in_two_pixels(size):
    for character in some(25, seed=3):
        changed = [
            replace(character, **{name: value})
            for name, values in ATTRIBUTES.items()
            for value in values
            if value != getattr(character, name)
        ]
        sprites = draw_all([character, *changed], size)
        differing = (sprites[1:] != sprites[0]).any(-1).sum((1, 2))
        assert differing.min() >= 2


@sizes
def test_sprites_read_back_to_their_characters(size):
    crowd = [*characters(500), *some(1500, seed=4)]
    assert read_back_all(draw_all(crowd, size)) == crowd


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.tells[0])
def test_every_value_of_a_window_reads_back(window):
    """All of them, in three dresses: with the windows apart, this is why `draw` is injective."""
    names = window.tells + window.takes
    choices = product(*(ATTRIBUTES[name] for name in names))
    wearers = some(3, seed=5)
    crowd = [
        replace(wearers[k % 3], **dict(zip(names, values, strict=True)))
        for k, values in enumerate(choices)
    ]
    assert read_back_all(draw_all(crowd)) == crowd


@sizes
def test_one_wrong_pixel_is_no_character(size):
    rng = np.random.default_rng(6)
    crowd = some(400, seed=6)
    damaged = draw_all(crowd, size)
    row, column = rng.integers(size, size=(2, len(crowd)))
    for sprite, i, j in zip(damaged, row, column, strict=True):
        others = PALETTE[(sprite[i, j] != PALETTE).any(1)]
        sprite[i, j] = rng.choice(others)
    assert read_back_all(damaged) == [None] * len(crowd)


@sizes
def test_foreign_colours_and_soft_alpha_are_no_character(size):
    sprite = draw(BOB, size)
    opaque, empty = np.argwhere(sprite[..., 3] == 255)[0], np.argwhere(sprite[..., 3] == 0)[0]
    for (i, j), channel, value in ((opaque, 0, 77), (opaque, 3, 254), (empty, 1, 1)):
        wrong = sprite.copy()
        wrong[i, j, channel] = value
        assert read_back(wrong) is None
    assert read_back(sprite) == BOB


@sizes
def test_shifted_and_mirrored_sprites_are_no_characters(size):
    crowd = some(150, seed=7)
    sprites = draw_all(crowd, size)
    assert read_back_all(sprites[:, :, ::-1]) == [None] * len(crowd), "they face sideways"
    for shift, axis in product((-1, 1), (1, 2)):
        assert read_back_all(np.roll(sprites, shift, axis)) == [None] * len(crowd)


def test_the_head_of_one_on_the_legs_of_another_is_read_as_drawn():
    other = replace(BOB, skin="deep", clothes="cloak")
    chimera = draw(BOB)
    chimera[9:] = draw(other)[9:]
    assert read_back(chimera) is None, "a fair face with deep hands"


def test_nothing_reads_back_as_nothing():
    assert read_back_all(np.zeros((0, 16, 16, 4), np.uint8)) == []
    assert read_back(np.zeros((16, 16, 4), np.uint8)) is None


def test_bob_fred_and_nancy():
    bob, fred, nancy = characters(3)
    assert [bob, fred, nancy] == list(NAMED.values())
    assert bob.belt == "buckle" != fred.belt
    assert fred == replace(bob, hair_colour=fred.hair_colour, belt=fred.belt)
    assert fred.hair_colour != bob.hair_colour
    assert nancy.hair != bob.hair
    assert nancy.clothes != bob.clothes
    for size in SIZES:
        outlines = draw_all([bob, fred, nancy], size)[..., 3] > 0
        assert (outlines[0] == outlines[1]).all(), "Bob and Fred differ in colours only"
        both = (outlines[0] & outlines[2]).sum() / (outlines[0] | outlines[2]).sum()
        assert 0.8 < both < 1


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (lambda: characters(2), "change n"),
        (lambda: characters(MAX_PEOPLE + 1), "change n"),
        (lambda: draw(BOB, 20), "change size"),
        (lambda: replace(BOB, hair="purple"), "short"),
        (lambda: read_back(np.zeros((16, 16, 3), np.uint8)), "uint8"),
        (lambda: read_back(np.zeros((16, 16, 4), np.float32)), "uint8"),
        (lambda: read_back(np.zeros((20, 20, 4), np.uint8)), "16, 24 or 32"),
        (lambda: read_back(np.zeros((16,), np.uint8)), "16, 24 or 32"),
    ],
)
def test_wrong_wishes_are_refused_with_the_remedy(wrong, word):
    with pytest.raises(DataError, match=word):
        wrong()


@sizes
def test_forge_data_is_labelled_grouped_and_named(size):
    sprites = ForgeData(n=60, size=size).read()
    assert sprites.images.shape == (60, size, size, 4)
    assert sprites.names[:3] == ("Bob", "Fred", "Nancy")
    assert len(set(sprites.names)) == len(set(sprites.groups)) == 60
    assert sprites.label_names == tuple(PROFESSIONS.values())
    told = [sprites.label_names.index(c.profession) for c in read_back_all(sprites.images)]
    assert told == sprites.labels.tolist()


def test_the_seed_orders_the_training_and_leaves_the_sprites():
    one, two = (ForgeData(n=40, seed=seed) for seed in (1, 2))
    assert (one.read().images == two.read().images).all()


def test_the_doctor_finds_nothing_to_complain_about():
    data = ForgeData(n=100)
    data.setup()
    assert data.card["distinct"] == data.card["groups"] == 100
    assert data.card["suspicious"] == {}
    assert {0, 1, 2} <= set(data.split["train"].tolist())
    assert data.find("Bob") == 0


def test_the_yaml_makes_the_default_set():
    data = instantiate(OmegaConf.load(ROOT / "conf" / "data" / "forge.yaml"))
    assert (data.n, data.size) == (ForgeData().n, ForgeData().size)
    assert len({sprite.tobytes() for sprite in data.read().images}) == data.n < COMBINATIONS / 1000
