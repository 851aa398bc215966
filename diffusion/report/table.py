"""The scores of a report as a table for other programs: a row for each run."""

import csv
import io
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from diffusion.report.glossary import COSTS, interval
from diffusion.report.judged import Judged
from diffusion.report.ranking import SEED, Configuration, novelty

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate a text that begins so


def scores_csv(ranked: Sequence[Configuration], keys: Sequence[str], scores: Sequence[str]) -> str:
    """CSV in UTF-8, a line for each run; what is not known is empty.

    Args:
        ranked: the runs, best configuration first.
        keys: settings in which they differ.
        scores: names of scores, each with its interval and what unseen real sprites have.
    """
    rows = [
        dict(_cells(configuration.name, run, keys, scores))
        for configuration in ranked
        for run in configuration.runs
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    filled = [name for name in names if any(row.get(name) is not None for row in rows)]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(map(_plain, filled))
    table.writerows([_plain(row.get(name)) for name in filled] for row in rows)
    return out.getvalue()


def as_link(text: str) -> str:
    """A data URI that a browser saves; it works in a page that lies in a folder, too."""
    return f"data:text/csv;charset=utf-8;base64,{b64encode(text.encode()).decode()}"


def _cells(
    configuration: str, run: Judged, keys: Sequence[str], scores: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    yield "run", run.name
    yield "configuration", configuration
    yield from ((key, run.config.get(key)) for key in (*keys, SEED))
    for name in scores:
        it = run.scores.get(name)
        low, high = (it and interval(name, it)) or (None, None)
        yield name, it and it.value
        yield f"{name}_low", low
        yield f"{name}_high", high
        yield f"{name}_real", it and it.floor
    share = novelty(run)
    yield "copy_rate", None if share is None else 1 - share
    yield "told_apart", run.told_apart and run.told_apart.value
    yield from ((cost, run.summary.get(cost)) for cost in COSTS)


def _plain(value: Any) -> Any:
    """A cell, in which a text is a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
