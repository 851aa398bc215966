"""Pairs that agree in 90% of their union: all of them and no others, against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.doctor import overlap
from datamodules.doctor.overlap import Overlap


def by_definition(colours):
    pairs = set()
    for i, one in enumerate(colours):
        for j, other in enumerate(colours[:i]):
            union = (one > 0) | (other > 0)
            equal = (one == other) & union
            if union.any() and equal.sum() >= 0.9 * union.sum() - 1e-9:
                pairs.add((j, i))
    return pairs


def found(colours):
    return {tuple(pair) for part in Overlap(colours).pairs() for pair in part.tolist()}


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(2, 30),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    kinds=st.integers(1, 6),
    share=st.floats(0.02, 0.3),
)
def test_all_pairs_and_no_others(seed, n, shape, kinds, share):
    """Variants of a few sprites, each with a share of its pixels replaced or made ground."""
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 4, (kinds, *shape)).astype(np.uint32)
    colours = base[rng.integers(0, kinds, n)]
    changed = rng.random(colours.shape) < share
    colours = np.where(changed, rng.integers(0, 5, colours.shape), colours).astype(np.uint32)
    assert found(colours) == by_definition(colours)


@pytest.mark.parametrize(("changed", "together"), [(10, True), (11, False)])
def test_the_border_is_ten_of_a_hundred(changed, together):
    one = np.ones((10, 10), np.uint32)
    for other_colour, step in ((2, 1), (0, 1), (2, 3), (0, 3)):
        other = one.copy()
        other.flat[: changed * step : step] = other_colour
        assert (found(np.stack([one, other])) == {(0, 1)}) == together


def test_the_size_of_the_parts_does_not_matter(monkeypatch):
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 3, (5, 9, 9)).repeat(20, axis=0).astype(np.uint32)
    colours[rng.random(colours.shape) < 0.04] = 7
    whole = found(colours)
    assert len(whole) > 100
    monkeypatch.setattr(overlap, "MEETINGS", 50)
    monkeypatch.setattr(overlap, "COMPARED", 50)
    assert found(colours) == whole


def test_real_pairs(real):
    images = np.load(real("ninja_16.npz"))["images"][:200]
    colours = np.ascontiguousarray(images).view(np.uint32)[..., 0]
    assert found(colours) == by_definition(colours) != set()
