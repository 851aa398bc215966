"""Paths as people type them."""

import unicodedata

import pytest

from datamodules.errors import DataError
from datamodules.files.paths import typed


@pytest.mark.parametrize(
    "name", ["my sprites", "a[1]", "b(2)", "čaj", "スプライト", "it's", "a=b", "x,y", "#1", "2024"]
)
def test_any_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    assert typed(name).is_dir()
    assert typed(str(tmp_path / name)).is_dir()


def test_home_and_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "2024").mkdir()
    assert typed("~/2024") == tmp_path / "2024"
    assert typed(2024).is_dir()
    (tmp_path / "1.5").mkdir()
    assert typed(1.5).is_dir()
    for lost in (1e20, 2.5, 20241, True):
        with pytest.raises(
            DataError, match=r"There is nothing at data\.path=.* quote them: \"data"
        ):
            typed(lost)
    for nothing in (None, ["a"]):
        with pytest.raises(DataError, match="is no name; give one file or folder"):
            typed(nothing)
    with pytest.raises(DataError, match="data.layers is empty"):
        typed(" ", "data.layers")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_in_either_spelling(tmp_path, form):
    other = "NFD" if form == "NFC" else "NFC"
    (tmp_path / unicodedata.normalize(form, "épée")).mkdir()
    assert typed(str(tmp_path / unicodedata.normalize(other, "épée"))).is_dir()
