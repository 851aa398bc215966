"""The one way in which records are read: anybody may have written them.

A record is what a run, a sweep or a folder of results says about itself. Its file is opened
without following a link or waiting for a pipe, is no larger than any run writes, and holds plain
values in bounded number, depth and size; else one sentence is said. Aliases in YAML and lists that
a pickle names many times are counted as often as they would be visited, so that small files cannot
stand for large ones.
"""

import csv
import json
import math
import re
from contextlib import suppress
from typing import Any

import yaml

from diffusion.errors import UserError
from diffusion.runs.files import Folder

MAX_BYTES = 2**26  # bytes of a record
LARGEST_YAML = 2**18  # which is read slowly
MAX_DEPTH, MAX_VISITS = 16, 10**6  # containers in each other, and values looked at
MAX_LETTERS = 10_000  # of a word
GREATEST = 2**64  # whole number
ROWS, COLUMNS = 10**6, 1000  # of a table
REMEDY = "remove it"


def record(folder: Folder, name: str, remedy: str = REMEDY) -> Any:
    """The plain value in a JSON or YAML file; None where there is no such file.

    Args:
        folder: where it is.
        name: of the file.
        remedy: what to do when it is damaged.

    Raises:
        UserError: it is a link or no plain file, is damaged, or holds what no run writes.
    """
    is_yaml = name.endswith(".yaml")
    text = text_of(folder, name, remedy, LARGEST_YAML if is_yaml else MAX_BYTES)
    if text is None:
        return None
    try:
        content = yaml.load(text, _Loader) if is_yaml else json.loads(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise _damaged(
            folder, name, f"it is no {'YAML' if is_yaml else 'JSON'}", remedy
        ) from error
    if odd := foreign(content):
        raise _damaged(folder, name, f"no run writes {odd}", remedy)
    return content


def entries(folder: Folder, name: str, remedy: str = REMEDY) -> dict[str, Any] | None:
    """As `record`, of a file that holds names and their values.

    Raises:
        UserError: as `record`, or it holds something else.
    """
    content = record(folder, name, remedy)
    if content is not None and not isinstance(content, dict):
        raise _damaged(folder, name, "it holds no names with values", remedy)
    return content


def table(folder: Folder, name: str, remedy: str = REMEDY) -> list[dict[str, str]]:
    """The whole rows of a CSV file; [] where there is none.

    The last line is not whole when its process was killed or the disk is full; a row that is
    shorter or longer than the first line was damaged by a loss of power. They are left out.

    Raises:
        UserError: as `record`.
    """
    text = text_of(folder, name, remedy) or ""
    lines = (line for line in text.splitlines(keepends=True) if line.endswith("\n"))
    rows: list[dict[str, str]] = []
    try:
        found = csv.reader(lines)
        columns = next(found, [])
        if len(columns) > COLUMNS:
            raise csv.Error("it has too many columns")
        for row in found:
            if len(row) == len(columns):
                rows.append(dict(zip(columns, row, strict=True)))
            if len(rows) > ROWS:
                raise csv.Error("it has too many rows")
    except csv.Error as error:
        raise _damaged(folder, name, str(error), remedy) from error
    return rows


def logged(folder: Folder) -> list[dict[str, float]]:
    """The rows of `metrics.csv`, each with the numbers that it has.

    Earlier runs call what they measured of previews `samples/...`; it is `preview/...` here.
    """
    return [
        {re.sub("^samples/", "preview/", key): value for key, value in numbers(row).items()}
        for row in table(folder, "metrics.csv")
    ]


def numbers(row: dict[str, Any]) -> dict[str, float]:
    """The finite numbers of a row of a table, or of a summary, by their names."""
    found = {}
    for key, value in row.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            with suppress(ValueError):
                if math.isfinite(number := float(value)):
                    found[key] = number
    return found


def text_of(
    folder: Folder, name: str, remedy: str = REMEDY, largest: int = MAX_BYTES
) -> str | None:
    """The text of a file in UTF-8; None where there is no such file.

    Raises:
        UserError: as `record`.
    """
    try:
        content = content_of(folder, name, remedy, largest)
        return None if content is None else content.decode()
    except UnicodeDecodeError as error:
        raise _damaged(folder, name, "it is no text", remedy) from error


def content_of(
    folder: Folder, name: str, remedy: str = REMEDY, largest: int = MAX_BYTES
) -> bytes | None:
    """The bytes of a file; None where there is no such file.

    Raises:
        UserError: as `record`.
    """
    try:
        return folder.read(name, largest)
    except OSError as error:
        why = str(error.strerror)
        why = why if why.startswith("is ") else f"cannot be used ({why})"
        raise UserError(f"{folder.path / name} {why} and is not read; {remedy}.") from error


def foreign(node: Any, also: tuple[type, ...] = (), names: tuple[type, ...] = (str,)) -> str:
    """What in a value is not plain, or beyond all bounds; empty where everything is in order.

    Args:
        node: of containers, words, numbers, booleans and None.
        also: other types that may be in it.
        names: types of what dictionaries name their values by.
    """
    waiting, visits = [(node, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        visits += 1
        if visits > MAX_VISITS:
            return f"more than {MAX_VISITS:,} values"
        if depth > MAX_DEPTH:
            return f"more than {MAX_DEPTH} containers in each other"
        if isinstance(node, dict):
            for name in node:
                if odd := _odd(name) if isinstance(name, names) else "names that are no words":
                    return odd
            waiting.extend((child, depth + 1) for child in node.values())
        elif isinstance(node, list | tuple):
            waiting.extend((child, depth + 1) for child in node[: MAX_VISITS + 1])
        elif odd := "" if isinstance(node, also) else _odd(node):
            return odd
    return ""


def _odd(value: Any) -> str:
    if isinstance(value, str):
        if len(value) > MAX_LETTERS:
            return f"words of {len(value):,} letters"
        return "half a letter" if any("\ud800" <= letter <= "\udfff" for letter in value) else ""
    if isinstance(value, int):
        return "" if abs(value) <= GREATEST else "numbers that large"
    return "" if value is None or isinstance(value, float) else f"a {type(value).__name__}"


class _Loader(yaml.SafeLoader):
    """Without merged mappings (`<<`), which grow tenfold with each line of a YAML bomb."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None: ...


def _damaged(folder: Folder, name: str, why: str, remedy: str) -> UserError:
    return UserError(f"{folder.path / name} is damaged ({why}); {remedy}.")
