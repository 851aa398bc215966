"""Labels as users have them, brought to numbers from 0 and one name for each."""

import numpy as np

from datamodules.errors import DataError

Names = tuple[str, ...]


def numbered(labels: np.ndarray, names: Names, what: str) -> tuple[np.ndarray, Names]:
    """Labels int64 `(N,)` and their names.

    Args:
        labels: numbers or words `(N,)` or `(N, 1)`, or one-hot rows `(N, K)`.
        names: one per label number; empty to name the labels after what stands in `labels`.
        what: what to call the array in messages.

    Raises:
        DataError: rows are not one-hot, numbers are not whole, or a number has no name.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "biuf":
        binary = ((labels == 0) | (labels == 1)).all()
        if not binary or (labels.sum(axis=1) != 1).any():
            raise DataError(f"{what} are not one-hot in every row; give one number per sprite.")
        names = names or tuple(str(column) for column in range(labels.shape[1]))
        labels = labels.argmax(axis=1)
    if labels.ndim != 1 or labels.dtype.kind not in "biufUS":
        raise DataError(
            f"{what} have the shape {labels.shape} and type {labels.dtype};"
            " give one number or word per sprite, or one-hot rows."
        )
    if labels.dtype.kind == "f" and (labels != np.rint(labels)).any():
        raise DataError(f"{what} are not whole numbers; give one label number per sprite.")
    if labels.dtype.kind in "US" or not names:
        values, labels = np.unique(labels, return_inverse=True)
        return labels.astype(np.int64), tuple(_word(value) for value in values)
    if labels.min() < 0 or labels.max() >= len(names):
        raise DataError(
            f"{what} reach from {labels.min()} to {labels.max()} and there are {len(names)} label"
            " names; number the labels from 0 and name each."
        )
    return labels.astype(np.int64), names


def _word(value: np.generic) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value) if isinstance(value, str) else f"{value:g}"
