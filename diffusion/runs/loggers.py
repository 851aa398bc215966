"""Where numbers and pictures go: always `metrics.csv`, and by default Weights & Biases.

What Lightning logs by itself are numbers. The functions here are the way of everything else, so
that all loggers hold the same under the same keys.
"""

import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from PIL.Image import Image

from diffusion.runs.directory import RECORDS
from diffusion.runs.files import Folder
from diffusion.runs.metrics_csv import MetricsCSV
from diffusion.runs.reading import text_of
from diffusion.runs.wandb_logger import PatientWandb, tags_of

AT_THE_END = ("samples/", "progress/")
RUN_ID = "run_id"


def log_picture(loggers: Sequence[Logger], key: str, picture: Image, step: int) -> None:
    """To every logger that takes pictures; the run directory has them as files."""
    for logger in loggers:
        if hasattr(logger, "log_image"):
            logger.log_image(key, [picture], step=step)


def log_table(
    loggers: Sequence[Logger], key: str, columns: list[str], rows: list[list[Any]], step: int
) -> None:
    """To every logger that takes tables."""
    for logger in loggers:
        if hasattr(logger, "log_table"):
            logger.log_table(key, columns, rows, step=step)


def log_summary(loggers: Sequence[Logger], summary: Mapping[str, Any], step: int) -> None:
    """What `summary.json` holds: its last figures as numbers of this step, and all of it beside.

    `metrics.csv` is left out: its rows belong to steps of training, and outlive more.
    """
    ends = {key: value for key, value in summary.items() if key.startswith(AT_THE_END)}
    for logger in loggers:
        if not isinstance(logger, MetricsCSV):
            logger.log_metrics(ends, step)
        if hasattr(logger, "log_summary"):
            logger.log_summary(summary, step)


def log_lineage(
    loggers: Sequence[Logger], data: Path, checkpoint: Path, facts: Mapping[str, Any]
) -> None:
    """To every logger that keeps account of files: from which data which model was made.

    Args:
        data: what is known of the training data, `data.json`; it holds no sprites.
        checkpoint: named by its place and digests, and not copied.
        facts: `fingerprint` of the data, `sha256` of the checkpoint, and others of the model.
    """
    for logger in loggers:
        if hasattr(logger, "log_lineage"):
            logger.log_lineage(data, checkpoint, facts)


def csv_only(folder: Path, config: dict[str, Any]) -> list[Logger]:
    """No logger beside `metrics.csv`."""
    return []


def wandb(
    folder: Path,
    config: dict[str, Any],
    project: str,
    mode: str = "auto",
    tags: Any = (),
    notes: Any = None,
) -> list[Logger]:
    """A W&B logger that never asks, never waits long and never stops a run, whatever happens.

    The run's job type is `train`; a run that belongs to a sweep is in the group of that name.

    Args:
        folder: the run directory; what is logged offline lies in its `wandb` folder.
        config: plain containers, shown as the run's configuration.
        project: name of the W&B project.
        mode: `online`, `offline`, `disabled`, or `auto`: what WANDB_MODE says, else online when
            logged in and reachable, else offline.
        tags: see `tags_of`.
        notes: what the run is for.
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
            job_type="train",
            group=os.environ.get("WANDB_RUN_GROUP") or _sweep(folder),
            tags=tags_of(tags),
            notes=None if notes is None else str(notes),
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


def _sweep(folder: Path) -> str | None:
    """The name of the sweep that the run belongs to, if it does."""
    above = folder.absolute().parent
    return above.name if (above / RECORDS).is_dir() else None


def _run_id(folder: Path) -> str:
    """The same for every part of an interrupted run, which then is one run in W&B too.

    An agent of W&B says it, in the environment of the run that it starts.

    The file holds the id, and whose it is: the place of the directory on its disk and its path. A
    copy differs in both and gets an id of its own; a directory that was moved or mounted elsewhere
    differs in one. Files of older runs hold the id alone, and are taken as they are.
    """
    wandb = Folder(folder).inside("wandb")
    there = folder.stat()
    mine = f"{there.st_dev}:{there.st_ino}", os.path.realpath(folder)
    known, *whose = (text_of(wandb, RUN_ID) or "").splitlines()[:3] or [""]
    copied = len(whose) == 2 and not set(whose) & set(mine)
    if "WANDB_SWEEP_ID" in os.environ:
        known, copied = os.environ.get("WANDB_RUN_ID", ""), False
    if not re.fullmatch(r"\w{1,64}", known) or copied:
        known = secrets.token_hex(4)
    wandb.write(RUN_ID, "\n".join((known, *mine)) + "\n")
    return known
