"""A sweep from the outside: nobody else in its directory, and a table of all jobs at the end."""

import fcntl
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, NoReturn

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from diffusion.commands.agents import write_for_agents
from diffusion.commands.jobs import STOP, rows_of, stop_jobs
from diffusion.errors import UserError
from diffusion.runs.directory import RECORDS
from diffusion.runs.files import Folder
from diffusion.runs.reading import entries

OURS = re.compile(rf"\d+\.(json|reason)|(place|slot)-\d+|{STOP}")

COLUMNS = {
    "job": "job",
    "status": "status",
    "step": "steps",
    "val/loss": "val/loss",
    "samples/sprite_fd": "sprite_fd",
    "samples/copy_rate": "copy_rate",
    "cpu_seconds": "cpu_seconds",
}


class Sweep(Callback):
    """The sweep that this process runs; Hydra makes it from `hydra.callbacks`.

    Attributes:
        running: set where a sweep has begun, in the process that was typed.
    """

    running: ClassVar["Sweep | None"] = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Takes the sweep's directory; exits 2 when another sweep is at work there."""
        if "TORCHELASTIC_RUN_ID" in os.environ:
            _refuse("a sweep starts the processes of its jobs itself; leave out torchrun.")
        if config.get("check"):
            _refuse("check=true looks at one data set and trains nothing; leave out -m.")
        if config.get("wandb_sweep"):
            try:
                write_for_agents(config)
            except UserError as error:
                _refuse(str(error))
            sys.exit(0)
        self.path = Path(config.hydra.sweep.dir)
        records = Folder(self.path, RECORDS)
        try:
            self._lock = os.open(records.made(), os.O_RDONLY)
        except UserError as error:
            _refuse(str(error))
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # dies with its process
        except BlockingIOError:
            _refuse(
                f"{self.path} is in use by another sweep; wait for it, or give another sweep_name."
            )
        for name in filter(OURS.fullmatch, os.listdir(records.path)):
            records.remove(name)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)
        Sweep.running = self

    def close(self) -> bool:
        """Writes `sweep.json` and prints the table; returns whether all jobs are done."""
        rows = [self._row(record) for record in rows_of(Folder(self.path, RECORDS))]
        if not rows:
            return True
        Folder(self.path).write("sweep.json", json.dumps(rows, indent=2) + "\n")
        bad = [row for row in rows if row["status"] != "finished"]
        print(f"\n{_table(rows)}\n")
        for row in bad:
            print(": ".join([f"{row['job']} {row['status']}", *filter(None, [row.get("reason")])]))
        done = f"{len(rows) - len(bad)} of {len(rows)} jobs finished"
        print(f"{done}; the same command runs the rest." if bad else f"{done}.")
        return not bad

    def _end(self, number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, _end_at_once)
        print("\nthe sweep stops when its jobs are saved", file=sys.stderr)
        stop_jobs(self.path)
        sys.exit(128 + number)

    def _row(self, record: dict[str, Any]) -> dict[str, Any]:
        """A job's row: its record, and its summary when it is done."""
        code = record.pop("code", None)
        record.pop("running", None)
        if code == 0:
            return record | (entries(Folder(self.path / record["job"]), "summary.json") or {})
        stopped = (128 + signal.SIGINT, 128 + signal.SIGTERM, -signal.SIGINT, -signal.SIGTERM)
        return record | {"status": "interrupted" if code in (None, *stopped) else "failed"}


@contextmanager
def sweep_closed() -> Iterator[None]:
    """Closes the sweep that begins inside, if one does, however it ends.

    Exits with 1 when a job is not finished, with 130 or 143 when a signal stopped the sweep.
    """
    try:
        yield
    except BaseException:
        if Sweep.running is not None:
            Sweep.running.close()
        raise
    if Sweep.running is not None and not Sweep.running.close():
        sys.exit(1)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _refuse(text: str) -> NoReturn:
    """Of a callback's errors Hydra only warns, but it lets it end the program."""
    print(f"error: {text}", file=sys.stderr)
    sys.exit(2)


def _table(rows: list[dict[str, Any]]) -> str:
    shown = [key for key in COLUMNS if any(key in row for row in rows)]
    cells = [[COLUMNS[key] for key in shown]]
    cells += [[_text(row.get(key, "-")) for key in shown] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    names = " ".join(str(row.get("job", "")) for row in rows)
    if "val/loss" in shown and re.search(r"\b(prediction|weighting|loss|experiment)-", names):
        lines.append("val/loss is in the unit of each job's prediction and weighting.")
    return "\n".join(lines)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
