"""The split: by group, complete, near 80/10/10, and the same for ever."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datamodules.doctor.splits import split


def checked(groups, pinned=None):
    groups = np.asarray(groups)
    pinned = np.zeros(len(groups), bool) if pinned is None else np.asarray(pinned)
    parts, note = split(groups, pinned)
    assert list(parts) == ["train", "val", "test"]
    assert np.sort(np.concatenate(list(parts.values()))).tolist() == list(range(len(groups)))
    assert all(len(part) and (np.diff(part) > 0).all() for part in parts.values())
    return parts, note


@given(st.lists(st.integers(0, 40), min_size=8, max_size=300), st.data())
def test_whole_groups_and_three_parts(numbers, data):
    groups = np.unique(numbers, return_inverse=True)[1]
    chosen = data.draw(st.sets(st.integers(0, len(groups) - 1), max_size=3))
    pinned = np.isin(np.arange(len(groups)), list(chosen))
    parts, note = checked(groups, pinned)
    free = set(groups.tolist()) - set(groups[pinned].tolist())
    divisible = len(set(groups.tolist())) >= 3 and len(free) >= 2
    assert (note is None) == divisible
    if divisible:
        kinds = [set(groups[part].tolist()) for part in parts.values()]
        assert sum(map(len, kinds)) == len(set(groups.tolist()))
    assert set(np.flatnonzero(pinned)) <= set(parts["train"].tolist())


def test_another_share_is_held_out_or_nothing():
    groups, pinned = np.arange(200), np.zeros(200, bool)
    parts, _ = split(groups, pinned, 0.5)
    assert [len(part) for part in parts.values()] == [100, 50, 50]
    parts, note = split(groups, pinned, 0)
    assert [len(part) for part in parts.values()] == [200, 0, 0]
    assert note is None


@given(st.integers(8, 5000))
def test_single_sprites_are_split_eighty_to_ten_to_ten(n):
    parts, note = checked(np.arange(n))
    assert note is None
    assert len(parts["val"]) == len(parts["test"]) == max(1, round(n / 10))


def test_groups_come_close_to_it():
    groups = np.random.default_rng(0).geometric(0.2, 2000).cumsum() // 12
    groups = np.unique(groups, return_inverse=True)[1]
    parts, _ = checked(groups)
    assert 190 <= len(parts["val"]) <= 200
    assert 190 <= len(parts["test"]) <= 200


def test_large_groups_go_to_training():
    parts, note = checked([0] * 50 + [1] * 40 + [2, 3, 4, 5, 6, 7, 8, 9])
    assert note is None
    assert set(range(90)) <= set(parts["train"].tolist())


def test_if_all_are_large_the_smallest_is_held_out():
    parts, note = checked([0] * 50 + [1] * 30 + [2] * 20)
    assert note is None
    assert sorted(len(part) for part in parts.values()) == [20, 30, 50]
    assert len(parts["train"]) == 50


def test_too_few_groups_are_divided_and_it_is_said():
    parts, note = checked([0] * 50 + [1] * 50)
    assert "divides groups" in note
    assert len(parts["val"]) == len(parts["test"]) == 10


def test_pins_that_leave_nothing_count_for_nothing():
    checked([0] * 9, [True] * 9)
    checked(np.arange(9), [True] * 7 + [False] * 2)


def test_the_split_is_the_same_for_ever():
    parts, _ = checked(np.arange(20))
    assert parts["val"].tolist() == [5, 9]
    assert parts["test"].tolist() == [10, 17]
