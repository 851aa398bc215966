"""Where numbers and pictures go: always `metrics.csv`, and by default Weights & Biases."""

import csv
import io
import math
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.utilities import rank_zero_only

from diffusion.runs.files import Folder
from diffusion.runs.reading import table, text_of

METRICS = "metrics.csv"
RUN_ID = "run_id"


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


def csv_only(folder: Path, config: dict[str, Any]) -> list[Logger]:
    """No logger beside `metrics.csv`."""
    return []


def tensorboard(folder: Path, config: dict[str, Any]) -> list[Logger]:
    """Event files in the run directory's `tensorboard` folder; needs the extra `[tensorboard]`."""
    Folder(folder).inside("tensorboard").made()
    return [TensorBoardLogger(folder, name="tensorboard", version="")]


def wandb(folder: Path, config: dict[str, Any], project: str, mode: str = "auto") -> list[Logger]:
    """A W&B logger that never asks, never waits long and never stops a run, whatever happens.

    Args:
        folder: the run directory; what is logged offline lies in its `wandb` folder.
        config: plain containers, shown as the run's configuration.
        project: name of the W&B project.
        mode: `online`, `offline`, `disabled`, or `auto`: what WANDB_MODE says, else online when
            logged in and reachable, else offline.
    """
    os.environ.setdefault("WANDB_SILENT", "true")  # before it is imported
    import wandb as library

    if getattr(rank_zero_only, "rank", 0):
        return []  # one process logs
    Folder(folder).inside("wandb").made()
    if mode == "auto":
        logged_in = library.login(prompt=False, verify=False)  # asks nothing, reaches no network
        mode = os.environ.get("WANDB_MODE") or ("online" if logged_in else "offline")

    def start(mode: str) -> Logger:
        settings = library.Settings(
            console="off",
            silent=True,
            init_timeout=15,
            finish_timeout=30,
            finish_timeout_raises=True,
        )
        logger = PatientWandb(
            name=folder.name,
            save_dir=folder,
            id=_run_id(folder),
            resume="allow",
            project=project,
            mode=mode,
            settings=settings,
        )
        logger.log_hyperparams(config)  # connects now, so that a dead network is met here
        logger.experiment.define_metric("progress/images")
        logger.experiment.define_metric("*", step_metric="progress/images")
        return logger

    try:
        return [start(mode)]
    except Exception as error:
        print(f"W&B is not reachable ({type(error).__name__}); logging offline in {folder}/wandb.")
    try:
        library.teardown()  # its process still waits for the network, and knows the run's id
        return [start("offline")]
    except Exception as error:
        print(f"W&B cannot log offline either ({type(error).__name__}); metrics.csv is written.")
        return []


class PatientWandb(WandbLogger):
    """Lightning's logger, but a failure costs a sentence; after it nothing is tried again."""

    failed = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self._try(super().log_metrics, metrics, step)

    def log_image(
        self, key: str, images: list[Any], step: int | None = None, **options: Any
    ) -> None:
        self._try(super().log_image, key, images, step, **options)

    def log_table(self, key: str, *columns_and_rows: Any, **options: Any) -> None:
        self._try(super().log_table, key, *columns_and_rows, **options)

    def finalize(self, status: str) -> None:
        self._try(super().finalize, status)

    def _try(self, log: Callable[..., None], *values: Any, **options: Any) -> None:
        if self.failed:
            return
        try:
            log(*values, **options)
        except Exception as error:
            self.failed = True
            name = type(error).__name__
            print(f"W&B failed ({name}); training goes on, and metrics.csv holds all.", flush=True)


@contextmanager
def ended_loggers() -> Iterator[None]:
    """Ends the W&B run with the right state, and says once what is left to do by hand."""
    code = 1
    try:
        yield
        code = 0
    finally:
        library = sys.modules.get("wandb")
        if library is not None and library.run is not None:
            _end(library, library.run, code)


def _end(library: Any, run: Any, code: int) -> None:
    sync = f"wandb sync {run.settings.sync_dir}"
    try:
        run.finish(exit_code=code)
    except Exception as error:
        print(f"W&B has not got everything ({type(error).__name__}); to send it: {sync}")
        if not isinstance(error, TimeoutError):  # its process is gone, and would be missed at exit
            with suppress(Exception):
                library.teardown()
    else:
        if run.settings._offline:
            print(f"W&B was offline; to send what it logged: {sync}")


def _run_id(folder: Path) -> str:
    """The same for every part of an interrupted run, which then is one run in W&B too.

    The file holds the id, and whose it is: the place of the directory on its disk and its path. A
    copy differs in both and gets an id of its own; a directory that was moved or mounted elsewhere
    differs in one. Files of older runs hold the id alone, and are taken as they are.
    """
    wandb = Folder(folder).inside("wandb")
    there = folder.stat()
    mine = f"{there.st_dev}:{there.st_ino}", os.path.realpath(folder)
    known, *whose = (text_of(wandb, RUN_ID) or "").splitlines()[:3] or [""]
    copied = len(whose) == 2 and not set(whose) & set(mine)
    if not re.fullmatch(r"\w{1,64}", known) or copied:
        known = secrets.token_hex(4)
    wandb.write(RUN_ID, "\n".join((known, *mine)) + "\n")
    return known
