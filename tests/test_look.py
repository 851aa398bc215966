"""Views of one sprite with a trained run, and variants of it, as a user types them."""

import json

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.processes


@pytest.fixture
def run(trained, command):  # which goes to the test's directory
    return trained()


def images(folder):
    with np.load(folder / "sprites.npz") as file:
        return file["images"].astype(int)


def test_the_panel_words_who_is_under_the_noise(command, run):
    assert (run / "panel.png").exists()  # of three training sprites, at the end of every run
    result = command("look.py run=run panel=Bob")
    assert result.code == 0, result
    (panel,) = json.loads((run / "panel" / "panel.json").read_text())
    assert "there is no doubt: that is Bob." in result.out
    assert "nobody can know" in result.out
    words = [look["words"] for look in panel["looks"]]
    assert words[0] == "that is Bob"
    assert words[-1].startswith("no idea: about")
    counts = [look["candidates"] for look in panel["looks"]]
    assert counts[0] == pytest.approx(1)
    assert counts[-1] > panel["n"] / 2


def test_what_is_told_of_the_sprite_leaves_fewer_in_question(command, trained):
    run = trained("model.classes=attributes")
    counts = []
    for words in ("", "hair=own"):
        out = f"out=told{len(counts)}"
        assert command(f"look.py run={run.name} panel=Bob {words} {out}").code == 0
        (panel,) = json.loads((run.parent / out[4:] / "panel.json").read_text())
        counts.append(panel["n"])
        assert panel["known"]
    assert counts[0] > counts[1] >= 1
    again = command(f"look.py run={run.name} panel=Bob tool=own out=told1")
    assert again.code == 0, again.err
    assert "told1-2" not in again.out, "all of Bob is told either way"
    refused = command(f"look.py run={run.name} panel=Bob hair=purple out=more")
    assert refused.code == 2
    assert "hair=purple is not known" in refused.err


def test_a_sprite_of_ones_own_is_nobody_in_training(command, run, tmp_path):
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[4:12, 5:11] = (200, 30, 90, 255)
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    assert command("look.py run=run panel=mine.png out=panel").code == 0
    (panel,) = json.loads((tmp_path / "panel" / "panel.json").read_text())
    assert not panel["known"]
    assert panel["looks"][0]["words"].startswith("nearest: ")


def test_variants_keep_to_the_sprite_the_less_it_is_noised(command, run, tmp_path):
    assert command("look.py run=run noising=Bob out=bob").code == 0
    for level in (0.02, 0.3, 1.0):
        line = f"sample.py run=run from=Bob noise_level={level} n=8 sampler.steps=50 out=v{level}"
        assert command(line).code == 0
    low, middle, high = (images(tmp_path / f"v{level}") for level in (0.02, 0.3, 1.0))
    fresh = command("sample.py run=run n=8 sampler.steps=50 out=fresh")
    assert fresh.code == 0
    spread = [np.std(part, axis=0).mean() for part in (low, middle, high)]
    assert spread == sorted(spread)
    assert np.abs(high - images(tmp_path / "fresh")).mean() < np.abs(low - high).mean()


def test_variations_are_told_level_by_level(command, run):
    result = command("look.py run=run variations=Bob n=3 sampler.steps=10")
    assert result.code == 0, result
    table = json.loads((run / "variations" / "variations.json").read_text())
    assert [row["n"] for row in table] == [3] * len(table)
    assert result.out.count("different of 3") == len(table)


def test_a_schedule_that_leaves_sprites_recognisable_is_named(command):
    good = command("look.py noising=Bob schedule=linear out=a")
    assert good.code == 0
    assert "pure noise" in good.out
    assert "schedule=zero_terminal" not in good.out
    short = "schedule=linear schedule.steps=100"
    assert "schedule=zero_terminal" in command(f"look.py noising=Bob {short} out=b").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("from=Nobody", "Nobody"),
        ("from=gone.png", "gone.png"),
        ("from=Bob noise_level=1.5", "noise_level"),
        ("from=Bob noise_level=0", "noise_level"),
    ],
)
def test_wrong_sprites_are_refused(command, run, tmp_path, words, expected):
    result = command(f"sample.py run=run {words} out=made")
    assert result.code == 2, result
    assert expected in result.err
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("look.py run=run panel=Bob variations=Bob", "one view"),
        ("look.py run=run", "one view"),
        ("look.py panel=Bob", "run="),
        ("look.py run=run panel=99999", "rows 0 to"),
        ("look.py run=run panl=Bob", "panl is not known; did you mean panel?"),
        ("look.py run=run panel=Bob hair=own", "hair is not known"),
        ("look.py noising=Bob hair=own", "hair is not known"),
        ("look.py run=run panel=Bob schedule=cosine", "leave out schedule=cosine"),
        ("sample.py run=run panel=Bob", "type: python look.py run=run panel=Bob"),
        ("sample.py noising=Bob", "type: python look.py noising=Bob"),
    ],
)
def test_wrong_views_are_refused(command, run, tmp_path, line, expected):
    result = command(f"{line} out=made")
    assert result.code == 2, result
    assert expected in result.err
    assert not (tmp_path / "made").exists()
