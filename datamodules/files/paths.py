"""Paths as people type them: `~`, numbers, and accents in either of their two spellings."""

import unicodedata
from pathlib import Path

from datamodules.errors import DataError


def typed(path: str | int | float | Path, key: str = "data.path") -> Path:
    """The path that somebody means.

    Args:
        path: what arrived: a word, or a number where the word looked like one.
        key: what to call it in messages.

    Raises:
        DataError: nothing was typed, or a number whose digits are lost.
    """
    if isinstance(path, int) and not isinstance(path, bool):
        path = str(path)
    if not isinstance(path, str | Path):
        shown = path if isinstance(path, float | bool) else "FILE"
        raise DataError(
            f"{key}={path} was read as something else than a name; put it in two kinds of"
            f" quotation marks: \"{key}='{shown}'\"."
        )
    if not str(path).strip():
        raise DataError(f"{key} is empty; give a file or a folder.")
    wanted = Path(path).expanduser() if str(path).startswith("~") else Path(path)
    if not wanted.exists():
        for form in ("NFC", "NFD"):  # an accent is one letter here and two letters there
            other = Path(unicodedata.normalize(form, str(wanted)))
            if other.exists():
                return other
    return wanted
