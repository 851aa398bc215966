"""What the end of a run says in sentences is carried by its figures."""

import re
from pathlib import Path

import pytest

from diffusion.commands.sentences import GUESS, asks_for_time, closing_sentences

GLOSSARY = Path(__file__).parents[3] / "docs" / "glossary.md"

FIGURES = {
    "samples/copy_rate": 2 / 128,
    "held_out/copy_rate": 0.012,
    "samples/copying": 0.0,
    "samples/told_apart": 0.93,
    "samples/sprite_fd": 20.0,
    "held_out/sprite_fd": 5.0,
    "noise/sprite_fd": 400.0,
    "mean/sprite_fd": 250.0,
    "val/loss": 0.15,
}


def said(lowest=0.15, without=(), **changed):
    figures = FIGURES | {key.replace("_of_", "/"): value for key, value in changed.items()}
    kept = {key: value for key, value in figures.items() if key not in without}
    return closing_sentences(kept, 128, lowest)


def test_new_and_easily_told():
    assert said() == [
        "No sign of copying: 2 of 128 repeat a training sprite, and of unseen real sprites 1.2% "
        "seem to.",
        "They are easy to tell from real ones: networks that learned to are right in 93% of "
        "cases, a guess in 50%.",
        "The loss of unseen sprites is still about its lowest, so longer training may help.",
    ]
    assert said(samples_of_copy_rate=0.0)[0].startswith("No sign of copying: none of 128 repeats ")


def test_the_better_they_pass_the_less_is_advised():
    assert "sometimes told" in said(samples_of_told_apart=0.65)[1]
    passing = said(samples_of_told_apart=GUESS - 0.01)
    assert "hardly" in passing[1]
    assert len(passing) == 2


def test_a_loss_that_rose_asks_for_sprites_and_not_for_time():
    assert "more sprites" in said(lowest=0.14)[-1]
    assert "longer training may help" in said(lowest=0.1499)[-1]


@pytest.mark.parametrize(
    ("changed", "advised"),
    [
        ({}, True),
        ({"lowest": 0.14}, False),
        ({"samples_of_told_apart": 0.5}, False),
        ({"samples_of_copying": 1.0}, False),
        ({"samples_of_sprite_fd": 500.0}, True),
        ({"without": ("val/loss",)}, False),
    ],
)
def test_a_longer_training_is_offered_where_the_last_sentence_says_so(changed, advised):
    assert asks_for_time(said(**changed)) == advised
    assert not asks_for_time([])


def test_copies_are_said_first_and_quality_is_not():
    for told in (0.5, 0.99):
        first, second, third = said(
            samples_of_copying=1.0, samples_of_copy_rate=0.5, samples_of_told_apart=told
        )
        assert first.startswith("They copy: 64 of 128 repeat a training sprite")
        assert "says little" in second
        assert "more sprites" in third


@pytest.mark.parametrize(
    ("distance", "without", "nearest"),
    [
        (250.0, (), "the mean of all sprites"),
        (500.0, ("mean/sprite_fd",), "plain noise"),
        (500.0, (), "the mean of all sprites"),
    ],
)
def test_what_is_as_far_as_noise_is_no_sprite(distance, without, nearest):
    first, *rest = said(samples_of_sprite_fd=distance, without=without)
    assert first.startswith("These are no sprites yet")
    assert nearest in first
    assert rest == ["That they show no sign of copying says little then.", "Train longer."]


def test_where_they_cannot_be_told_apart_the_distance_speaks():
    assert said(without=("samples/told_apart",))[1].startswith(
        "Their sprite distance is 4.0 times"
    )
    few = said(without=("samples/told_apart", "held_out/sprite_fd"))
    assert len(few) == 2


def test_without_held_out_sprites_the_eye_has_to_tell():
    gone = ("val/loss", "samples/told_apart", "held_out/sprite_fd")
    first, second = said(without=gone)
    assert first.endswith("and of real sprites among themselves 1.2% seem to.")
    assert "your eye" in second


def test_without_samples_nothing_is_said():
    assert closing_sentences({"val/loss": 0.1}, 128, 0.1) == []


def test_the_glossary_has_their_words_in_two_lines_each():
    entries = [e for e in GLOSSARY.read_text().split("\n\n")[2:] if e.strip()]
    assert len(entries) <= 40
    assert all(len(entry.strip().splitlines()) <= 2 for entry in entries)
    explained = " ".join(re.findall(r"\*\*?([^*]+)\*\*?", GLOSSARY.read_text()))
    of_a_run = ("training sprite", "repeat", "unseen", "told apart", "sprite distance", "loss")
    of_a_panel = ("exact answer", "candidates", "levels of 255", "noise level", "mean sprite")
    for word in (*of_a_run, *of_a_panel):
        assert word in explained
