"""What people type arrives as what they meant."""

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from diffusion.commands.typed import as_meant, in_shell, with_budget
from diffusion.errors import UserError

PARSER = OverridesParser.create()


def read(word):
    (override,) = PARSER.parse_overrides(as_meant([word]))
    return override.value()


@pytest.mark.parametrize(
    "path",
    [
        *("my sprites", "a[1](2){3}", "it's", "a=b", "a,b", "#1", "Ünïcödé", "スプライト", "2024"),
        *("2024_1", "1e5", "~/sprites", "c:\\x", "a\\", "\\'", "true", "a:b", "-x", "@", "$x"),
    ],
)
@pytest.mark.parametrize("key", ["data.path", "run", "out", "+data.path", "images"])
def test_a_path_is_a_text_whatever_is_in_it(key, path):
    assert read(f"{key}={path}") == path


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_text_arrives(path):
    if path[0] not in "'\"[{" and path != "null" and "${" not in path:
        assert read(f"data.path={path}") == path


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("label=3", 3),
        ("from=12", 12),
        ("label=big bad wolf", "big bad wolf"),
        ("panel=Bob", "Bob"),
        ("data.background=112233", "112233"),
        ("data.background=1e2221", "1e2221"),
        ("data.path=null", None),
        ("data.path='quoted already'", "quoted already"),
        ("runs=runs/first", ["runs/first"]),
        ("runs=[a,b]", ["a", "b"]),
        ("runs=a b,c", ["a b", "c"]),
        ("trainer.max_steps=5", 5),
    ],
)
def test_names_and_numbers(word, value):
    assert read(word) == value


def test_the_choices_of_a_sweep_stay_choices():
    assert as_meant(["data.path=a,b", "data.path=a b"], sweep=True) == [
        "data.path=a,b",
        "data.path='a b'",
    ]


@pytest.mark.parametrize("path", ["a", "my sprites", "a[1]", "it's", "c:\\x", "$x"])
def test_a_word_is_typed_again_in_a_shell(path):
    (word,) = as_meant([f"data.path={path}"])
    (again,) = as_meant(shlex.split(in_shell(word)))
    assert again == word


@pytest.mark.parametrize(
    "word", ["logger.wandb.notes='a, b'", "data.path='[a]'", "data.path='null'"]
)
def test_quotes_that_mean_something_stay(word):
    assert shlex.split(in_shell(word)) == [word]


def test_minutes_are_a_time_and_no_steps():
    for typed, time in (("10", "00:00:10:00"), ("0.5", "00:00:00:30"), ("1500", "01:01:00:00")):
        words = with_budget([f"minutes={typed}", "seed=1"])
        assert words == ["seed=1", f"trainer.max_time={time}", "trainer.max_steps=-1"]
    assert with_budget(["seed=1", "minutes=null"]) == ["seed=1", "minutes=null"]


@pytest.mark.parametrize("typed", ["x", "0", "-1", "1,2", "nan", "1e3", "200000"])
def test_minutes_are_a_number(typed):
    with pytest.raises(UserError, match="must be a number of minutes"):
        with_budget([f"minutes={typed}"])


@pytest.mark.parametrize("other", ["trainer.max_steps=5", "trainer.max_time=00:00:01:00"])
def test_a_budget_is_typed_once(other):
    with pytest.raises(UserError, match=f"leave out {other}"):
        with_budget([other, "minutes=1"])
