"""`data=array`: files of NumPy users, of the short course and of `sample.py` load as they are."""

import errno
import mmap
import os

import numpy as np
import pytest
import torch
from otherprocess import fork
from PIL import Image

from datamodules.array import COURSE_LABELS, ArrayData
from datamodules.errors import DataError
from datamodules.files.on_disk import OnDisk

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 8, 6, 4), dtype=np.uint8)
CANONICAL = IMAGES * (IMAGES[..., 3:] > 0)
HIDING = IMAGES.copy()
HIDING[:, :2, :, 3] = 0


def npz(path, **arrays):
    np.savez(path / "a.npz", **arrays)
    return ArrayData(str(path / "a.npz"))


def npy(path, array, **options):
    np.save(path / "a.npy", array)
    return ArrayData(str(path / "a.npy"), **options)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_both_files_and_both_layouts_hold_the_same(tmp_path, channels, first):
    array = CANONICAL[..., :channels].transpose(0, 3, 1, 2) if first else CANONICAL[..., :channels]
    every = np.arange(40)
    for sprites in (npy(tmp_path, array).read(), npz(tmp_path, images=array).read()):
        assert (sprites.take(every) == CANONICAL[..., :channels]).all()
        assert sprites.notes == ()


@pytest.fixture
def on_disk(monkeypatch):
    """As if every file were large."""
    monkeypatch.setattr("datamodules.files.numpyfiles.IN_MEMORY", 0)


@pytest.mark.parametrize("way", ["in place", "touched", "replaced", "removed"])
def test_a_file_that_is_written_to_while_it_is_used_is_noticed(tmp_path, on_disk, way):
    data = npy(tmp_path, CANONICAL, batch_size=8)
    data.setup()
    before, file = data.images(np.arange(40)), tmp_path / "a.npy"
    if way == "in place":
        with file.open("r+b") as opened:
            opened.seek(-1, 2)
            opened.write(b"\x07")
    elif way == "touched":
        os.utime(file, ns=(1, 1))
    elif way == "replaced":
        np.save(tmp_path / "b.npy", CANONICAL[::-1])
        os.replace(tmp_path / "b.npy", file)
    else:
        file.unlink()
    if way in ("replaced", "removed"):  # the file that was opened lives on
        assert torch.equal(data.images(np.arange(40)), before)
    else:
        with pytest.raises(DataError, match=r"a\.npy was written to while it was in use"):
            data.images(np.arange(40))


def read_until_it_is_cut(data, size, end):
    """Every row before and after; what was said goes into the pipe."""
    data.setup()
    data.images(np.arange(len(data.sprites)))
    os.truncate(data.path, size)
    try:
        data.images(np.arange(len(data.sprites)))
    except DataError as error:
        end.send(str(error))


@pytest.mark.parametrize("size", [0, 500, 2 * mmap.PAGESIZE])
def test_a_large_file_that_is_cut_short_kills_nobody(tmp_path, on_disk, size):
    """In a process of its own: one that had mapped the file would die of a SIGBUS."""
    images = RNG.integers(0, 256, (100, 16, 16, 4), np.uint8)
    here, there = fork.Pipe()
    data = npy(tmp_path, images, batch_size=8)
    process = fork.Process(target=read_until_it_is_cut, args=(data, size, there))
    process.start()
    there.close()
    assert "a.npy was written to while it was in use" in here.recv()
    process.join()
    assert process.exitcode == 0


def test_a_file_that_cannot_be_read_any_more_is_a_sentence(tmp_path, on_disk, monkeypatch):
    data = npy(tmp_path, CANONICAL, batch_size=8)
    data.setup()

    def gone(*_):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(os, "preadv", gone)
    with pytest.raises(DataError, match=r"a\.npy cannot be read any more \(Stale file handle\)"):
        data.images(np.arange(4))


@pytest.mark.parametrize("size", [0, 500])
def test_a_small_file_may_be_cut_short_while_it_is_used(tmp_path, size):
    """It is in memory."""
    data = npy(tmp_path, CANONICAL, batch_size=8)
    data.setup()
    before = data.images(np.arange(40))
    os.truncate(tmp_path / "a.npy", size)
    assert torch.equal(data.images(np.arange(40)), before)


