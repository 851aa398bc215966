"""Labels in any usual form become numbers with names."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.errors import DataError
from datamodules.files.labels import numbered, of_folders, read_labels


def words(labels, names=()):
    numbers, names, notes = numbered(labels, names, "They")
    assert numbers.dtype == np.int64
    assert bool(notes) == (numbers < 0).any()
    return [names[number] if number >= 0 else None for number in numbers]


@given(st.lists(st.integers(0, 50), min_size=1))
def test_numbers_without_names_are_their_own_names(values):
    for form in (np.int8, np.int64, np.float32):
        assert words(np.array(values, form)) == [f"{value}" for value in values]
    assert words(np.array(values)[:, None]) == [f"{value}" for value in values]


@given(st.lists(st.sampled_from(["hero", "food", "a b"]), min_size=1))
def test_words(values):
    assert words(np.array(values)) == values
    assert words(np.array(values, bytes)) == values
    assert words(np.array(values), ("other", "names")) == values


@given(st.lists(st.integers(0, 3), min_size=1))
def test_numbers_and_one_hot_rows_with_names(values):
    names = ("a", "b", "c", "d")
    expected = [names[value] for value in values]
    assert words(np.array(values), names) == expected
    for form in (bool, np.uint8, np.float64):
        assert words(np.eye(4)[values].astype(form), names) == expected
    assert words(np.eye(4)[values]) == [str(value) for value in values]


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        (np.array([[1, 0], [1, 1]]), (), "not one-hot in every row"),
        (np.array([[1, 0], [0.5, 0.5]]), (), "not one-hot in every row"),
        (np.array([[1, 0], [0, 0]]), (), "not one-hot in every row"),
        (np.array([0, 1, 2]), ("a", "b"), "from 0 to 2 and there are 2 label names"),
        (np.array([-2, 1]), ("a", "b"), "from -2 to 1; number the labels from 0, with -1 for"),
        (np.array([-2, 1]), (), "from -2 to 1; number the labels from 0, with -1 for"),
        (np.array([0.5, 1]), (), "not whole numbers"),
        (np.array([np.nan, 1]), (), "not whole numbers"),
        (np.zeros((3, 2, 2)), (), "have the shape"),
        (np.zeros(3, complex), (), "type complex128"),
    ],
)
def test_what_is_no_label(labels, names, message):
    with pytest.raises(DataError, match=f"They .*{message}"):
        numbered(labels, names, "They are")


@pytest.mark.parametrize("names", [(), ("0", "1", "2", "3")])
@given(st.lists(st.integers(-1, 3), min_size=1))
def test_minus_one_and_the_empty_word_are_no_label(names, values):
    expected = [None if value < 0 else f"{value}" for value in values]
    for form in (np.int8, np.int64, np.float64):
        assert words(np.array(values, form), names) == expected
    texts = np.array(["" if value < 0 else f"{value}" for value in values])
    assert words(texts) == words(texts.astype(bytes)) == expected


def test_labels_in_a_text(tmp_path):
    file = tmp_path / "labels.txt"
    file.write_bytes("\ufeffhero\r\nelf \r\n\r\nhero\r\n\r\n".encode())
    assert words(read_labels(file)) == ["hero", "elf", None, "hero"]
    np.save(tmp_path / "labels.npy", np.array(["a", "b"]))
    assert words(read_labels(tmp_path / "labels.npy")) == ["a", "b"]
    file.write_text("a,1\nb,2\n")
    with pytest.raises(DataError, match="has several columns; keep the labels only"):
        read_labels(file)
    file.write_text("\n")
    with pytest.raises(DataError, match="is empty; write one label per line"):
        read_labels(file)
    with pytest.raises(DataError, match=r"There is no file .*; check data\.labels_path"):
        read_labels(tmp_path / "none.npy")
    np.save(tmp_path / "labels.npy", np.array(["a", "b"], object), allow_pickle=True)
    with pytest.raises(DataError, match=r"pickled Python objects.*np\.array\(words, dtype=str\)"):
        read_labels(tmp_path / "labels.npy")


def folders(*paths, depth=None):
    labels, names, notes = of_folders([Path(path) for path in paths], depth, "game")
    return None if labels is None else [names[label] for label in labels], notes


def test_the_whole_path_is_the_label():
    paths = ("Items/LongWep/1.png", "Items/Potion/2.png", "Units/3.png", "4.png")
    assert folders(*paths)[0] == ["Items/LongWep", "Items/Potion", "Units", "game"]
    assert "data.label_depth=1" in folders(*paths)[1][0]
    assert folders(*paths, depth=1) == (["Items", "Items", "Units", "game"], [])
    assert folders(*paths, depth=2)[0] == folders(*paths)[0]
    assert folders(*paths, depth=0) == (None, [])
    assert folders("a/1.png", "b/2.png") == (["a", "b"], [])
    assert folders("a/1.png", "2.png") == (None, [])


def test_what_all_share_is_no_label():
    assert folders("sprites/png/a/1.png", "sprites/png/b/2.png")[0] == ["a", "b"]
    assert folders("sprites/1.png", "sprites/2.png")[0] is None


@pytest.mark.parametrize(
    ("one", "other"), [("train", "test"), ("Training", "Validation"), ("val", "dev")]
)
def test_parts_of_a_split_are_no_labels(one, other):
    found, notes = folders(f"{one}/a/1.png", f"{other}/b/2.png")
    assert found == ["a", "b"]
    assert "are no labels, and the split is made anew" in notes[0]
    assert folders(f"{one}/1.png", f"{other}/2.png")[0] is None
    assert folders(f"a/{one}/1.png", f"b/{other}/2.png")[0] == ["a", "b"]
    assert folders(f"{one}/1.png", f"{other}/2.png", depth=1)[0] == [one, other]
    assert folders(f"{one}/1.png", "heroes/2.png")[0] == [one, "heroes"]
