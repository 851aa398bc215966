"""Words of the command line as people type them, put so that Hydra reads what is meant.

Hydra's grammar takes blanks, brackets, `#`, `=`, commas and accents in a value only in quotes, and
`2024_1` for a number. A path or a name is a text whatever is in it.
"""

import re
from collections.abc import Sequence

PATHS = (
    *("data.path", "data.labels_path", "data.layers", "data.background", "hydra.run.dir"),
    *("run", "runs_in", "sweep", "out", "images", "export", "init_from", "teacher"),
)
COLOURS = ("data.palette", "colours", "recolour")  # a file, or hex digits that are no numbers
NAMES = ("label", "from", "keep", "panel", "variations", "noising", "sweep_name")
LISTS = ("runs",)  # of paths; a single one may stand without brackets
PLAIN = re.compile(r"[A-Za-z0-9_./+@%-]*")
HEXES = re.compile(r"\[?(#?[0-9A-Fa-f]{6,8}(?:, ?#?[0-9A-Fa-f]{6,8})*)\]?")
NULL = re.compile(r"\bnull\b")
MEANT = re.compile(r"""null|['"].*|.*\$\{.*|\[.*\]|\{.*\}""", re.DOTALL)  # as Hydra's own


def as_meant(words: Sequence[str], sweep: bool = False) -> list[str]:
    """The words, with quotes around paths and names that need them.

    Args:
        words: as typed.
        sweep: whether commas separate the choices of a sweep.
    """
    return [_quoted(word, sweep) for word in words]


def _quoted(word: str, sweep: bool) -> str:
    key, equals, value = word.partition("=")
    name = key.lstrip("+")
    if equals and name in COLOURS and (hexes := HEXES.fullmatch(value)):
        return f"{key}=[{','.join(quoted(each) for each in re.split(r', ?', hexes[1]))}]"
    if equals and name == "logger":  # Hydra knows no null in place of a choice, but an empty list
        return f"{key}={NULL.sub('[]', value)}"
    if not equals or name not in PATHS + NAMES + LISTS + COLOURS or MEANT.fullmatch(value):
        return word
    if sweep and "," in value:
        return word
    if name in LISTS:
        return f"{key}=[{','.join(map(quoted, value.split(',')))}]"
    if name in NAMES and PLAIN.fullmatch(value):  # numbers may be rows and positions
        return word
    return f"{key}={quoted(value)}" if value else word


def quoted(value: str) -> str:
    """The value as a text of Hydra's grammar."""
    escaped = re.sub(r"(\\*)(?='|$)", r"\1\1", value).replace("'", "\\'")
    return f"'{escaped}'"
