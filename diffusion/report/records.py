"""What a run wrote about itself, read back with care: anybody may have written it."""

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

from diffusion.runs.files import Folder
from diffusion.runs.reading import MAX_BYTES, entries, logged

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
    found = entries(
        Folder(run), "summary.json", "remove it, or continue the run to write it again"
    )
    return {
        key: value
        for key, value in (found or {}).items()
        if isinstance(value, str) or (_is_number(value) and math.isfinite(value))
    }


def curves_of(run: Path) -> dict[str, list[tuple[float, float]]]:
    """Every metric in `metrics.csv` over the training images seen; damaged rows are left out."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for found in logged(Folder(run)):
        seen = found.pop("progress/images", None)
        for key, value in found.items():
            if "/" in key and seen is not None:
                curves.setdefault(key, []).append((seen, value))
    return curves


def pictures_of(run: Path) -> dict[str, bytes]:
    """The run's own pictures that are there: title -> content of the file."""
    found: dict[str, bytes] = {}
    for title, name in PICTURES.items():
        with suppress(OSError):  # a link or no file: there is no such picture
            if content := Folder(run).read(name, MAX_BYTES):
                found[title] = content
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
