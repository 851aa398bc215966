"""Damaged and hostile NumPy files are refused with a sentence, and never believed."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from datamodules.errors import DataError
from datamodules.files import numpyfiles
from datamodules.files.numpyfiles import load_npy, load_npz, open_npy
from datamodules.files.on_disk import OnDisk, seen

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 4), dtype=np.uint8)


def header(shape, descr="|u1"):
    """The beginning of a `.npy` that promises an array of that shape."""
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_a_large_npy_stays_on_disk(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", IMAGES)
    assert not isinstance(open_npy(tmp_path / "a.npy"), OnDisk)
    monkeypatch.setattr("datamodules.files.numpyfiles.IN_MEMORY", 0)
    assert isinstance(open_npy(tmp_path / "a.npy"), OnDisk)
    np.save(tmp_path / "a.npy", np.asfortranarray(IMAGES))  # its rows lie scattered over the file
    assert (open_npy(tmp_path / "a.npy") == IMAGES).all()


@pytest.mark.parametrize("dtype", [np.uint8, bool, ">u2", np.float64])
@pytest.mark.parametrize("rows", [[3], [], [5, 6, 7, 2, 2, 19, 0], list(range(20))])
def test_rows_on_disk_are_those_of_the_array(tmp_path, monkeypatch, dtype, rows):
    monkeypatch.setattr("datamodules.files.numpyfiles.IN_MEMORY", 0)
    array = IMAGES.astype(dtype)
    np.save(tmp_path / "a.npy", array)
    there = open_npy(tmp_path / "a.npy")
    assert (there.shape, there.ndim, there.dtype, len(there)) == (array.shape, 4, array.dtype, 20)
    for part in (np.array(rows, np.int64), slice(None), slice(4, 90), slice(1, 15, 3)):
        assert (there[part] == array[part]).all()
    views = [lambda x: np.moveaxis(x, 3, 1), lambda x: x[:, :2, ::3], lambda x: x[..., None]]
    for view in views:
        there, array = seen(there, view), view(array)
        assert there.shape == array.shape
        assert (there[np.array([7, 1])] == array[[7, 1]]).all()


@pytest.mark.parametrize("size", [0, 5, 60, 130, 1000, 5247])
def test_a_truncated_npy(tmp_path, size):
    np.save(tmp_path / "a.npy", IMAGES)
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data[:size])
    assert size < len(data)
    with pytest.raises(DataError, match=r"a\.npy is (damaged|cut short).*save it again"):
        open_npy(tmp_path / "a.npy")


def test_a_header_that_lies_allocates_nothing(tmp_path):
    (tmp_path / "a.npy").write_bytes(header((10**12, 16, 16, 4)) + bytes(1000))
    with pytest.raises(DataError, match="is cut short"):
        open_npy(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", header((10**12, 16, 16, 4)) + bytes(1000))
    with pytest.raises(DataError, match="'images' in .* is cut short"):
        load_npz(tmp_path / "a.npz", ("images",))


class Trap:
    """Fails the test when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("was unpickled",)


def test_nothing_is_unpickled(tmp_path):
    objects = np.array([Trap()] * 9, dtype=object)
    np.save(tmp_path / "a.npy", objects)
    with pytest.raises(DataError, match="holds pickled Python objects"):
        open_npy(tmp_path / "a.npy")
    with pytest.raises(DataError, match="holds pickled Python objects"):
        load_npy(tmp_path / "a.npy", "data.labels_path")
    np.savez(tmp_path / "a.npz", images=objects)
    with pytest.raises(DataError, match="holds pickled Python objects"):
        load_npz(tmp_path / "a.npz", ("images",))
    (tmp_path / "a.npy").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(DataError, match="is damaged"):
        open_npy(tmp_path / "a.npy")
    np.savez(tmp_path / "a.npz", images=IMAGES, extra=objects)
    assert list(load_npz(tmp_path / "a.npz", ("images", "labels"))) == ["images"]


def test_bombs_stay_packed(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((1000, 16, 16, 4), np.uint8))
    assert load_npz(tmp_path / "a.npz", ("images",))["images"].shape == (1000, 16, 16, 4)
    monkeypatch.setattr(numpyfiles, "SUSPECT", 10**6)
    with pytest.raises(DataError, match="unpacks from .* to 1,024,128 bytes.*np.save"):
        load_npz(tmp_path / "a.npz", ("images",))
    monkeypatch.setattr(numpyfiles, "SUSPECT", 2**28)
    monkeypatch.setattr(numpyfiles, "MAX_ARRAY_BYTES", 10**6)
    with pytest.raises(DataError, match="too much for an .npz"):
        load_npz(tmp_path / "a.npz", ("images",))


def test_a_damaged_npz(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", images=IMAGES)
    data = (tmp_path / "a.npz").read_bytes()
    damaged = [data[:1000], data[:100] + bytes(100) + data[200:], b"hello", b""]
    for bad in damaged:
        (tmp_path / "a.npz").write_bytes(bad)
        with pytest.raises(DataError, match=r"a\.npz is damaged"):
            load_npz(tmp_path / "a.npz", ("images",))
    with pytest.raises(DataError, match="There is no file"):
        load_npz(tmp_path / "none.npz", ("images",))


def test_empty_arrays(tmp_path):
    np.save(tmp_path / "a.npy", IMAGES[:0])
    with pytest.raises(DataError, match=r"is an empty array of shape \(0, 8, 8, 4\)"):
        open_npy(tmp_path / "a.npy")
