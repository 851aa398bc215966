"""A folder of `.npz` files that are parts of one set, as `sample.py shards=` leaves them."""

from pathlib import Path

import numpy as np

from datamodules.errors import DataError
from datamodules.files.numpyfiles import ATTRIBUTE, load_npz

PER_SPRITE = ("images", "labels", "groups", "names")


def shards_in(folder: Path) -> list[Path]:
    """The parts, in the order of their names."""
    return sorted(folder.glob("*.npz"))


def load_shards(
    parts: list[Path], wanted: tuple[str, ...], beginning: str = ""
) -> dict[str, np.ndarray]:
    """Those of the wanted arrays that the parts have, one after the other, and those whose names
    begin so.

    Raises:
        DataError: a part is damaged, or has other arrays, shapes or names than the first.
    """
    if len(parts) == 1:
        return load_npz(parts[0], wanted, beginning)
    first, *others = found = [load_npz(part, wanted, beginning) for part in parts]
    for part, other in zip(parts[1:], others, strict=True):
        if not _go_together(first, other):
            raise DataError(
                f"{part} and {parts[0].name} are no parts of one set, for their arrays, sizes or "
                "names differ; keep such parts alone in a folder."
            )
    return {
        key: np.concatenate([each[key] for each in found]) if _per_sprite(key) else first[key]
        for key in first
    }


def _go_together(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Whether two parts have the same arrays, sprites of one size, and equal lists of names."""
    if one.keys() != other.keys():
        return False
    return all(
        one[key].ndim > 0 < other[key].ndim
        and one[key].shape[1:] == other[key].shape[1:]
        and one[key].dtype.kind == other[key].dtype.kind
        if _per_sprite(key)
        else np.array_equal(one[key], other[key])
        for key in one
    )


def _per_sprite(key: str) -> bool:
    return key in PER_SPRITE or key.startswith(ATTRIBUTE)
