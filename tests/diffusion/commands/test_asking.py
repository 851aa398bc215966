"""Words that no command knows are kept for the run to say what they mean."""

import pytest
import torch
from hands import network
from hydra.core.override_parser.overrides_parser import OverridesParser

from datamodules.picked import Picked
from diffusion.commands.asking import about_sprite, asked, with_label
from diffusion.commands.labelling import wanted_labels
from diffusion.commands.typed import collected, name_of
from diffusion.errors import UserError
from diffusion.runs.loading import Loaded

PARSER = OverridesParser.create()


@pytest.mark.parametrize(
    "value", ["red", "a b", "it's", "3", "true", "[x]", "ff0000", "Ünï", "a=b"]
)
def test_a_word_of_the_run_arrives_as_it_was_typed(value):
    (word,) = collected([f"hair={value}"], "sample")
    (override,) = PARSER.parse_overrides([word])
    assert (override.get_key_element(), override.value()) == ("+attribute.hair", value)


@pytest.mark.parametrize(
    "word", ["n=3", "sampler=ddim", "sampler.steps=3", "+x=1", "~n", "-m", "hair=", "7=x", "a.b=1"]
)
def test_words_of_the_command_stay_its_own(word):
    assert collected([word], "sample") == [word]


def test_an_attribute_may_have_the_name_of_a_word():
    assert collected(["attribute.n=3"], "sample") == ["+attribute.n='3'"]
    names = ["hair", "n", "sampler", "hydra"]
    typed = [name_of(name, "sample") for name in names]
    assert typed == ["hair", *(f"attribute.{name}" for name in names[1:])]
    for name, word in zip(names, typed, strict=True):
        assert collected([f"{word}=3"], "sample") == [f"+attribute.{name}='3'"]


def test_label_asks_for_the_attribute_of_that_name():
    words = {"label": "knight", "attribute": {"kind": "3"}}
    both = {"label": None, "attribute": {"kind": "3", "label": "knight"}}
    assert name_of("label", "sample") == "label"
    for known, found in ((["kind", "label"], both), (["kind"], words)):
        card = {"sprites": {"attributes": dict.fromkeys(known, ["3", "knight"])}}
        assert with_label(words, Loaded(network(), card, "")) == found


@pytest.mark.parametrize(
    "typed",
    [
        {"label": "knight+mage"},
        {"label": ["knight:1", "mage:2"]},
        {"label": "none"},
        {"labels": {"knight": 2}},
        {"label_index": 0},
    ],
)
def test_labels_beside_kinds_are_asked_for_one_by_one(typed):
    words = {"label": None, "attribute": {}} | typed
    known = {"kind": ["0", "1"], "label": ["knight", "mage"]}
    loaded = Loaded(network(), {"sprites": {"attributes": known, "label_names": []}}, "")
    with pytest.raises(UserError, match="as label=knight. .*model.classes=true"):
        wanted_labels(with_label(words, loaded), loaded, None)
    odd = Loaded(network(), {"sprites": {"attributes": {"label": ["a+b", "none"]}}}, "")
    for name in ("a+b", "none"):
        assert with_label({"label": name, "attribute": {}}, odd)["attribute"] == {"label": name}


def test_what_python_has_quoted_is_not_quoted_again():
    assert collected(["hair='a b'"], "sample") == ["+attribute.hair='a b'"]


def test_what_stays_is_told_though_nothing_is_asked_for():
    """Also where the card says of no two values that they occur together, and nothing is drawn."""
    card = {"sprites": {"attributes": {"hair": ["short", "long"]}}}
    loaded = Loaded(network(), card, "")
    told, values, words = asked({"attribute": {}, "guidance": 1}, loaded, {0: 1})
    assert (values, words) == ({0: 1}, None)
    x_t, t = torch.randn(3, 4, 8, 8), torch.full((3,), 0.5)
    longs = loaded.denoiser.output(x_t, t, torch.ones(3, 1, dtype=torch.int64))
    assert torch.equal(told.denoiser.output(x_t, t), longs)
    told, values, words = asked({"attribute": {"hair": "short"}, "guidance": 1}, loaded, {0: 1})
    assert (values, words) == ({0: 0}, "hair=short"), "what is asked for goes before"


def told_of(words, attributes, picked, labels=()):
    card = {"sprites": {"attributes": attributes, "label_names": [*labels]}}
    found, stay = about_sprite({"guidance": 1} | words, Loaded(network(), card, ""), picked)
    return found["label"], found["attribute"], stay


def test_own_is_what_the_sprite_has_and_then_all_else_of_it_is_told():
    known = {"hair": ["short", "long"], "tool": ["axe", "own"]}
    bob = Picked("Bob", torch.zeros(4, 8, 8), 0, (1, 0))
    nothing = {"label": None, "attribute": {}}
    assert told_of(nothing, known, bob) == (None, {}, {})
    own = {"label": None, "attribute": {"hair": "own"}}
    assert told_of(own, known, bob) == (None, {"hair": "long"}, {0: 1, 1: 0})
    value = {"label": None, "attribute": {"tool": "own"}}
    assert told_of(value, known, bob) == (None, {"tool": "own"}, {0: 1, 1: 0})
    assert told_of(own, known, Picked("file", torch.zeros(4, 8, 8))) == (None, {}, {})


def test_own_and_none_are_words_for_labels_too():
    bob = Picked("Bob", torch.zeros(4, 8, 8), 0, (1, 0))
    kinds = {"kind": ["0", "1"], "label": ["orc", "elf"]}
    own, none = ({"label": word, "attribute": {}} for word in ("own", "none"))
    assert told_of(own, kinds, bob) == (None, {"label": "orc"}, {0: 1, 1: 0})
    assert told_of(none, kinds, bob) == (None, {}, {})
    assert told_of(own, {}, bob, ["orc"]) == (None, {}, {})
    assert told_of(none, {}, bob, ["orc"]) == ("none", {}, {}), "as wanted_labels reads it"
