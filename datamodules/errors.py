"""The one exception of this package: unusable data, said in one sentence with the remedy."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class DataError(ValueError):
    """The user's data cannot be used as it is; the message says what to do."""


def listed(names: Iterable[object], most: int = 4) -> str:
    """The first names with commas, and how many more there are."""
    every = [str(name) for name in names]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


@contextmanager
def reading(path: Path, kind: str, key: str = "data.path") -> Iterator[None]:
    """Whatever goes wrong inside becomes a DataError: damaged files make readers raise anything.

    Args:
        path: the file that is read.
        kind: what it should be, such as "PNG, GIF, BMP or WebP image".
        key: the word that named it.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder and no {kind}; for loose images use data=folder.")
    if not path.is_file():
        raise DataError(f"There is no file {path}; check {key}.")
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        why = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(f"{path} is damaged or no {kind} ({why}); save it again.") from error
