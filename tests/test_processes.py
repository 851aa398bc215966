"""Laws of many processes: the same training on any number of them, and one run directory."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT, SMOKE, column

SMALL = "model.widths=[32,32] data.n=100 data.batch_size=8 sampler.steps=2"
EXACT = f"{SMOKE} {SMALL} trainer.precision=32-true trainer.log_every_n_steps=1"
EXACT += " trainer.val_check_interval=20"
CPUS = "trainer=ddp trainer.accelerator=cpu"


def finished(process, seconds=900):
    out, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, out
    return out


@pytest.fixture
def torchrun(tmp_path):
    """Starts `torchrun <options> <command>` in the test's directory."""

    def start(options, line):
        script, *words = line.split()
        return subprocess.Popen(
            [*(sys.executable, "-m", "torch.distributed.run"), *options, ROOT / script, *words],
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.mark.processes
@pytest.mark.parametrize("devices", [2, pytest.param(4, marks=pytest.mark.nightly)])
def test_training_is_the_same_on_one_two_and_four_processes(command, launch, tmp_path, devices):
    line = f"{EXACT} trainer.max_steps=100"
    assert command(f"{line} closing=false hydra.run.dir=1").code == 0
    out = finished(launch(f"{line} {CPUS} trainer.devices={devices} hydra.run.dir={devices}"))
    assert out.count("repeat a training sprite") == 1
    for key in ("train/loss", "val/loss"):
        alone, together = (column(tmp_path / str(n), key) for n in (1, devices))
        assert len(together) == (100 if key == "train/loss" else 5)
        np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.processes
def test_a_run_continues_on_another_number_of_processes(command, launch, tmp_path):
    line = f"{EXACT} trainer.accelerator=cpu checkpoint.every_n_steps=10 ~learning_rate.warmup"
    line += " learning_rate=constant closing=false"
    assert command(f"{line} trainer.max_steps=30 hydra.run.dir=alone").code == 0
    both = f"{line} hydra.run.dir=changing"
    assert command(f"{both} trainer.max_steps=10").code == 0
    assert "continues at step 10" in finished(launch(f"{both} {CPUS} trainer.max_steps=20"))
    result = command(f"{both} trainer.max_steps=30")
    assert result.code == 0, result
    assert "continues at step 20" in result.out
    alone, changing = (column(tmp_path / name, "train/loss") for name in ("alone", "changing"))
    assert len(alone) == 30
    np.testing.assert_allclose(changing, alone, atol=1e-5)


@pytest.mark.processes
@pytest.mark.nightly
def test_a_sweep_starts_the_processes_of_each_job(launch, tmp_path):
    line = SMOKE.replace("train.py", "train.py -m") + f" {SMALL} trainer.max_steps=10"
    out = finished(launch(f"{line} {CPUS} seed=0,1"))
    assert "2 of 2 jobs finished" in out
    sweep = tmp_path / "runs" / "sweep"
    assert {folder.name for folder in sweep.iterdir() if folder.is_dir()} - {".jobs"} == {
        "seed-0",
        "seed-1",
    }
    assert not (tmp_path / "multirun").exists()
    for seed in (0, 1):
        checkpoint = torch.load(sweep / f"seed-{seed}/checkpoints/last.ckpt", weights_only=True)
        assert checkpoint["global_step"] == 10
        assert checkpoint["card"]["config"]["trainer"]["devices"] == 2


@pytest.mark.processes
@pytest.mark.nightly
def test_torchrun_on_one_node_and_on_two(torchrun, tmp_path):
    line = f"{EXACT} trainer.max_steps=10 {CPUS}"
    one = torchrun(["--standalone", "--nproc-per-node=2"], f"{line} hydra.run.dir=one")
    assert finished(one).count("repeat a training sprite") == 1
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nodes = [
        torchrun(
            [
                *("--nnodes=2", "--nproc-per-node=1", f"--node-rank={node}"),
                *("--master-addr=127.0.0.1", f"--master-port={port}"),
            ],
            f"{line} trainer.num_nodes=2 trainer.devices=1 hydra.run.dir=two",
        )
        for node in (0, 1)
    ]
    assert "".join(map(finished, nodes)).count("repeat a training sprite") == 1
    one, two = (column(tmp_path / name, "train/loss") for name in ("one", "two"))
    np.testing.assert_allclose(one, two, atol=1e-5)
    assert {folder.name for folder in tmp_path.iterdir()} == {"one", "two"}
    assert json.loads((tmp_path / "two" / "summary.json").read_text())["status"] == "finished"


@pytest.mark.parametrize("strategy", ["ddp_spawn", "ddp_fork", "ddp_notebook"])
def test_strategies_that_share_memory_are_refused(command, strategy):
    result = command(f"{SMOKE} trainer=cpu trainer.devices=2 trainer.strategy={strategy}")
    assert result.code == 2
    assert "trainer.strategy=ddp." in result.err
