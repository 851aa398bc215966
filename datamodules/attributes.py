"""What is known of each sprite beside its label, column by column: hair, tool, folder.

An attribute is a column with a name that can be typed, `hair`, and a few values, `red` or `brown`.
They come with a source (`data=forge`, `data=nouns`), as arrays `attribute.hair` in an `.npz`, from
a table beside the sprites (`data.attributes=FILE.csv`) or from the folders that they lie in
(`data.attributes=folders`).
"""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datamodules.errors import DataError, reading
from datamodules.files.labels import numbered
from datamodules.files.paths import typed

FOLDERS = "folders"
NAMED_BY = ("file", "name", "path")  # heads of the column that says which sprite a line is about
MOST_VALUES = 1000  # a column of more tells sprites apart, and not what they show
FEW = 16  # of more sprites that differ all, a column is a number of each, and no attribute


class Attribute(NamedTuple):
    """One column.

    Args:
        name: a word of letters, digits and underscores, not all digits.
        values: what it can be.
        of: which of the values each sprite has, int64 `(N,)`, -1 where it is not known.
    """

    name: str
    values: tuple[str, ...]
    of: np.ndarray


Attributes = tuple[Attribute, ...]


def attributes_of(
    wanted: str, names: Sequence[str] | None, n: int
) -> tuple[Attributes, list[str]]:
    """The attributes that `data.attributes=` means, and notes on what was left out.

    Args:
        wanted: `folders`, or a table: a `.csv` with a line of heads. A column called `file`,
            `name` or `path` says which sprite a line is about; without one there is a line for
            each sprite, in their order.
        names: of the sprites, if they have any.
        n: number of sprites.

    Raises:
        DataError: no such file, lines that fit no sprites, or no column that tells anything.
    """
    if wanted == FOLDERS:
        columns = _of_folders(names)
        where = "The folders of these sprites"
    else:
        columns = _of_table(typed(wanted, "data.attributes"), names, n)
        where = f"The columns of {wanted}"
    found, notes = told_apart({name: np.array(words, str) for name, words in columns.items()})
    if not found:
        raise DataError(
            f"{where} tell sprites nothing apart; an attribute has 2 to {MOST_VALUES:,} values."
        )
    return found, notes


def told_apart(columns: Mapping[str, np.ndarray]) -> tuple[Attributes, list[str]]:
    """The columns of 2 to `MOST_VALUES` values, and a note on each of the others, as on one that
    numbers the sprites.

    Args:
        columns: words or numbers `(N,)` by their names; -1 and the empty word are not known.

    Raises:
        DataError: what stands in a column is no word and no whole number.
    """
    found, notes = [], []
    for name, words in columns.items():
        numbers, values, _ = numbered(words, (), f"The attribute {name}")
        known = int((numbers >= 0).sum())
        if 1 < len(values) <= MOST_VALUES and not FEW < known == len(values):
            found.append(Attribute(name, values, numbers))
        else:
            count = "one value" if len(values) == 1 else f"{len(values):,} values"
            notes.append(
                f"The attribute {name} has {count} in {known:,} sprites, and is left out."
            )
    return tuple(found), notes


def typed_name(head: str) -> str:
    """The head of a column as a word that can be typed: `Hair colour` -> `hair_colour`."""
    name = re.sub(r"\W+", "_", head.strip().lower()).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


def _of_folders(names: Sequence[str] | None) -> dict[str, list[str]]:
    """A column per depth, `folder1` and so on; folders called `hair=red` are one called `hair`."""
    parts = [Path(name).parts[:-1] for name in names or ()]
    if not any(parts):
        raise DataError("data.attributes=folders needs sprites that lie in folders; leave it out.")
    columns: dict[str, list[str]] = {}
    for k, folders in enumerate(parts):
        for depth, folder in enumerate(folders, start=1):
            key, equals, value = folder.partition("=")
            name = typed_name(key) if equals else f"folder{depth}"
            columns.setdefault(name, [""] * len(parts))[k] = value if equals else folder
    return columns


def _of_table(path: Path, names: Sequence[str] | None, n: int) -> dict[str, list[str]]:
    """The columns of a table by their names, a word for each of n sprites, empty for none."""
    if path.suffix.lower() != ".csv":
        raise DataError(f"data.attributes={path} must be a .csv file, or the word {FOLDERS}.")
    with reading(path, "a table of text", "data.attributes"):
        lines = [*csv.reader(path.read_text(encoding="utf-8-sig").splitlines())]
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    heads = [typed_name(head) for head in lines[0]] if lines else []
    if len(lines) < 2 or "" in heads or len({*heads}) < len(heads):
        raise DataError(
            f"{path} must begin with a line of heads, all different, as file,hair,tool; and have "
            "a line for each sprite."
        )
    wrong = next((k for k, line in enumerate(lines) if len(line) != len(heads)), None)
    if wrong is not None:
        raise DataError(
            f"Line {wrong + 1} of {path} has not {len(heads)} cells, as its first has."
        )
    key = next((heads.index(head) for head in NAMED_BY if head in heads), None)
    body = lines[1:]
    if key is None and len(body) != n:
        raise DataError(
            f"{path} has {len(body):,} lines for {n:,} sprites; give a line for each, or a column "
            "called file that says which."
        )
    about = [[row] for row in range(n)] if key is None else _rows(path, body, key, names or ())
    columns = {head: [""] * n for k, head in enumerate(heads) if k != key}
    for line, rows in zip(body, about, strict=True):
        for head, cell in zip(heads, line, strict=True):
            for row in rows if head in columns else ():
                columns[head][row] = cell.strip()
    return columns


def _rows(path: Path, body: list[list[str]], key: int, names: Sequence[str]) -> list[list[int]]:
    """The sprites that each line is about: one, or the frames of an animation.

    A line names it as the data does or by the end of its path, with the suffix or without.

    Raises:
        DataError: no sprite is called so, or several are; or it had a line already.
    """
    whole: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        whole.setdefault(name.partition("#")[0], []).append(row)
    ends: dict[str, set[str]] = {}
    for name in whole:
        parts = name.split("/")
        for first in range(len(parts)):
            ends.setdefault("/".join(parts[first:]), set()).add(name)
    told: set[str] = set()
    found = []
    for line in body:
        wanted = line[key].strip().replace("\\", "/").removeprefix("./")
        called = {wanted} if wanted in whole else ends.get(wanted)
        called = called or ends.get(wanted.rpartition(".")[0]) or set()
        if len(called) != 1 or called & told:
            why = f"{len(called)} sprites are called {wanted}" if called else None
            why = f"two lines are about {wanted}" if called & told else why
            like = f"no sprite is called {wanted}; names look like {', '.join(names[:3])}"
            raise DataError(f"{path}: {why or like if names else 'these sprites have no names'}.")
        told |= called
        found.append(whole[called.pop()])
    return found
