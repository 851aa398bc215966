"""What lies in a folder: pictures by their paths, and what is left out and why."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from datamodules.errors import DataError, listed
from datamodules.files.images import FORMATS

MAX_ENTRIES = 200_000  # files and folders below one
UNPRINTABLE = ("Cc", "Cs")  # control characters, and what is not UTF-8: no file could hold them
OURS = (  # what tells a folder that this program wrote: all of one row
    (".hydra",),
    ("checkpoints", "metrics.csv"),
    ("manifest.json", "sprites.npz"),
    ("report.json",),
    ("motion.json",),
)


def pictures(path: Path) -> tuple[Path, list[Path], list[str]]:
    """The folder above, all image files in the order of their paths, and notes.

    Args:
        path: a folder, or one file.

    Raises:
        DataError: nothing is there, no picture is among it, or a name cannot be printed.
    """
    if not path.exists():
        raise DataError(f"There is nothing at {path}; check data.path.")
    if path.is_dir() and is_ours(os.listdir(path)):
        sprites = path / "sprites.npz"
        remedy = (
            f"its sprites are data=array data.path={sprites}"
            if sprites.is_file()
            else "give the folder of your own pictures"
        )
        raise DataError(f"{path} was written by this program and is no data; {remedy}.")
    top = path if path.is_dir() else path.parent
    left_out: list[Path] = []
    everything = list(_files(path, left_out)) if path.is_dir() else [path]
    files = [file for file in everything if file.suffix.lower() in FORMATS]
    others = Counter(
        file.suffix or "no suffix" for file in everything if file.suffix.lower() not in FORMATS
    )
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(4))
    if not files:
        raise DataError(
            f"{path} holds no PNG, GIF, BMP or WebP image"
            f" ({kinds or 'it is empty'}); save sprites as PNG and arrays for data=array."
        )
    names = [str(file.relative_to(top)) for file in files]
    odd = [f"{name!a}" for name in names if any(map(_unprintable, name))]
    if odd:
        raise DataError(
            f"Names in {path} hold bytes that cannot be printed: {listed(odd)}; rename them."
        )
    notes = [f"Files of other kinds were left out: {kinds}."] if others else []
    if left_out:
        ours = listed((folder.relative_to(top).as_posix() for folder in left_out), 3)
        notes.append(f"What this program wrote is no data and was left out: {ours}.")
    return top, files, notes


def is_ours(inside: Iterable[str]) -> bool:
    """Whether a folder that holds these names is a run, made sprites or a report."""
    there = {*inside}
    return any(there.issuperset(names) for names in OURS)


def _unprintable(letter: str) -> bool:
    return unicodedata.category(letter) in UNPRINTABLE


def _files(folder: Path, left_out: list[Path]) -> Iterator[Path]:
    """All files below a folder by their paths; hidden ones left out, each folder entered once.

    Raises:
        DataError: there are more than any set of loose images has; a card can name the whole disk.
    """
    entered, count = set(), 0
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        if (count := count + len(folders) + len(files)) > MAX_ENTRIES:
            raise DataError(
                f"{folder} holds more than {MAX_ENTRIES:,} files and folders; give the folder of "
                "the sprites alone, or save them as one array for data=array."
            )
        if place != str(folder) and is_ours([*folders, *files]):
            left_out.append(Path(place))
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))
