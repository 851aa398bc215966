"""What tests share: real sprites where they are present, and commands run as a user types them."""

import csv
import os
import runpy
import shutil
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

import pytest
from fuzzing import CASES
from hypothesis import settings
from limits import may_take

import diffusion.callbacks.samples
import diffusion.commands.closing  # noqa: F401  what commands import late is there before a child is forked
from diffusion.metrics import told_apart

settings.register_profile("untimed", deadline=None)  # a busy machine breaks no law
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
SMOKE_OF_ANY = "train.py experiment=smoke logger=csv"  # data and network
SMOKE = f"{SMOKE_OF_ANY} data.n=300 model.widths=[32] model.blocks=1"
TWICE = "trainer.max_steps=40 trainer.val_check_interval=20 checkpoint.every_n_steps=20"
QUICK_OF_ANY = (  # a run that only has to be there: a small network, no measurements
    f"{SMOKE_OF_ANY} model.widths=[32] model.blocks=1 closing=false callbacks.samples=null "
    "callbacks.noise_levels=null trainer.max_steps=6 trainer.val_check_interval=3"
)
QUICK = f"{QUICK_OF_ANY} data.n=60"


@pytest.fixture(autouse=True, scope="session")
def _bounded():
    """Those who try thousands of cases may take a gigabyte more than what is imported."""
    if CASES in os.environ:
        may_take(2**30)


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def real():
    """Path of a file with real sprites; skips where they are absent."""

    def path(name):
        if not (REAL / name).exists():
            pytest.skip(f"real sprites are absent: shared/data/{name}")
        return REAL / name

    return path


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs `train.py ...` or `sample.py ...` in a forked child, in the test's own directory.

    A fork is a process of its own like a typed command, but does not import everything again.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run(line):
        script, *arguments = line.split() if isinstance(line, str) else line
        child = os.fork()
        if child == 0:
            try:
                os._exit(run_in_child(script, arguments, tmp_path))
            finally:  # whatever happens here, no second pytest goes on
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return Result(code, (tmp_path / ".out").read_text(), (tmp_path / ".err").read_text())

    return run


@pytest.fixture
def short_judges(monkeypatch):
    """Judges train for a third of their steps, where what is told apart is easy to tell."""
    monkeypatch.setattr(told_apart, "STEPS", told_apart.STEPS // 3)


@pytest.fixture(scope="session")
def smoke_runs(tmp_path_factory):
    """A smoke run with some more words, made once for all tests of this process."""
    made = {}

    def run(words):
        if words not in made:
            folder = tmp_path_factory.mktemp("smoke")
            script, *arguments = f"{SMOKE} {words} hydra.run.dir=run".split()
            child = os.fork()
            if child == 0:
                try:
                    os.chdir(folder)
                    os._exit(run_in_child(script, arguments, folder))
                finally:
                    os._exit(1)
            assert os.waitpid(child, 0)[1] == 0, (folder / ".err").read_text()
            made[words] = folder / "run"
        return made[words]

    return run


@pytest.fixture
def trained(smoke_runs, tmp_path, monkeypatch):
    """Puts a copy of a finished smoke run into the test's directory, as `run`."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def put(words=""):
        return Path(shutil.copytree(smoke_runs(words), tmp_path / "run"))

    return put


@pytest.fixture
def launch(tmp_path):
    """Starts a command as its own process, for signals and several devices."""

    def start(line, **environment):
        script, *arguments = line.split()
        return subprocess.Popen(
            [sys.executable, str(ROOT / script), *arguments],
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def column(run, key):
    """The numbers of one column of a run's metrics.csv, where it has any."""
    with (run / "metrics.csv").open(newline="") as file:
        return [float(row[key]) for row in csv.DictReader(file) if row[key]]


def run_in_child(script, arguments, folder):
    with (folder / ".out").open("w") as out, (folder / ".err").open("w") as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdout = os.fdopen(1, "w")
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace")  # as Python's own
        sys.argv = [str(ROOT / script), *arguments]
        code = 0
        try:
            runpy.run_path(str(ROOT / script), run_name="__main__")
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 1
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        return code
