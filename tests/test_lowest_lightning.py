"""The laws of resuming under the lowest Lightning that is allowed; torch stays as it is."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.nightly]

IN_ONE_PROCESS = (
    "tests/diffusion/callbacks/test_known_bugs.py",
    "tests/diffusion/callbacks/test_ema.py",
    "tests/test_bad_numbers.py",
    "tests/test_extending.py",
    "tests/test_read_back.py",
    "tests/test_taken_away.py",
)
KILLED = "test_a_killed_run_continues or test_a_signal_saves or test_an_interrupted_run_continues"
VERSION = "import lightning, torch; print(lightning.__version__, torch.__version__)"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Runs this Python with that Lightning alone put before what is installed."""
    found = re.search(r'"lightning>=([\d.]+)', (ROOT / "pyproject.toml").read_text())
    folder = tmp_path_factory.mktemp("lowest")

    def run(*words):
        environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
        line = [sys.executable, *words]
        return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)

    words = ["--no-deps", "--quiet", "--target", folder, f"lightning=={found[1]}"]
    installed = run("-m", "pip", "install", *words)
    if installed.returncode:
        pytest.skip(f"lightning {found[1]} cannot be installed: {installed.stderr[-200:]}")
    here = subprocess.check_output([sys.executable, "-c", VERSION], text=True).split()
    there = run("-c", VERSION).stdout.split()
    assert there[0].startswith(found[1])
    assert there[1] == here[1]
    return run


@pytest.mark.parametrize(
    "words",
    [
        (*IN_ONE_PROCESS, "-m", "not processes"),
        ("tests/test_training.py", "-m", "not nightly", "-k", KILLED),
    ],
    ids=["in one process", "killed"],
)
def test_resuming_under_the_lowest_lightning(python, words):
    ended = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *words)
    assert ended.returncode == 0, ended.stdout[-5000:]
