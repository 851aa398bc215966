"""Words that no command knows are kept for the run to say what they mean."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from diffusion.commands.typed import collected, name_of

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
    names = ["hair", "n", "sampler", "hydra", "label"]
    typed = [name_of(name, "sample") for name in names]
    assert typed == ["hair", *(f"attribute.{name}" for name in names[1:])]
    for name, word in zip(names, typed, strict=True):
        assert collected([f"{word}=3"], "sample") == [f"+attribute.{name}='3'"]


def test_what_python_has_quoted_is_not_quoted_again():
    assert collected(["hair='a b'"], "sample") == ["+attribute.hair='a b'"]
