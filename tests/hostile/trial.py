"""Tries every case of a class in a forked child that may use little memory and processor time."""

import json
import os
import resource
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from limits import may_take, processor_seconds

from datamodules.errors import DataError
from diffusion.errors import UserError

MEMORY = 2**30  # bytes that all cases of a class together may take
SECONDS = 20  # of a processor, for one case
REFUSED, HARMLESS = "refused", "harmless"


@dataclass(frozen=True)
class Case:
    """`make(folder)` writes something and returns what `opened` is called with.

    A mild case may also be taken, when it does what an honest file would.
    """

    name: str
    make: object
    opened: object
    mild: bool = False


@dataclass(frozen=True)
class Outcome:
    """How the cases of a class ended, and what it cost: memory, and seconds of a processor."""

    kind: str
    ends: dict
    megabytes: int
    seconds: float

    @property
    def wrong(self):
        return {name: end for name, end in self.ends.items() if end not in (REFUSED, HARMLESS)}

    def row(self):
        count = Counter(self.ends.values())
        return (
            f"| {self.kind} | {len(self.ends)} | {count[REFUSED]} | {count[HARMLESS]} | "
            f"{len(self.wrong)} | {self.megabytes} | {self.seconds:.0f} |"
        )


HEADER = (
    "| class | cases | refused | harmless | wrong | MB | seconds |\n|---|---|---|---|---|---|---|"
)


def tried(kind, cases):
    """The outcome of all cases of a class."""
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), Counter(names).most_common(1)
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiving)
        with os.fdopen(sending, "w") as pipe:
            _try_all(cases, pipe)
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as pipe:
        lines = [json.loads(line) for line in pipe]
    _, _, cost = os.wait4(child, 0)
    ends = {name: end for name, end, _ in lines}
    ends |= dict.fromkeys(names[len(ends) : len(ends) + 1], "the process died")
    megabytes = max((peak for *_, peak in lines), default=0) // 2**20
    return Outcome(kind, ends, megabytes, cost.ru_utime + cost.ru_stime)


def _try_all(cases, pipe):
    may_take(MEMORY)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            made = case.make(Path(folder))
            with processor_seconds(SECONDS):
                end = _tried(case, made)
        peak = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        print(json.dumps([case.name, end, peak]), file=pipe, flush=True)


def _tried(case, made):
    try:
        case.opened(made)
    except (DataError, UserError) as error:
        text = str(error)
        return (
            REFUSED if text.endswith(".") and len(text) < 2000 else f"no sentence: {text[:200]!r}"
        )
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    return HARMLESS if case.mild else "taken"
