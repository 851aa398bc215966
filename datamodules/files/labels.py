"""Labels as users have them, brought to numbers from 0 and one name for each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datamodules.errors import DataError, reading
from datamodules.files.numpyfiles import load_npy

Names = tuple[str, ...]
UNLABELLED = -1
PARTS = {"train", "training", "val", "valid", "validation", "dev", "eval", "test", "testing"}


def read_labels(path: Path) -> np.ndarray:
    """Labels of a `.npy` file, or of a text file with one of them per line.

    Raises:
        DataError: the file is missing, damaged or of another kind.
    """
    if path.suffix.lower() == ".npy":
        return load_npy(path, "data.labels_path")
    if path.suffix.lower() not in (".txt", ".csv", ".tsv"):
        raise DataError(f"{path} is no .npy, .txt or .csv file; save one label per line as text.")
    with reading(path, "text of one label per line", "data.labels_path"):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DataError(f"{path} is empty; write one label per line.")
    if any("," in line or "\t" in line or ";" in line for line in lines):
        raise DataError(
            f"{path} has several columns; keep the labels only, one per line, in the order of the"
            " sprites."
        )
    return np.array([line.strip() for line in lines])


def numbered(labels: np.ndarray, names: Names, what: str) -> tuple[np.ndarray, Names, list[str]]:
    """Labels int64 `(N,)`, -1 where there is none, their names, and a note on those without.

    Args:
        labels: numbers or words `(N,)` or `(N, 1)`, or one-hot rows `(N, K)`. The number -1 and
            the empty word are no label.
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
    words = labels.dtype.kind in "US"
    missing = np.char.str_len(labels) == 0 if words else labels == UNLABELLED
    if not words and labels.min() < UNLABELLED:
        raise DataError(
            f"{what} reach from {labels.min():g} to {labels.max():g}; number the labels from 0,"
            " with -1 for a sprite without a label."
        )
    numbers = np.full(len(labels), UNLABELLED, np.int64)
    if words or not names:
        values, which = np.unique(labels[~missing], return_inverse=True)
        names = tuple(_word(value) for value in values)
    else:
        which = labels[~missing].astype(np.int64)
        if len(which) and which.max() >= len(names):
            raise DataError(
                f"{what} reach from {which.min()} to {which.max()} and there are {len(names)}"
                " label names; number the labels from 0 and name each."
            )
    numbers[~missing] = which
    count = int(missing.sum())
    kind = "an empty label" if words else "the label -1"
    return numbers, names, [f"{count:,} sprites with {kind} count as unlabelled."] if count else []


def of_folders(
    paths: Sequence[Path], depth: int | None, above: str
) -> tuple[np.ndarray | None, Names, list[str]]:
    """Labels int64 `(N,)` from the folders that pictures lie in, their names, and notes.

    Without a depth the whole path of folders is the label, but for what all share and for
    `train`, `test` and their like, which say nothing about a sprite.

    Args:
        paths: of the pictures, below the folder of the data.
        depth: how many folders make a label, 0 for no labels; None for all.
        above: the name of the folder of the data, the label of pictures that lie right in it.
    """
    folders = [path.parts[:-1] for path in paths]
    notes = []
    if depth is None:
        for end in (0, -1):
            found = {parts[end] for parts in folders if parts}
            if found and {name.lower() for name in found} <= PARTS:
                folders = [parts[1:] if end == 0 else parts[:-1] for parts in folders]
                listed = ", ".join(sorted(found))
                notes.append(f"The folders {listed} are no labels, and the split is made anew.")
        while all(folders) and len({parts[0] for parts in folders}) == 1:
            folders = [parts[1:] for parts in folders]
    kept = [parts if depth is None else parts[:depth] for parts in folders]
    if len({*kept} - {()}) < 2:
        return None, (), notes
    names, labels = np.unique(["/".join(parts) or above for parts in kept], return_inverse=True)
    if depth is None and max(map(len, kept)) > 1:
        notes.append(
            f"The whole path of a folder is its label, such as {names[-1]};"
            " data.label_depth=1 takes the first folder only."
        )
    return labels.astype(np.int64), tuple(names.tolist()), notes


def _word(value: np.generic) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value) if isinstance(value, str) else f"{value:g}"
