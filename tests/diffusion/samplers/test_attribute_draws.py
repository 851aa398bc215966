"""Drawn attributes: as often as in training, and in no pair that training has not."""

import base64
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusion.errors import UserError
from diffusion.runs.cards import check_card
from diffusion.samplers.attribute_draws import AttributeDraws


def drawn(draws, n=400):
    generator = torch.Generator().manual_seed(0)
    return torch.stack([draws.draw(generator) for _ in range(n)])


def rows(n, counts, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.stack(
        [torch.randint(-1, count, (n,), generator=generator) for count in counts], dim=1
    )


def pairs(values):
    """Which values occur together, as (attribute, value, attribute, value)."""
    return {
        (a, int(row[a]), b, int(row[b]))
        for row in values
        for a, b in combinations(range(values.shape[1]), 2)
        if row[a] >= 0 and row[b] >= 0
    }


@given(st.integers(1, 12), st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 9))
def test_no_value_comes_that_never_came(n, counts, seed):
    values = rows(n, counts, seed)
    found = drawn(AttributeDraws.of(values, counts), 30)
    for column, of_training in zip(found.T, values.T, strict=True):
        assert {*column.tolist()} <= {-1, *of_training.tolist()}


@given(st.integers(2, 5), st.integers(2, 5), st.integers(0, 9))
def test_no_two_values_meet_that_exclude_each_other(folders, inside, seed):
    """Folders with subfolders of their own, and a third attribute that has any value anywhere."""
    generator = torch.Generator().manual_seed(seed)
    part = torch.randint(0, folders * inside, (40 * folders * inside,), generator=generator)
    third = torch.randint(0, 3, (len(part),), generator=generator)
    values = torch.stack([part // inside, part, third], dim=1)
    found = drawn(AttributeDraws.of(values, [folders, folders * inside, 3]), 60)
    assert (found >= 0).all()
    assert pairs(found) <= pairs(values)


def test_attributes_that_have_nothing_to_do_with_each_other_are_drawn_so():
    """Of 12,000 pairs 2,000 sprites have few; what they have by chance is no rule."""
    values, counts = rows(2000, [120, 100], 0), [120, 100]
    values = values[(values >= 0).all(1)]
    found = drawn(AttributeDraws.of(values, counts), 400)
    new = pairs(found) - pairs(values)
    assert len(new) / len(found) > 0.6


def test_values_come_as_often_as_in_training_and_in_new_combinations():
    values = torch.cartesian_prod(torch.arange(2), torch.arange(3), torch.arange(2))
    few = torch.cat([values[[0, 3, 4, 7, 8, 11]], values[values[:, 0] == 0]])
    draws = AttributeDraws.of(few, [2, 3, 2])
    found = drawn(draws, 2000)
    share = (found[:, 0] == 0).float().mean().item()
    assert share == pytest.approx((few[:, 0] == 0).float().mean().item(), abs=0.04)
    new = {tuple(row) for row in found.tolist()} - {tuple(row) for row in few.tolist()}
    assert new


def test_two_values_come_together_as_often_as_in_training():
    values = torch.tensor([[0, 0]] * 60 + [[0, 1]] * 20 + [[1, 1]] * 10 + [[1, 2]] * 30)
    found = drawn(AttributeDraws.of(values, [2, 3]), 3000)
    for pair in values.unique(dim=0):
        share = (found == pair).all(dim=1).float().mean().item()
        expected = (values == pair).all(dim=1).float().mean().item()
        assert share == pytest.approx(expected, abs=0.03)


def test_what_is_asked_for_is_given_and_the_rest_fits_to_it():
    folders = torch.tensor([[0, 0], [0, 1], [1, 2], [1, 3]] * 5)
    draws = AttributeDraws.of(folders, [2, 4])
    asked = AttributeDraws(draws.frequencies, draws.lifts, {1: 2})
    assert {tuple(row) for row in drawn(asked, 50).tolist()} == {(1, 2)}
    never = AttributeDraws.of(torch.tensor([[0, -1], [1, -1]]), [2, 2])
    assert {tuple(row) for row in drawn(never, 50).tolist()} == {(0, -1), (1, -1)}


def test_a_card_holds_them(tmp_path):
    draws = AttributeDraws.of(rows(20, [3, 5, 2], 0), [3, 5, 2])
    again = AttributeDraws.of_card({"more": 1} | draws.plain())
    assert again.lifts.equal(draws.lifts)
    assert drawn(again).equal(drawn(draws))
    assert AttributeDraws.of_card({"shape": [4, 8, 8]}) is None


def test_a_card_of_very_many_values_is_one_that_can_be_read():
    counts = [700, 700, 648]
    draws = AttributeDraws.of(rows(3000, counts, 0), counts)
    names = {f"a{k}": [str(value) for value in range(n)] for k, n in enumerate(counts)}
    sprites = {"shape": [4, 8, 8], "hard_alpha": True, "label_names": [], "label_frequencies": []}
    sprites |= {"attributes": names} | draws.plain()
    recipe = {
        "model": {"_target_": "diffusion.models.unet.UNet", "channels": 4, "classes": counts},
        "schedule": {"_target_": "diffusion.schedules.cosine.Cosine"},
        "prediction": {"_target_": "diffusion.predictions.Velocity"},
        "weighting": {"_target_": "diffusion.weightings.Uniform"},
    }
    check_card({"recipe": recipe, "sprites": sprites})
    sprites["attribute_lifts"][0] = "no bytes"
    with pytest.raises(UserError, match="attribute_lifts"):
        check_card({"recipe": recipe, "sprites": sprites})


def test_a_card_of_before_says_which_occur_together_and_no_more():
    bits = torch.tensor([[0, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 0]])
    pairs = [base64.b64encode(np.packbits(row).tobytes()).decode() for row in bits.numpy()]
    shares = [[0.5, 0.5], [0.9, 0.1]]
    draws = AttributeDraws.of_card({"attribute_frequencies": shares, "attribute_pairs": pairs})
    found = drawn(draws, 2000)
    assert {tuple(row) for row in found.tolist()} == {(0, 0), (1, 0), (1, 1)}
    of_second = found[found[:, 0] == 1, 1].float().mean().item()
    assert of_second == pytest.approx(0.1, abs=0.03)
