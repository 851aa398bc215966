"""Jobs that run at once divide the machine: each holds a slot, with its own threads and GPUs.

How many slots there are follows from Hydra's launcher. The slots are locked files in the sweep's
directory, so that jobs in different processes never sit on the same one.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LAUNCHERS_OWN = ("MASTER_", "TORCHELASTIC_", "SLURM_", "GROUP_", "ROLE_")
RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")


def slots(launcher: Mapping[str, Any], cpus: int) -> int:
    """How many jobs this launcher's configuration runs at once on a machine with so many CPUs."""
    kind = launcher["_target_"].rpartition(".")[2]
    if kind == "JoblibLauncher":
        wanted = launcher["n_jobs"]
        return wanted if wanted > 0 else max(1, cpus + 1 + wanted)  # as joblib counts
    if kind == "LocalLauncher":  # of submitit, which starts everything at once
        return max(1, cpus // (launcher["cpus_per_task"] or 1))
    return 1  # one after the other, or a cluster's scheduler that gives each job its own


@contextmanager
def hold_slot(folder: Path, count: int) -> Iterator[int]:
    """Waits for one of `count` slots and keeps it; it is free again when its process ends."""
    files = [
        os.open(folder / f"slot-{k}", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW) for k in range(count)
    ]
    try:
        while True:
            for slot, file in enumerate(files):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield slot
                return
            time.sleep(0.2)
    finally:
        for file in files:
            os.close(file)


def environment_of(
    environment: Mapping[str, str], slot: int, count: int, devices: Any, cpus: int, gpus: int
) -> dict[str, str]:
    """The environment of a job at a slot: a command of its own, with its part of the machine.

    Args:
        environment: of the sweep. What it says of threads is kept; ranks and ports are left out.
        slot: 0 ... count - 1.
        count: slots on this machine. With one, a job may use everything.
        devices: `trainer.devices` of the job.
        cpus: that this process may use.
        gpus: on this machine.
    """
    own = {
        name: value
        for name, value in environment.items()
        if name not in RANKS and not name.startswith(LAUNCHERS_OWN)
    }
    if "SLURM_JOB_ID" in environment:
        cpus = int(environment.get("SLURM_CPUS_PER_TASK", 1))
    elif count == 1:
        return own
    processes = devices if isinstance(devices, int) and devices > 0 else 1
    own.setdefault("OMP_NUM_THREADS", str(max(1, cpus // (count * processes))))
    if count > 1 and gpus:
        seen = environment.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(gpus)))).split(",")
        mine = {(slot * processes + k) % len(seen) for k in range(processes)}
        own["CUDA_VISIBLE_DEVICES"] = ",".join(seen[k] for k in sorted(mine))
    return own


def usable_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
