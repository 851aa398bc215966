"""Frames from animations, rows of squares, folders and arrays."""

import numpy as np
import pytest
from PIL import Image

from datamodules.errors import DataError
from datamodules.files.strips import MOST, strips

RNG = np.random.default_rng(0)
FRAMES = RNG.choice(np.array([[255, 0, 0, 255], [0, 0, 255, 255]], np.uint8), (3, 6, 6))


def write_gif(path):
    first, *others = map(Image.fromarray, FRAMES)
    first.save(path, save_all=True, append_images=others, duration=80, disposal=2)


def write_row(path):
    Image.fromarray(np.hstack([*FRAMES])).save(path)


@pytest.mark.parametrize(("write", "name"), [(write_gif, "walk.gif"), (write_row, "walk.png")])
def test_frames_are_read_exactly(tmp_path, write, name):
    write(tmp_path / name)
    ((called, frames),), notes = strips(tmp_path / name)
    assert called == name
    assert not notes
    assert (frames == FRAMES).all()


def test_a_folder_holds_several_and_says_what_was_left_out(tmp_path):
    write_gif(tmp_path / "a.gif")
    write_row(tmp_path / "b.png")
    Image.fromarray(FRAMES[0]).save(tmp_path / "single.png")
    found, notes = strips(tmp_path)
    assert [name for name, _ in found] == ["a.gif", "b.png"]
    assert notes == ["What has one frame was left out: single.png."]


def test_an_array_holds_strips(tmp_path):
    np.savez(tmp_path / "s.npz", frames=np.stack([FRAMES, FRAMES[::-1]]))
    found, _ = strips(tmp_path / "s.npz")
    assert [name for name, _ in found] == ["s.npz[0]", "s.npz[1]"]
    assert (found[1][1] == FRAMES[::-1]).all()


@pytest.mark.parametrize(
    "array", [FRAMES, FRAMES[None].astype(float), FRAMES[None, :1], FRAMES[None, ..., :2]]
)
def test_other_arrays_are_refused(tmp_path, array):
    np.savez(tmp_path / "s.npz", frames=array)
    with pytest.raises(DataError, match="frames"):
        strips(tmp_path / "s.npz")


def test_pictures_without_frames_are_refused(tmp_path):
    Image.fromarray(FRAMES[0]).save(tmp_path / "single.png")
    with pytest.raises(DataError, match="holds no frames: give"):
        strips(tmp_path / "single.png")
    with pytest.raises(DataError, match="check motion="):
        strips(tmp_path / "nothing.gif")
    Image.fromarray(np.zeros((1, MOST + 1, 4), np.uint8)).save(tmp_path / "long.png")
    with pytest.raises(DataError, match="at most"):
        strips(tmp_path / "long.png")