def test_a_large_npy_stays_on_disk(tmp_path, on_disk):
    for array in (HIDING, HIDING.transpose(0, 3, 1, 2), IMAGES.repeat(2, 1).repeat(2, 2)):
        assert isinstance(npy(tmp_path, array).read().images, OnDisk)


@pytest.mark.parametrize("make", [npy, lambda path, array: npz(path, images=array)])
def test_hidden_colours_are_removed_and_said(tmp_path, make):
    sprites = make(tmp_path, HIDING).read()
    taken = sprites.take(np.arange(40))
    assert (taken[..., 3] == HIDING[..., 3]).all()
    assert (taken[HIDING[..., 3] > 0] == HIDING[HIDING[..., 3] > 0]).all()
    assert (taken[HIDING[..., 3] == 0] == 0).all()
    assert "Colours under full transparency" in sprites.notes[0]


def test_enlarged_sprites_come_back_to_their_grid(tmp_path):
    sprites = npy(tmp_path, CANONICAL.repeat(3, 1).repeat(3, 2)).read()
    assert (sprites.take(np.arange(40)) == CANONICAL).all()
    assert sprites.notes == ("The sprites were enlarged 3 times; the true grid is used.",)


def test_everything_that_an_npz_may_hold(tmp_path):
    sprites = npz(
        tmp_path,
        images=IMAGES,
        labels=np.arange(40) % 3,
        label_names=np.array(["a", "b", "c"]),
        groups=np.arange(40) // 2,
        names=np.array([f"sprite {k}" for k in range(40)]),
        seeds=np.arange(40),
    ).read()
    assert sprites.labels.tolist() == [k % 3 for k in range(40)]
    assert sprites.label_names == ("a", "b", "c")
    assert sprites.groups.tolist() == [k // 2 for k in range(40)]
    assert sprites.names[7] == "sprite 7"


def test_the_course(tmp_path):
    images = RNG.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    np.save(tmp_path / "labels.npy", np.eye(5)[np.arange(40) % 5])
    data = npy(tmp_path, images, labels_path=str(tmp_path / "labels.npy"))
    sprites = data.read()
    assert sprites.label_names == COURSE_LABELS
    assert sprites.labels.tolist() == [k % 5 for k in range(40)]
    np.save(tmp_path / "a.npy", images[:, :8])
    assert data.read().label_names == ("0", "1", "2", "3", "4")
    assert npz(tmp_path, images=images, labels=np.arange(40) % 2).read().label_names == ("0", "1")


INDICES = RNG.integers(0, 4, (40, 8, 8))
COLOURS = np.array([[0, 0, 0], [255, 0, 255], [90, 80, 70], [1, 2, 3]], np.uint8)


def test_indices_and_masks_are_no_black_pictures(tmp_path):
    assert (npz(tmp_path, images=INDICES, palette=COLOURS).read().images == COLOURS[INDICES]).all()
    refused(npz(tmp_path, images=INDICES), "from 0 to 3, which may be", "data.palette=FILE")
    np.save(tmp_path / "colours.npy", COLOURS)
    for palette in (str(tmp_path / "colours.npy"), [bytes(c).hex() for c in COLOURS]):
        read = npy(tmp_path, INDICES, palette=palette).read()
        assert (read.images == COLOURS[INDICES]).all()
        assert "Numbers were read as indices of a palette of 4 colours." in read.notes
    assert npy(tmp_path, INDICES, values="stretch").read().images.max() == 255
    assert npy(tmp_path, INDICES, values="levels").read().images.max() == 3
    masks = npy(tmp_path, INDICES > 1).read()
    numbers = npy(tmp_path, (INDICES > 1).astype(np.int64)).read()
    assert (numbers.images == masks.images).all()


def test_a_flat_background_of_an_array(tmp_path, on_disk):
    images = CANONICAL[..., :3].copy()
    images[:, [0, -1]], images[:, :, [0, -1]] = (255, 0, 255), (255, 0, 255)
    sprites = npy(tmp_path, images).read()
    assert isinstance(sprites.images, OnDisk)
    assert "The flat colour ff00ff lies round the sprites" in sprites.notes[0]
    assert npy(tmp_path, images, background="keep").read().notes == ()
    for background in ("transparent", "ff00ff"):
        read = npy(tmp_path, images, background=background).read()
        shown = (images != (255, 0, 255)).any(axis=-1)
        assert ((read.images[..., 3] > 0) == shown).all()
        assert (read.images[shown][:, :3] == images[shown]).all()


def test_sprites_without_a_label(tmp_path):
    labels = np.arange(40) % 3 - 1
    data = npz(tmp_path, images=IMAGES, labels=labels, label_names=np.array(["a", "b"]))
    data.setup()
    assert data.sprites.labels.tolist() == labels.tolist()
    assert data.card["labels"] == {"a": 13, "b": 13}
    assert sum(data.label_frequencies) == pytest.approx(1)
    assert "14 sprites with the label -1 count as unlabelled." in data.card["notes"]
    nobody = npz(tmp_path, images=IMAGES, labels=np.full(40, -1))
    nobody.setup()
    assert nobody.sprites.labels is None
    assert nobody.classes == 0


def test_labels_of_objects_are_told_how_to_be_saved(tmp_path):
    words = np.array(["a", "b"] * 20, object)
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=words, allow_pickle=True)
    refused(ArrayData(str(tmp_path / "a.npz")), "'labels' in", "np.array(words, dtype=str)")
    (tmp_path / "labels.txt").write_text("\n".join(words))
    read = npy(tmp_path, IMAGES, labels_path=str(tmp_path / "labels.txt")).read()
    assert read.label_names == ("a", "b")


