"""What a run wrote about itself, read back with care: anybody may have written it."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

from diffusion.errors import UserError

LARGEST = 2**26  # bytes of a record
PICTURES = {
    "What the network thinks at every noise level": "panel.png",
    "From sprites to noise": "noising.png",
    "From noise to sprites": "denoising.gif",
}


def summary_of(run: Path) -> dict[str, float | str]:
    """The numbers and words of `summary.json`; empty where there is none.

    Raises:
        UserError: it is damaged.
    """
    file = run / "summary.json"
    text = _text(file)
    if text is None:
        return {}
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError(f"{file} is damaged; remove it, or continue the run to write it again.")
    return {
        key: value
        for key, value in found.items()
        if isinstance(value, str) or (_is_number(value) and math.isfinite(value))
    }


def curves_of(run: Path) -> dict[str, list[tuple[float, float]]]:
    """Every metric in `metrics.csv` over the training images seen; damaged rows are left out."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in csv.DictReader(io.StringIO(_text(run / "metrics.csv") or "")):
        for key, value in row.items():
            if key and "/" in key and key != "progress/images" and value:
                try:
                    point = float(row["progress/images"]), float(value)
                except (KeyError, TypeError, ValueError):
                    continue
                if all(map(math.isfinite, point)):
                    curves.setdefault(key, []).append(point)
    return curves


def pictures_of(run: Path) -> dict[str, bytes]:
    """The run's own pictures that are there: title -> content of the file."""
    files = {title: run / name for title, name in PICTURES.items()}
    return {
        title: file.read_bytes()
        for title, file in files.items()
        if file.is_file() and not file.is_symlink() and file.stat().st_size <= LARGEST
    }


def _text(file: Path) -> str | None:
    """None where there is no such file.

    Raises:
        UserError: no regular file, or one far larger than any run writes.
    """
    if not file.exists():
        return None
    if not file.is_file() or file.stat().st_size > LARGEST:
        raise UserError(f"{file} is no record of a run; remove it.")
    return file.read_text(errors="replace").replace("\0", "")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
