"""Palettes in every form hold the same colours in the same order."""

import numpy as np
import pytest
from PIL import Image
from rawfiles import RGB, png

from datamodules.errors import DataError
from datamodules.files.palettes import as_palette, read_palette

COLOURS = np.array([[0, 0, 0], [255, 0, 255], [26, 26, 46], [1, 2, 3]], np.uint8)
WORDS = [bytes(colour).hex() for colour in COLOURS]


def test_every_form(tmp_path):
    (tmp_path / "a.hex").write_text("\n".join(WORDS).upper())
    (tmp_path / "a.txt").write_text("".join(f"#{word}\r\n" for word in WORDS))
    rows = "\n".join(f"{r:3} {g:3} {b:3}\tname 7" for r, g, b in COLOURS)
    (tmp_path / "a.gpl").write_text(f"GIMP Palette\nName: x\n#\n{rows}\n")
    np.save(tmp_path / "a.npy", COLOURS)
    np.save(tmp_path / "b.npy", COLOURS / 255)
    (tmp_path / "a.png").write_bytes(png(COLOURS[[0, 1, 1, 0, 2, 3]][None], 8, RGB))
    forms = [
        str(tmp_path / name) for name in ("a.hex", "a.txt", "a.gpl", "a.npy", "b.npy", "a.png")
    ]
    for form in (*forms, WORDS, tuple(WORDS), [f"#{word}" for word in WORDS]):
        assert (read_palette(form) == COLOURS).all(), form
    assert (read_palette(["ff00ff80", "112233"]) == [[255, 0, 255, 128], [17, 34, 51, 255]]).all()
    assert (read_palette([112233]) == [[17, 34, 51]]).all()  # a word of digits arrives as a number


def test_what_is_no_palette(tmp_path):
    for words in (["magenta"], [], ["fff"], [12]):
        with pytest.raises(DataError, match="holds no colours; give six hex digits"):
            read_palette(words)
    (tmp_path / "a.hex").write_text("hello")
    with pytest.raises(DataError, match="a.hex holds no colours"):
        read_palette(str(tmp_path / "a.hex"))
    with pytest.raises(DataError, match=r"There is no file .*check data\.palette"):
        read_palette(str(tmp_path / "none.hex"))
    with pytest.raises(DataError, match=r"shape \(4,\); give rows of 3 or 4"):
        as_palette(np.zeros(4), "It")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert read_palette(str(tmp_path / "a.png")).tolist() == [[0, 0, 0]]
