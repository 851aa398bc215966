"""The doctor: what is counted, what is suspicious, what is printed, and what is refused."""

import json

import numpy as np
import pytest

from datamodules.arrays import Sprites
from datamodules.doctor.examination import check, examine, table, unused
from datamodules.errors import DataError

RNG = np.random.default_rng(0)


def crowd(n=40, side=8, channels=4):
    """Opaque sprites of at most 4 colours each, from 9 in all."""
    palette = RNG.integers(0, 256, (9, channels), dtype=np.uint8)
    if channels == 4:
        palette[:, 3] = 255
    chosen = np.stack([RNG.choice(9, 4, replace=False) for _ in range(n)])
    return palette[chosen[np.arange(n)[:, None, None], RNG.integers(0, 4, (n, side, side))]]


def card(images, **known):
    return examine(Sprites(images, **known))[-1]


def test_the_numbers():
    images = crowd()
    images[7] = images[3]
    found = card(images)
    assert found["sprites"] == 40
    assert found["distinct"] == 39
    assert found["groups"] == 39
    assert (found["width"], found["height"], found["channels"]) == (8, 8, 4)
    assert (found["colours_median"], found["colours_max"], found["palette"]) == (4, 4, 9)
    assert found["split"] == {"train": 31, "val": 4, "test": 4}
    assert found["suspicious"] == {}
    assert found["labels"] == {}


@pytest.mark.parametrize(
    ("alpha", "word", "hard"), [(255, "no", True), (0, "hard", True), (254, "soft", False)]
)
def test_alpha(alpha, word, hard):
    images = crowd()
    images[3, 2:4, 5, 3] = alpha
    found = card(images)
    assert (found["alpha"], found["hard_alpha"]) == (word, hard)


@pytest.mark.parametrize("channels", [1, 3])
def test_without_alpha_every_colour_counts(channels):
    found = card(crowd(channels=channels))
    assert (found["alpha"], found["hard_alpha"]) == ("no", True)
    assert (found["colours_max"], found["palette"]) == (4, 9)


def test_suspicious_sprites_are_named():
    images = crowd(60, side=16)
    images[3] = 0
    images[5] = 0
    images[5, 3, 3:6] = images[0, 0, 0]
    images[[7, 8]] = images[[0, 1], :1, :1]
    images[9] = RNG.integers(0, 256, (16, 16, 4))
    found = card(images, names=tuple(f"sprite {k}" for k in range(60)))["suspicious"]
    assert {what: entry["examples"] for what, entry in found.items()} == {
        "empty": ["sprite 3"],
        "of fewer than 4 pixels": ["sprite 5"],
        "of one colour": ["sprite 7", "sprite 8"],
        "of very many colours (a JPEG, a photo, a smooth resize?)": ["sprite 9"],
    }
    assert card(images)["suspicious"]["empty"] == {"count": 1, "examples": ["row 3"]}


def test_labels_are_counted_once_for_equal_sprites():
    images = crowd(20)
    images[[11, 12]] = images[[0, 1]]
    labels = np.arange(20) % 2
    found = card(images, labels=labels, label_names=("a", "b", "c"))
    assert found["labels"] == {"a": 9, "b": 9, "c": 0}
    torn = found["suspicious"]["repeats with another label"]
    assert torn == {"count": 2, "examples": ["row 11", "row 12"]}


def test_labels_that_nobody_uses_are_said():
    names = tuple(f"label {k}" for k in range(5))
    found = card(crowd(), labels=np.arange(40) % 5, label_names=names)
    labels = (
        "5 labels were read and are not used; model.classes=true trains with them, which brings "
        "sprites nearer to real ones."
    )
    attributes = (
        "2 attributes (hair, tool) were read and are not used; model.classes=attributes trains "
        "with them."
    )
    assert unused(found, ["hair", "tool"]) == [labels, attributes]
    assert unused(card(crowd()), []) == []


def test_the_split_shares_no_sprite_and_no_group():
    images = crowd(60, side=12)
    images[40:] = images[:20, :, ::-1]
    images[30:35] = images[20:25]
    parts, _, _ = examine(Sprites(images))
    part_of = {row: name for name, rows in parts.items() for row in rows.tolist()}
    assert set(part_of) == set(range(60)) - set(range(30, 35))
    assert all(part_of[k] == part_of[40 + k] for k in range(20))
    assert all(rows.dtype == np.int64 for rows in parts.values())


def test_bob_fred_and_nancy_are_in_training():
    images = crowd(30)
    for places in ((0, 1, 2), (10, 20, 29), (5, 17, 9)):
        names = [f"no {k}" for k in range(30)]
        for place, name in zip(places, ("Bob", "people/fred", "NANCY"), strict=True):
            names[place] = name
        parts, _, _ = examine(Sprites(images, names=tuple(names)))
        assert set(places) <= set(parts["train"].tolist())


def test_the_fingerprint_is_that_of_what_is_trained_on():
    images, labels = crowd(), np.arange(40) % 2
    names = ("a", "b")
    same = card(images, labels=labels, label_names=names)["fingerprint"]
    assert len(same) == 64
    assert card(images.copy(), labels=labels, label_names=names)["fingerprint"] == same
    hiding = np.concatenate([images, images[:5]])
    more = np.concatenate([labels, labels[:5]])
    assert card(hiding, labels=more, label_names=names)["fingerprint"] == same  # exact repeats
    changed = images.copy()
    changed[3, 3, 3, 0] ^= 1
    others = [
        card(changed, labels=labels, label_names=names),
        card(images, labels=1 - labels, label_names=names),
        card(images, labels=labels, label_names=("b", "a")),
        card(images),
        card(images, groups=np.arange(40) // 2),
        card(images.reshape(40, 4, 16, 4)),
    ]
    assert len({same, *(other["fingerprint"] for other in others)}) == 7


def test_the_card_is_plain_and_the_table_is_short():
    images = crowd(60, side=16)
    images[3] = 0
    names = tuple(f"a rather long name of a sprite, number {k}" for k in range(60))
    kinds = tuple(f"quite a long label {k}" for k in range(50))
    labels = np.arange(60) % 50
    found = card(images, labels=labels, label_names=kinds, names=names, notes=("It was " * 40,))
    assert json.loads(json.dumps(found)) == found
    lines = table(found).splitlines()
    assert len(lines) <= 14
    assert max(map(len, lines)) < 80
    assert lines[0] == "sprites     60; 60 distinct, 0 near repeats"
    assert "labels      50: quite a long label 0 2," in table(found)


def test_what_is_refused():
    with pytest.raises(DataError, match="There are no sprites"):
        check(Sprites(crowd()[:0]))
    with pytest.raises(DataError, match="300 x 8 and at most 256 x 256"):
        check(Sprites(np.zeros((9, 8, 300, 3), np.uint8)))
    check(Sprites(np.zeros((9, 256, 256, 3), np.uint8)))
    for what in ("labels", "groups", "names"):
        with pytest.raises(DataError, match=f"40 sprites but 7 {what}; give one for each"):
            check(Sprites(crowd(), **{what: np.zeros(7, int)}))
    with pytest.raises(DataError, match="Only 7 distinct sprites are here and at least 8"):
        examine(Sprites(crowd(7).repeat(9, axis=0)))
    examine(Sprites(crowd(8)))
