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
        DataError: nothing was typed, or a number of which no file has the name.
    """
    if isinstance(path, bool | int | float) and not Path(str(path)).exists():
        shown = str(path).lower()
        raise DataError(
            f"There is nothing at {key}={shown}, which was read as a number or a word of Hydra; if"
            f" digits differ from what you typed, quote them: \"{key}='{shown}'\"."
        )
    if path is None or isinstance(path, list | dict):
        raise DataError(f"{key} is no name; give one file or folder.")
    if not str(path).strip():
        raise DataError(f"{key} is empty; give a file or a folder.")
    wanted = Path(str(path))
    if str(path).startswith("~"):
        wanted = wanted.expanduser()
    if not wanted.exists():
        for form in ("NFC", "NFD"):  # an accent is one letter here and two letters there
            other = Path(unicodedata.normalize(form, str(wanted)))
            if other.exists():
                return other
    return wanted
