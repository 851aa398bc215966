"""`metrics.csv`: every number of a run by its step, whatever other loggers there are."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.utilities import rank_zero_only

from diffusion.runs.files import Folder
from diffusion.runs.reading import table

METRICS = "metrics.csv"


class MetricsCSV(CSVLogger):
    """`metrics.csv` in the run directory, kept over interruptions.

    Lightning's own logger deletes the file when it starts. This one keeps the rows up to the
    checkpoint that the run continues from and cuts the later ones, which will be written again.

    Args:
        folder: the run directory.
        keep: number of steps whose rows are kept.
    """

    def __init__(self, folder: Path, keep: int = 0) -> None:
        super().__init__(folder, name="", version="", flush_logs_every_n_steps=1)
        self.folder, self.keep = Folder(folder), keep

    @property
    @rank_zero_only
    def experiment(self) -> Any:
        if self._experiment is None:
            kept = [row for row in table(self.folder, METRICS) if _step(row) < self.keep]
            self._experiment = _Table(self.folder)
            if kept:
                self._experiment.metrics_keys = sorted(kept[0])  # as Lightning keeps them
                self.folder.write(METRICS, _csv(sorted(kept[0]), kept))
            else:
                self.folder.remove(METRICS)
        return self._experiment


class _Table(ExperimentWriter):
    """Appends rows, and replaces the file whole where a row has new columns."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(str(folder))
        self.folder = folder

    def _check_log_dir_exists(self) -> None: ...

    def save(self) -> None:
        """Writes the rows that were logged since the last time."""
        if not self.metrics:
            return
        if self._record_new_keys():
            rows: list[Mapping[str, Any]] = [*table(self.folder, METRICS), *self.metrics]
            self.folder.write(METRICS, _csv(self.metrics_keys, rows))
        else:
            with self.folder.append(METRICS) as file:
                file.write(_csv(self.metrics_keys, self.metrics, head=False).encode())
        self.metrics = []


def _step(row: Mapping[str, str]) -> float:
    """Infinite for a row that a loss of power has damaged."""
    step = row.get("step", "")
    return int(step) if step.isdecimal() and step.isascii() and len(step) < 19 else math.inf


def _csv(columns: list[str], rows: Sequence[Mapping[str, Any]], head: bool = True) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    if head:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
