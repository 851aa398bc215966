"""What a page tells its network of sprites nobody asked for is what `sample.py` tells it."""

import base64
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from innode import in_node

from diffusion.noise import LABELS, keyed
from diffusion.samplers.attribute_draws import AttributeDraws


def told(draws, n, asked, seed=7, plain=None):
    """What the page tells n sprites."""
    body = """
    const draws = new AttributeDraws(given.draws), found = [];
    for (let k = 0; k < given.n; k++) found.push(...draws.draw(given.seed, k, given.asked));
    write("found", Int32Array.from(found));"""
    words = {"draws": plain or draws.plain(), "n": n, "asked": asked, "seed": seed}
    return in_node(body, words, np.int32, scripts=("draws.js",)).reshape(n, -1)


def of_python(draws, n, asked, seed=7):
    wanted = {k: value for k, value in enumerate(asked) if value >= 0}
    own = AttributeDraws(draws.frequencies, draws.lifts, wanted)
    return torch.stack([own.draw(keyed(LABELS, seed, k)) for k in range(n)]).numpy()


@pytest.mark.parametrize("address", [(LABELS, 0, 0), (LABELS, 2**40 + 1, 5), (3, 7, 2**32 - 1)])
def test_uniform_numbers_are_those_of_torch_to_the_bit(address):
    body = """
    const next = keyed(given.address);
    write("found", Float64Array.from({length: 1000}, () => next()))"""
    generator = keyed(*address)
    expected = [torch.rand((), dtype=torch.float64, generator=generator) for _ in range(1000)]
    found = in_node(body, {"address": address}, np.float64)
    assert found.tolist() == [float(each) for each in expected]


@settings(max_examples=20)
@given(
    st.integers(1, 40),
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.integers(0, 99),
    st.data(),
)
def test_what_is_drawn_is_what_python_draws(n, counts, seed, data):
    generator = torch.Generator().manual_seed(seed)
    values = torch.stack(
        [torch.randint(-1, count, (n,), generator=generator) for count in counts], dim=1
    )
    draws = AttributeDraws.of(values, counts)
    asked = [data.draw(st.integers(-1, count - 1)) for count in counts]
    np.testing.assert_array_equal(told(draws, 40, asked, seed), of_python(draws, 40, asked, seed))


def test_of_very_many_values_too():
    counts = [30, 137, 234, 21]  # as many as Nouns have
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(0, 2**31, (3000, 4), generator=generator) % torch.tensor(counts)
    draws = AttributeDraws.of(values, counts)
    asked = [-1, -1, 200, -1]
    np.testing.assert_array_equal(told(draws, 300, asked), of_python(draws, 300, asked))


def test_cards_of_before_are_read_as_python_reads_them():
    counts = [9, 14]
    bits = np.random.default_rng(0).integers(0, 2, (23, 23))
    pairs = [base64.b64encode(np.packbits(row).tobytes()).decode() for row in bits]
    old = {"attribute_frequencies": [[1 / n] * n for n in counts], "attribute_pairs": pairs}
    draws = AttributeDraws.of_card(old)
    found = told(draws, 100, [-1, -1], plain=old)
    np.testing.assert_array_equal(found, of_python(draws, 100, [-1, -1]))
    assert all(bits[kind, 9 + label] for kind, label in found)


TELLING = """
const {asked, guidance, alone, attributes} = given, draws = new AttributeDraws(given.draws);
globalThis.app = {facts: {seed: 7}, draws: given.drawn ? draws : null, attributes, model: {}};
const found = telling([0, 1], {choice: "drawn", asked, guidance}, alone);
write("found", new TextEncoder().encode(JSON.stringify(found)));"""


@pytest.mark.parametrize("drawn", [True, False])
@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("asked", [[-1, -1], [-1, 1]])
def test_a_sprite_that_is_there_is_told_only_what_is_asked_for(drawn, alone, asked):
    draws = AttributeDraws.of(torch.cartesian_prod(torch.arange(3), torch.arange(2)), [3, 2])
    words = {"draws": draws.plain(), "drawn": drawn, "asked": asked, "alone": alone}
    words |= {"guidance": 2, "attributes": [["hair", ["a", "b", "c"]], ["tool", ["d", "e"]]]}
    found = in_node(TELLING, words, np.uint8, scripts=("draws.js", "telling.js"))
    expected = None if asked == [-1, -1] else [asked] * 2
    if drawn and not alone:
        expected = of_python(draws, 2, asked).tolist()
    guidance = 1 if asked == [-1, -1] else 2  # else there is nothing that it could follow
    assert json.loads(found.tobytes()) == {
        "labels": expected,
        "asked": asked,
        "guidance": guidance,
    }
