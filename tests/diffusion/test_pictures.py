"""Laws of pictures that others read again."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from diffusion.engines.base import Layout
from diffusion.pictures import captioned, gif, named_rows, shortened, transparent_png, write

WORDS = st.text(st.sampled_from("abc/_ "), max_size=30)


@pytest.mark.parametrize(
    ("n", "shape"), [(1, (4, 5, 3)), (7, (4, 3, 5)), (9, (3, 2, 2)), (6, (1, 4, 4))]
)
def test_sprite_k_is_in_the_kth_cell_of_a_sheet_with_its_alpha(tmp_path, n, shape):
    images = torch.randint(256, (n, *shape), dtype=torch.uint8)
    (tmp_path / "sheet.png").write_bytes(transparent_png(Layout().sheet(images)))
    with Image.open(tmp_path / "sheet.png") as file:
        pixels = np.asarray(file).reshape(file.height, file.width, shape[0])
    _, height, width = shape
    columns = pixels.shape[1] // width
    assert columns == np.ceil(np.sqrt(n))
    cells = [
        pixels[y : y + height, x : x + width]
        for y in range(0, pixels.shape[0], height)
        for x in range(0, columns * width, width)
    ]
    for cell, image in zip(cells, images, strict=False):
        assert (cell == image.permute(1, 2, 0).numpy()).all()
    assert not np.any(cells[n:])


@given(WORDS, WORDS, WORDS, WORDS, st.integers(60, 150), st.integers(1, 2))
def test_names_that_differ_are_still_different_when_they_are_short(
    start, one, other, end, room, lines
):
    """Wherever it is that they differ."""
    names = [start + one + end, start + other + end]
    shown = shortened(names, 12, room, lines)
    assert (shown[0] == shown[1]) == (names[0] == names[1])


@pytest.mark.parametrize("lines", [1, 2])
def test_names_alike_in_long_parts_keep_what_is_their_own(lines):
    kinds = [f"set/characters/a_{kind}_of_the_south_walking_left" for kind in ("knight", "mage")]
    frames = [f"set/characters/knight_of_the_south_frame_{k:03}" for k in (0, 1, 12)]
    shown = shortened(kinds + frames, 12, 104, lines)
    assert len({*shown}) == 5
    for name in shown:
        page = Image.new("L", (200, 60))
        write(ImageDraw.Draw(page), (0, 30), name, 12, 255, room=104, lines=lines)
        free = Image.new("L", (200, 60))
        write(ImageDraw.Draw(free), (0, 30), name, 12, 255, room=104, lines=9)
        assert page.tobytes() == free.tobytes()  # nothing more is left out
    assert [k in s for k, s in zip(("knight", "mage"), shortened(kinds, 12, 104), strict=True)]
    assert shortened(["Bob", "Fred"], 12, 104) == ["Bob", "Fred"]
    numbers = [f"knights_of_the_south/{k:02}_walking_to_the_left" for k in (1, 4, 14)]
    for name, number in zip(shortened(numbers, 12, 104), ("…01…", "…04…", "…14…"), strict=True):
        assert number in name


@pytest.mark.parametrize(
    "text",
    [
        "villager 619, knight 1332, villager 113 or 736 others",
        "set/characters/heroes/knight_of_the_south_walking_left_000",
        "x" * 99,
    ],
)
@pytest.mark.parametrize("lines", [1, 2, 4])
def test_text_keeps_to_its_room_and_shows_its_end(text, lines):
    page = Image.new("L", (400, 120))
    width = write(ImageDraw.Draw(page), (10, 60), text, 15, 255, room=150, lines=lines)
    left, top, right, bottom = page.getbbox()
    assert 75 < width <= 150
    assert (left >= 9, right <= 161) == (True, True)
    assert bottom - top <= 15 * 1.25 * lines + 4
    end = Image.new("L", (400, 120))
    other = text[:-1] + ("1" if text[-1] != "1" else "2")
    write(ImageDraw.Draw(end), (10, 60), other, 15, 255, room=150, lines=lines)
    assert end.tobytes() != page.tobytes()


@pytest.mark.parametrize(("frames", "seconds"), [(2, 4.0), (11, 4.0), (41, 4.0), (11, 13.2)])
def test_a_film_ends_held(frames, seconds):
    made = [Image.new("RGB", (8, 8), (6 * k, 0, 0)) for k in range(frames)]
    with Image.open(io.BytesIO(gif(made, seconds))) as film:
        assert film.n_frames == frames
        durations = []
        for k in range(frames):
            film.seek(k)
            durations.append(film.info["duration"])
    assert max(durations[:-1]) == min(durations[:-1])
    assert durations[-1] >= max(1500, 2 * durations[0])


def test_captions_leave_the_picture_as_it_is():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 200, 3), np.uint8))
    pixels = np.asarray(picture)
    below = np.asarray(captioned(picture, ["left", "right"]))
    titled = np.asarray(captioned(picture, ["left", "right"], "what is seen"))
    rows = np.asarray(named_rows([picture, picture], ["one", "other"]))
    assert (below[:40] == pixels).all()
    assert (titled[-60:-20] == pixels).all()
    assert (rows[:40, -200:] == pixels).all()
    assert (rows[:40, :-200] != rows[40:, :-200]).any()
