"""A real SLURM cluster of one node: sweeps through submitit, and `srun` with several processes."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from conftest import ROOT

SMALL = "experiment=smoke logger=csv model.widths=[32,32] data.n=100 sampler.steps=2"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment in which SLURM commands reach a cluster; skips where none can start."""
    folder = tmp_path_factory.mktemp("slurm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = subprocess.run(
        [ROOT / "tests" / "slurm" / "start.sh", folder, str(port)], capture_output=True, text=True
    )
    if started.returncode == 77:
        pytest.skip(started.stdout.strip())
    assert started.returncode == 0, started.stderr
    yield {"SLURM_CONF": str(folder / "slurm.conf")}
    for daemon in ("slurmd", "slurmctld"):
        os.kill(int((folder / f"{daemon}.pid").read_text()), signal.SIGTERM)


@pytest.mark.processes
@pytest.mark.nightly
def test_a_sweep_on_a_cluster(slurm, launch, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    queue = "hydra/launcher=submitit_slurm hydra.launcher.cpus_per_task=1"
    line = f"train.py -m {SMALL} trainer.max_steps=20 schedule=cosine,zero_terminal {queue}"
    process = launch(line, **slurm)
    out, _ = process.communicate(timeout=900)
    assert process.returncode == 1, out
    rows = json.loads((tmp_path / "runs" / "sweep" / "sweep.json").read_text())
    assert [row["status"] for row in rows] == ["finished", "failed"]
    assert "zero_terminal" in rows[1]["reason"]
    assert rows[0]["step"] == 20


@pytest.mark.processes
@pytest.mark.nightly
def test_processes_that_srun_starts_make_one_run(slurm, tmp_path):
    words = f"{SMALL} trainer.max_steps=10 trainer=ddp trainer.accelerator=cpu hydra.run.dir=run"
    done = subprocess.run(
        [
            "srun",
            "--nodes=1",
            "--ntasks-per-node=2",
            sys.executable,
            ROOT / "train.py",
            *words.split(),
        ],
        env=os.environ | slurm | {"OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("validation loss") == 1  # said once
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["step"] == 10
