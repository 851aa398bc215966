"""Which pictures lie in a folder, and what is told apart from them."""

import os

import pytest

from datamodules.errors import DataError
from datamodules.files.folders import is_ours, pictures


def touch(path, *names):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"")


def found(path):
    return [file.relative_to(path).as_posix() for file in pictures(path)[1]]


def test_pictures_come_by_their_paths(tmp_path):
    touch(tmp_path, "b/2.PNG", "b/1.gif", "a.bmp", "c/d/e.webp", ".x/1.png", "c/.2.png")
    assert found(tmp_path) == ["a.bmp", "b/1.gif", "b/2.PNG", "c/d/e.webp"]
    assert pictures(tmp_path)[2] == []
    assert pictures(tmp_path / "a.bmp") == (tmp_path, [tmp_path / "a.bmp"], [])


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        ((".hydra/config.yaml",), True),
        (("checkpoints/last.ckpt", "metrics.csv"), True),
        (("manifest.json", "sprites.npz"), True),
        (("report.json",), True),
        (("checkpoints/a.png",), False),
        (("metrics.csv",), False),
        (("manifest.json",), False),
        (("sprites.npz",), False),
    ],
)
def test_what_this_program_wrote(tmp_path, names, ours):
    touch(tmp_path, "1.png", "in/2.png", *(f"in/{name}" for name in names))
    assert is_ours(os.listdir(tmp_path / "in")) == ours
    assert ("in/2.png" in found(tmp_path)) != ours
    assert bool(pictures(tmp_path)[2]) == (
        ours or names[0] in ("metrics.csv", "manifest.json", "sprites.npz")
    )


def test_all_bad_names_are_told_at_once(tmp_path):
    for name in (b"a\nb.png", b"c\x1bd.png", b"e.png"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
            pass
    with pytest.raises(DataError, match=r"'a\\nb.png', 'c\\x1bd.png'; rename them"):
        pictures(tmp_path)
