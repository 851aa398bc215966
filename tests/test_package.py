"""The wheel in a clean environment, outside the repository: commands, Python, the notebook."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import QUICK, ROOT

pytestmark = pytest.mark.processes
PARTS = ("sprite_diffusion", "diffusion", "datamodules", "conf", "pyproject.toml", "README.md")
NOTEBOOK = ROOT / "examples" / "sprites.ipynb"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The `bin` of an environment that holds the wheel, and else what this one holds."""
    place = tmp_path_factory.mktemp("clean")
    for part in PARTS:  # a copy, as setuptools leaves its own files beside the source
        source = ROOT / part
        into = place / "source" / part
        into.parent.mkdir(exist_ok=True)
        shutil.copytree(source, into) if source.is_dir() else shutil.copy(source, into)
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
    pip = [sys.executable, "-m", "pip"]
    wheel = [*pip, "wheel", *quiet, "--no-build-isolation", "-w", place, place / "source"]
    subprocess.run(wheel, check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / "env"], check=True)
    site = next((place / "env" / "lib").glob("python*")) / "site-packages"
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))  # its own .pth are not read
    into = ["--python", place / "env" / "bin" / "python", "install", *quiet]
    subprocess.run([*pip, *into, next(place.glob("*.whl"))], check=True)
    return place / "env" / "bin"


@pytest.fixture
def typed(installed, tmp_path):
    """Runs a command of that environment in an empty folder."""

    def run(line):
        program, *words = line.split() if isinstance(line, str) else line
        plain = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}
        done = subprocess.run(
            [installed / program, *words],
            cwd=tmp_path,
            env=plain | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "RuntimeWarning" not in done.stderr, done.stderr
        return done.stdout

    return run


def test_commands_work_from_any_folder(typed, tmp_path):
    words = QUICK.partition(" ")[2]
    typed(f"sprite-train {words} hydra.run.dir=run")
    typed("sprite-sample run=run n=4 sampler.steps=2 out=made")
    typed("sprite-look run=run panel=Bob")
    typed("sprite-report runs=[run] n=24 sampler.steps=2")
    assert (tmp_path / "run" / "report" / "report.html").exists()
    typed("python -m sprite_diffusion sample run=run n=4 sampler.steps=2 out=again")
    a, b = ((tmp_path / each / "sprites.npz").read_bytes() for each in ("made", "again"))
    assert a == b
    where = typed(["python", "-c", "import sprite_diffusion as sd; print(sd.__file__)"])
    assert not Path(where.strip()).is_relative_to(ROOT)
    words += " -m seed=0,1 sweep_name=two"
    typed(f"python -m sprite_diffusion train {words}")
    assert len(list((tmp_path / "runs" / "two").glob("*/summary.json"))) == 2
    typed(f"python -m sprite_diffusion train {words} wandb_sweep=two.yaml")
    sweep = yaml.safe_load((tmp_path / "two.yaml").read_text())
    assert "${interpreter} -m ${program} train" in " ".join(sweep["command"])
    told = [word.replace("${oc.env:WANDB_RUN_ID}", "agents") for word in sweep["command"][2:-1]]
    told = [word.replace("${program}", sweep["program"]) for word in told]
    typed(["python", *told, "seed=1"])  # as an agent types it
    assert (tmp_path / "runs" / "two" / "agents" / "summary.json").exists()


def test_the_notebook_runs(typed, tmp_path):
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert sum(len(cell.splitlines()) for cell in code) <= 12
    typed(["python", "-c", "\n".join(code)])
    with np.load(tmp_path / "sprites" / "sprites.npz") as file:
        assert file["images"].shape == (64, 16, 16, 4)
