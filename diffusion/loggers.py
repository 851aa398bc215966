"""Where numbers and pictures go: always `metrics.csv`, and by default Weights & Biases."""

import csv
import os
import secrets
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only


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
        self.file, self.keep = Path(folder) / "metrics.csv", keep

    @property
    @rank_zero_only
    def experiment(self) -> Any:
        if self._experiment is None:
            rows = _rows(self.file)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "will be deleted": it is written again below
                writer = super().experiment
            kept = [row for row in rows if int(row["step"]) < self.keep]
            if kept:
                writer.metrics_keys = list(kept[0])
                with self.file.open("w", newline="") as file:
                    table = csv.DictWriter(file, writer.metrics_keys)
                    table.writeheader()
                    table.writerows(kept)
        return self._experiment


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def csv_only(folder: Path, config: dict[str, Any]) -> list[Logger]:
    """No logger beside `metrics.csv`."""
    return []


def tensorboard(folder: Path, config: dict[str, Any]) -> list[Logger]:
    """Event files in the run directory's `tensorboard` folder; needs the extra `[tensorboard]`."""
    return [TensorBoardLogger(folder, name="tensorboard", version="")]


def wandb(folder: Path, config: dict[str, Any], project: str, mode: str = "auto") -> list[Logger]:
    """A W&B logger that never asks, never waits long and never stops a run.

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
    if mode == "auto":
        logged_in = library.login(prompt=False, verify=False)  # asks nothing, reaches no network
        mode = os.environ.get("WANDB_MODE") or ("online" if logged_in else "offline")

    def start(mode: str) -> Logger:
        settings = library.Settings(console="off", silent=True, init_timeout=15)
        logger = WandbLogger(
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
    except library.errors.Error as error:
        print(f"W&B is not reachable ({type(error).__name__}); logging offline in {folder}/wandb.")
        return [start("offline")]


@contextmanager
def ended_loggers() -> Iterator[None]:
    """Ends the W&B run with the right state, so that the next job of a sweep gets its own."""
    code = 1
    try:
        yield
        code = 0
    finally:
        library = sys.modules.get("wandb")
        if library is not None and library.run is not None:
            library.finish(exit_code=code)


def _run_id(folder: Path) -> str:
    """The same for every part of an interrupted run, which then is one run in W&B too."""
    file = folder / "wandb" / "run_id"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets.token_hex(4))
    return file.read_text()
