"""A job of a sweep is a command of its own: the same script in a child process.

So each job has its processes, its memory, its share of the machine and its W&B run, several
devices work as they do alone, and whatever happens to one does not touch the others. What became
of it stands in the sweep's directory, where `sweeps` reads it whichever launcher ran the job.
"""

import ctypes
import hashlib
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from diffusion.commands.slots import environment_of, hold_slot, slots, usable_cpus
from diffusion.runs.directory import RECORDS
from diffusion.runs.files import Folder, write_file
from diffusion.runs.reading import entries, numbers, text_of

ROOT = Path(__file__).parents[2]
REASON = "SWEEP_JOB_REASON"  # in a job's environment: the file where it says why it failed
STOP = "stop"
PATIENCE = 60  # seconds in which a job that is told to stop has saved itself
MAX_NAME_LETTERS = 120


def run_job(verb: str, cfg: DictConfig) -> float:
    """Runs the job that Hydra has composed in this process, as a child.

    Args:
        verb: the command that the job runs, such as `train`.
        cfg: the job's configuration.

    Returns:
        its validation loss; nan when it failed or was interrupted.
    """
    hydra = HydraConfig.get()
    name = job_name(hydra.job) if hydra.sweep.subdir == "." else hydra.sweep.subdir
    folder = Path(hydra.sweep.dir).absolute() / name
    records = Folder(hydra.sweep.dir, RECORDS)
    record, reason = f"{hydra.job.num}.json", records.path / f"{hydra.job.num}.reason"
    records.remove(reason.name)
    row = {"number": hydra.job.num, "job": name, "overrides": _differing(hydra)}
    records.write(record, json.dumps(row))

    cpus, devices = usable_cpus(), OmegaConf.select(cfg, "trainer.devices")
    count = slots(hydra.launcher, cpus)
    with hold_slot(records.path, count) as slot:
        if (records.path / STOP).exists():
            return math.nan
        gpus = _gpus() if count > 1 else 0
        environment = environment_of(os.environ, slot, count, devices, cpus, gpus)
        environment[REASON] = str(reason.absolute())
        # wherever one is, the job finds this package
        paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        print(f"\njob {hydra.job.num}: {name}", flush=True)
        command, code = _command(verb, hydra, folder), 128 + signal.SIGTERM
        child = subprocess.Popen(command, env=environment, start_new_session=True)
        by = {"host": socket.gethostname(), "parent": os.getpid(), "pid": child.pid}
        records.write(record, json.dumps(row | {"running": by}))
        try:
            code = _wait(child)
        finally:
            if reason.exists():
                row["reason"] = text_of(records, reason.name)
            elif code < 0:
                row["reason"] = f"ended by signal {-code}"
            records.write(record, json.dumps(row | {"code": code}))
    if code:
        return math.nan
    return numbers(entries(Folder(folder), "summary.json") or {}).get("val/loss", math.nan)


def rows_of(records: Folder) -> list[dict[str, Any]]:
    """What is recorded of each job of a sweep, by its number.

    Raises:
        UserError: a record is damaged.
    """
    names = sorted(file.name for file in records.path.glob("*.json"))
    rows = [entries(records, name) for name in names]
    return sorted(filter(None, rows), key=lambda row: int(row["number"]))


def stop_jobs(sweep: Path) -> None:
    """Lets no job begin and those that other processes of this machine run save themselves."""
    records = Folder(sweep, RECORDS)
    records.write(STOP, "")

    def running() -> list[dict[str, Any]]:
        rows = [row["running"] for row in rows_of(records) if "running" in row]
        return [by for by in rows if by["host"] == here and by["parent"] != os.getpid()]

    here, patience = socket.gethostname(), time.monotonic() + PATIENCE
    for by in running():
        with suppress(ProcessLookupError):
            os.kill(by["pid"], signal.SIGTERM)
    while running() and time.monotonic() < patience:
        time.sleep(0.1)


def job_name(job: Any) -> str:
    """A directory name of what differs, which a shell and Hydra take without quotes.

    Lists of numbers are written with dashes; what had to be replaced or cut otherwise is told
    apart by some digits of its hash.
    """
    differs = re.sub(
        r"\[([\w.]+(?:,[\w.]+)*)\]", lambda found: found[1].replace(",", "-"), job.override_dirname
    )
    name = re.sub(r"[^\w.+@-]", "-", differs, flags=re.ASCII)[:MAX_NAME_LETTERS]
    if name != differs:
        name += f"-{hashlib.sha1(differs.encode()).hexdigest()[:6]}"
    return name or str(job.num)


def tell_sweep(reason: str) -> None:
    """Called in a job that fails: leaves the reason for the sweep's table; alone nothing."""
    if REASON in os.environ:
        write_file(os.environ[REASON], " ".join(reason.split()))


def end_with_the_sweep() -> None:
    """Called in a job: it stops and saves itself when the sweep's process ends, however."""
    if REASON not in os.environ:
        return
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # a scheduler's warning, for the sweep's process
    if sys.platform == "linux":
        parent_death = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(parent_death, signal.SIGTERM)


def _command(verb: str, hydra: Any, folder: Path) -> list[str]:
    """The line that a person would type for this job alone."""
    added = [
        source.path for source in hydra.runtime.config_sources if source.provider == "command-line"
    ]
    return [
        *(sys.executable, "-m", f"{__package__}.{verb}"),
        *("--config-name", hydra.job.config_name),
        *(word for path in added for word in ("--config-dir", path)),
        *(word for word in hydra.overrides.hydra if word.startswith("hydra.searchpath")),
        *hydra.overrides.task,
        "hydra.mode=RUN",
        "hydra.run.dir='{}'".format(str(folder).replace("\\", "\\\\").replace("'", "\\'")),
    ]


def _wait(child: subprocess.Popen[bytes]) -> int:
    """The exit code of a child; whatever stops this process lets the child save itself first."""
    try:
        return child.wait()
    except BaseException:
        try:
            child.terminate()
            child.wait()
        except BaseException:  # asked twice
            os.killpg(child.pid, signal.SIGKILL)
            raise
        raise


def _differing(hydra: Any) -> list[str]:
    shared = set(hydra.job.config.override_dirname.exclude_keys)
    return [word for word in hydra.overrides.task if word.partition("=")[0] not in shared]


def _gpus() -> int:
    import torch  # takes seconds, and is only asked for where jobs share a machine

    return torch.cuda.device_count()
