"""A folder of parts is the set that they are parts of."""

import numpy as np
import pytest

from datamodules.array import ArrayData
from datamodules.errors import DataError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (45, 8, 6, 3), dtype=np.uint8)
WHOLE = {
    "images": IMAGES,
    "labels": RNG.integers(0, 3, 45),
    "label_names": np.array(["one", "two", "three"]),
    "groups": np.arange(45) // 2,
    "names": np.array([f"sprite {k}" for k in range(45)]),
    "seeds": np.zeros(45, np.int64),
}
ONCE = ("label_names", "palette")


def write(folder, arrays, count=4):
    folder.mkdir()
    for k, rows in enumerate(np.array_split(np.arange(45), count)):
        part = {key: each if key in ONCE else each[rows] for key, each in arrays.items()}
        np.savez(folder / f"sprites-{k:05d}.npz", **part)
    return ArrayData(str(folder))


def test_parts_are_read_as_the_whole(tmp_path):
    np.savez(tmp_path / "whole.npz", **WHOLE)
    whole, parts = ArrayData(str(tmp_path / "whole.npz")), write(tmp_path / "parts", WHOLE)
    for data in (whole, parts):
        data.setup()
    assert parts.card["fingerprint"] == whole.card["fingerprint"]
    assert [parts.called(row) for row in range(45)] == [whole.called(row) for row in range(45)]
    every = np.arange(45)
    assert (parts.images(every) == whole.images(every)).all()
    assert (parts.labels(every) == whole.labels(every)).all()
    assert (parts.groups == whole.groups).all()


@pytest.mark.parametrize(
    "other",
    [
        {"images": IMAGES[:, :4]},
        {"images": IMAGES / 255},
        {"labels": None},
        {"label_names": np.array(["two", "one", "three"])},
    ],
    ids=["smaller", "of floats", "without labels", "of other labels"],
)
def test_what_is_no_part_of_the_same_set_is_refused(tmp_path, other):
    data = write(tmp_path / "parts", WHOLE)
    arrays = {key: each for key, each in (WHOLE | other).items() if each is not None}
    np.savez(tmp_path / "parts" / "sprites-00009.npz", **arrays)
    with pytest.raises(DataError, match=r"sprites-00009.npz and sprites-00000.npz are no parts"):
        data.setup()


def test_a_damaged_part_is_named(tmp_path):
    data = write(tmp_path / "parts", WHOLE)
    file = tmp_path / "parts" / "sprites-00002.npz"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match=r"sprites-00002.npz"):
        data.setup()


def test_a_folder_without_parts_holds_no_array(tmp_path):
    (tmp_path / "parts").mkdir()
    with pytest.raises(DataError, match="data=folder"):
        ArrayData(str(tmp_path / "parts")).setup()
