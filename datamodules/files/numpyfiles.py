"""NumPy files read with suspicion: nothing is unpickled, and no header is taken at its word."""

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from datamodules.errors import DataError, reading
from datamodules.files.on_disk import OnDisk

Header = tuple[tuple[int, ...], bool, np.dtype[np.generic]]
MAX_ARRAY_BYTES = 8 * 2**30  # bytes of one array in an .npz, which has to fit into memory
WORDS = ("labels.npy", "label_names.npy", "names.npy")
IN_MEMORY = 2**27  # bytes of a .npy that is read whole
ATTRIBUTE = "attribute."  # so begin the names of arrays that hold one attribute each
SUSPECT, RATIO = 2**28, 200  # larger than this and compressed more than this is a bomb


def load_npy(path: Path, key: str) -> np.ndarray:
    """The array of a `.npy` file.

    Args:
        path: the file.
        key: the word that named it.

    Raises:
        DataError: the file is missing, cut short, empty, or holds pickled objects.
    """
    with reading(path, "complete .npy file", key):
        with path.open("rb") as stream:
            _check_header(stream, path.stat().st_size, str(path), key == "data.path")
        return np.load(path)


def open_npy(path: Path) -> np.ndarray | OnDisk:
    """The sprites of a `.npy` file; a large one whose rows follow each other is left on disk.

    Raises:
        DataError: as `load_npy`.
    """
    with reading(path, "complete .npy file"):
        with path.open("rb") as stream:
            size = path.stat().st_size
            shape, columns_first, dtype = _check_header(stream, size, str(path), True)
            if size > IN_MEMORY and not columns_first:
                return OnDisk(path, stream.tell(), shape, dtype)
        return np.load(path)  # nobody can change it there


def load_npz(path: Path, wanted: tuple[str, ...], beginning: str = "") -> dict[str, np.ndarray]:
    """Those of the wanted arrays that an `.npz` file has, and those whose names begin so.

    Raises:
        DataError: the file is missing or damaged, or a wanted array is pickled, empty or huge.
    """
    with reading(path, "complete .npz file"), zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if beginning:
            wanted += tuple(name for name in members if name.startswith(beginning))
        return {
            name: _member(archive, members[name], f"{name!r} in {path}")
            for name in wanted
            if name in members
        }


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, what: str) -> np.ndarray:
    bomb = info.file_size > SUSPECT and info.file_size > RATIO * info.compress_size
    if bomb or info.file_size > MAX_ARRAY_BYTES:
        raise DataError(
            f"{what} unpacks from {info.compress_size:,} to {info.file_size:,} bytes, too much for"
            " an .npz; save the images alone with np.save and give that .npy."
        )
    with archive.open(info) as stream:
        _check_header(stream, info.file_size, what, info.filename not in WORDS)
    with archive.open(info) as stream:
        return npy.read_array(stream, allow_pickle=False)


def _check_header(stream: IO[bytes], size: int, what: str, images: bool) -> Header:
    """Shape, order and type; refuses those that do not match the `size` of the file.

    Args:
        stream: at its beginning.
        size: bytes of the file.
        what: what to call the array in messages.
        images: whether it should hold pictures; else words.
    """
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, columns_first, dtype = read(stream)
    if dtype.hasobject:
        remedy = "np.stack(sprites) of type uint8" if images else "np.array(words, dtype=str)"
        raise DataError(
            f"{what} holds pickled Python objects, which could run code;"
            f" save it as one plain array, such as {remedy}."
        )
    if 0 in shape:
        raise DataError(f"{what} is an empty array of shape {shape}; give at least 8 sprites.")
    if math.prod(shape) * dtype.itemsize > size - stream.tell():
        raise DataError(f"{what} is cut short, its header promises more; save it again.")
    return shape, columns_first, dtype