def test_floats_are_read_with_a_note(tmp_path):
    sprites = npy(tmp_path, (CANONICAL[..., :3] / 255).astype(np.float32)).read()
    assert (sprites.images == CANONICAL[..., :3]).all()
    assert sprites.notes == ("float32 values from 0 to 1 were read as uint8.",)


def refused(data, *words):
    with pytest.raises(DataError) as error:
        data.setup()
    for word in words:
        assert word in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_other_files(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    refused(ArrayData(str(tmp_path / "a.png")), "data=folder", "data=sheet")
    refused(ArrayData(str(tmp_path)), "use data=folder")
    refused(ArrayData(str(tmp_path / "none.npy")), "There is no file")
    refused(npz(tmp_path, sprites=IMAGES), "holds no array called 'images'", "np.savez")


def test_lengths_that_differ(tmp_path):
    for what in ("labels", "groups"):
        refused(
            npz(tmp_path, images=IMAGES, **{what: np.zeros(7, int)}), f"7 {what}", "40 sprites"
        )
    refused(npz(tmp_path, images=IMAGES, names=np.array(["a"])), "1 names; give one for each")
    np.save(tmp_path / "labels.npy", np.zeros(41))
    refused(npy(tmp_path, IMAGES, labels_path=str(tmp_path / "labels.npy")), "41 labels")


def test_groups_are_whole_numbers(tmp_path):
    refused(npz(tmp_path, images=IMAGES, groups=np.zeros(40)), "'groups'", "whole numbers")
    refused(npz(tmp_path, images=IMAGES, groups=np.zeros((40, 2), int)), "whole numbers")


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.full((40, 8, 8, 3), np.nan), "NaN"),
        (IMAGES * 1.5, "from 0 to 382.5"),
        (IMAGES / 254, "lie between"),
        (IMAGES[0], "has the shape (8, 6, 4)"),
        (IMAGES[..., :2], "1, 3 or 4 channels"),
        (RNG.integers(0, 256, (9, 257, 8, 3), dtype=np.uint8), "at most 256 x 256"),
        (np.zeros((9, 257, 8, 3), np.uint8), "at most 256 x 256"),
        (IMAGES[[0, 1, 2, 3, 4, 5, 6] * 5], "Only 7 distinct"),
        (IMAGES.astype("U3"), "save it as uint8"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path, array, word):
    refused(npy(tmp_path, array), word)
    refused(npz(tmp_path, images=array), word)


def test_real_arrays(real):
    for name, size in (("dawnlike_16", 16), ("ninja_16", 16), ("dcss_32", 32)):
        data = ArrayData(str(real(f"{name}.npz")))
        data.setup()
        with np.load(real(f"{name}.npz")) as arrays:
            assert data.shape == (4, size, size)
            assert (data.sprites.images == arrays["images"]).all()
            assert data.label_names == tuple(arrays["label_names"])
            assert data.card["distinct"] == len(arrays["images"])
            assert data.card["notes"] == []
            if "groups" in arrays:
                kinds = [np.unique(arrays["groups"][rows]) for rows in data.split.values()]
                assert len(np.unique(np.concatenate(kinds))) == sum(map(len, kinds))
