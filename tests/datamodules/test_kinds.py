"""Kinds of sprites that look alike, found by themselves."""

import numpy as np
import pytest

from datamodules.array import ArrayData
from datamodules.errors import DataError
from datamodules.kinds import FEWEST


def drawn(counts, seed=0):
    """Sprites after so many patterns, each a little changed; and the patterns' numbers."""
    rng = np.random.default_rng(seed)
    patterns = rng.integers(0, 256, (len(counts), 8, 8, 4), dtype=np.uint8)
    patterns[..., 3] = 255
    of = np.repeat(np.arange(len(counts)), counts)
    images = patterns[of]
    for image in images:
        image[rng.integers(8), rng.integers(8), :3] = rng.integers(0, 256, 3)
    return images, of


def data(tmp_path, images, **words):
    labels = words.pop("labels", None)
    more = {} if labels is None else {"labels": labels}
    np.savez(tmp_path / "set.npz", images=images, groups=np.arange(len(images)), **more)
    made = ArrayData(str(tmp_path / "set.npz"), **words)
    made.setup()
    return made


def test_kinds_are_the_patterns_whose_sprites_differ_in_a_pixel(tmp_path):
    images, of = drawn([40, 60, 50])
    made = data(tmp_path, images, kinds=9)
    rows = np.arange(len(images))
    kind = made.attribute_values(rows)[:, 0].numpy()
    for k in range(len(made.attribute_names["kind"])):
        assert len({*of[kind == k]}) == 1, "a kind holds sprites of one pattern"
        assert (kind[made.split["train"]] == k).sum() >= FEWEST
    sizes = np.bincount(kind[made.split["train"]])
    assert (np.diff(sizes) <= 0).all(), "the largest kind comes first"


def test_the_same_kinds_are_found_again(tmp_path):
    images, _ = drawn([40, 60, 50])
    rows = np.arange(len(images))
    one, other = (data(tmp_path, images, kinds=6).attribute_values(rows) for _ in range(2))
    assert (one == other).all()


def test_labels_stand_beside_kinds(tmp_path):
    images, of = drawn([40, 60, 50])
    made = data(tmp_path, images, kinds="auto", labels=of)
    assert [*made.attribute_names] == ["kind", "label"]
    assert (made.attribute_values(np.arange(len(of)))[:, 1].numpy() == of).all()


def test_auto_finds_none_where_there_are_attributes_or_few_sprites(tmp_path):
    images, _ = drawn([6, 6])
    assert data(tmp_path, images, kinds="auto").attribute_names == {}
    images, of = drawn([40, 60])
    np.savez(tmp_path / "told.npz", images=images, **{"attribute.hair": of})
    made = ArrayData(str(tmp_path / "told.npz"), kinds="auto")
    made.setup()
    assert [*made.attribute_names] == ["hair"]


@pytest.mark.parametrize("kinds", [1, 0, -3, 1001, 2.5, "many", True])
def test_no_such_number_is_refused(tmp_path, kinds):
    images, _ = drawn([40, 60])
    with pytest.raises(DataError, match="from 2 to 1,000"):
        data(tmp_path, images, kinds=kinds)


def test_too_few_sprites_and_a_taken_name_are_refused(tmp_path):
    images, of = drawn([1] * 9)
    with pytest.raises(DataError, match="too few for kinds"):
        data(tmp_path, images, kinds=3)
    np.savez(tmp_path / "kind.npz", images=images, **{"attribute.kind": of})
    with pytest.raises(DataError, match="call theirs otherwise"):
        ArrayData(str(tmp_path / "kind.npz"), kinds=3).setup()


def test_the_card_says_how_many_kinds_were_found_and_of_own_attributes_nothing(tmp_path):
    images, of = drawn([40, 60, 50])
    made = data(tmp_path, images, kinds="auto")
    assert made.card["kinds"] == len(made.attribute_names["kind"])
    np.savez(tmp_path / "told.npz", images=images, **{"attribute.kind": of})
    made = ArrayData(str(tmp_path / "told.npz"), kinds="auto")
    made.setup()
    assert "kinds" not in made.card
