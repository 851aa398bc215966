"""Labels in any usual form become numbers with names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.errors import DataError
from datamodules.files.labels import numbered


def words(labels, names=()):
    numbers, names = numbered(labels, names, "They")
    assert numbers.dtype == np.int64
    return [names[number] for number in numbers]


@given(st.lists(st.integers(-50, 50), min_size=1))
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
        (np.array([-1, 1]), ("a", "b"), "from -1 to 1"),
        (np.array([0.5, 1]), (), "not whole numbers"),
        (np.array([np.nan, 1]), (), "not whole numbers"),
        (np.zeros((3, 2, 2)), (), "have the shape"),
        (np.zeros(3, complex), (), "type complex128"),
    ],
)
def test_what_is_no_label(labels, names, message):
    with pytest.raises(DataError, match=f"They .*{message}"):
        numbered(labels, names, "They are")
