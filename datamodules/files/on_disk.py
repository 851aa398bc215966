"""An array in a large `.npy` file whose rows are read when they are asked for.

The file is not mapped: a process that touches a mapped page beyond the end of a file that somebody
has cut short dies of a SIGBUS, without a word.
"""

import os
from collections.abc import Callable
from copy import copy
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np

from datamodules.errors import DataError

View = Callable[[np.ndarray], np.ndarray]


class OnDisk:
    """Rows `(N, ...)` of a file: `array[rows]` reads those, `array[:]` reads all.

    The file stays open, so one that is removed or replaced by another can still be read.

    Args:
        path: the file.
        offset: bytes before the first row.
        shape: `(N, ...)`, row after row as C stores them.
        dtype: of a value.

    Attributes:
        shape: of the array.
        dtype: of a value.
    """

    def __init__(
        self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[np.generic]
    ) -> None:
        self.path, self.shape, self.dtype = path, shape, dtype
        self._offset, self._stored = offset, shape[1:]
        self._view: View = lambda rows: rows
        self._file = path.open("rb", buffering=0)
        self._state = self._state_now()

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def seen(self, view: View) -> "OnDisk":
        """The same file, with a view of its rows `(n, ...)` in their place."""
        other = copy(self)
        other._view = lambda rows: view(self._view(rows))
        other.shape = (len(self), *view(np.empty((1, *self.shape[1:]), self.dtype)).shape[1:])
        return other

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """A copy of these rows, by their numbers from 0.

        Raises:
            DataError: somebody wrote to the file since it was opened, or it cannot be read.
        """
        numbers = np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else rows
        size = prod(self._stored) * self.dtype.itemsize
        found = np.empty((len(numbers), size), np.uint8)
        gaps = np.flatnonzero(np.diff(numbers) != 1) + 1
        try:
            for start, end in pairwise([0, *gaps.tolist(), len(numbers)]):
                if start < end:
                    place = self._offset + size * int(numbers[start])
                    self._fill(found[start:end].data.cast("B"), place)
            changed = self._state_now() != self._state
        except OSError as error:
            raise DataError(
                f"{self.path} cannot be read any more ({error.strerror}); give it back, and the "
                "same command goes on."
            ) from error
        if changed:
            raise DataError(
                f"{self.path} was written to while it was in use, and other sprites are no "
                "longer those of this run; give the old file back to continue it, or another "
                "hydra.run.dir to begin anew."
            )
        return self._view(found.view(self.dtype).reshape(len(numbers), *self._stored))

    def _fill(self, buffer: memoryview, place: int) -> None:
        """Reads from that byte on, as far as the file reaches."""
        while read := os.preadv(self._file.fileno(), [buffer], place) if len(buffer) else 0:
            buffer, place = buffer[read:], place + read

    def _state_now(self) -> tuple[int, int]:
        now = os.fstat(self._file.fileno())
        return now.st_mtime_ns, now.st_size


def seen(array: np.ndarray | OnDisk, view: View) -> np.ndarray | OnDisk:
    """A view of an array's rows, wherever the array is."""
    return array.seen(view) if isinstance(array, OnDisk) else view(array)
