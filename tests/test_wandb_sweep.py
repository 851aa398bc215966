"""A sweep that W&B's agents run: the file is theirs to read, and what they type is understood."""

import itertools
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import QUICK, ROOT
from hydra import compose, initialize_config_dir

from diffusion.commands.entry import as_hydra_reads

library = pytest.importorskip("wandb", reason="wandb is not installed")
from wandb import wandb_agent  # noqa: E402
from wandb.sdk.launch.sweeps.utils import load_sweep_config  # noqa: E402

NAMED = sorted(file.stem for file in (ROOT / "conf" / "sweep").glob("*.yaml"))
ODD = [
    *("-m", "model.widths=[32,64],[64]", "seed=range(0,3)", "optimizer.lr=1e-3,0.02", "flip=true"),
    *("data=array", "data.path=a b.npz", "label_drop=null,0.5", "sweep_name=on"),
]


@pytest.fixture
def written(command, tmp_path):
    """What W&B reads in the file that these words of `train.py` write."""

    def write(words):
        result = command(["train.py", *words, "wandb_sweep=sweeps/mine.yaml"])
        assert (result.code, result.err) == (0, ""), result
        assert [file.name for file in tmp_path.iterdir() if file.is_dir()] == ["sweeps"]
        found = load_sweep_config(str(tmp_path / "sweeps" / "mine.yaml"))
        assert found["method"] == "grid"
        assert found["metric"]["goal"] == "minimize"
        return found

    return write


@pytest.fixture
def agent(monkeypatch, tmp_path):
    """W&B's own agent, which is told what its server would say."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    for name, value in {"SWEEP_ID": "s1", "RUN_ID": "", "SWEEP_PARAM_PATH": ""}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)  # the agent sets them, and leaves them
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "offline")
    return wandb_agent.Agent(api=None, queue=None)


def cells(sweep):
    """The values of every run of a grid."""
    values = [each["values"] for each in sweep["parameters"].values()]
    return [
        dict(zip(sweep["parameters"], cell, strict=True)) for cell in itertools.product(*values)
    ]


def start(agent, sweep, cell, run_id, form):
    """Has the agent start a run of these values."""
    swap = {"${args_no_hyphens}": form}
    agent._sweep_command = [swap.get(word, word) for word in sweep["command"]]
    told = {key: {"value": value} for key, value in cell.items()}
    agent._command_run({"run_id": run_id, "args": told, "program": sweep["program"]})


@pytest.mark.parametrize("form", ["${args_no_hyphens}", "${args}"])
@pytest.mark.parametrize("words", [*([f"sweep={name}"] for name in NAMED), ODD], ids=str)
def test_what_agents_type_is_the_run_of_these_values(written, agent, monkeypatch, words, form):
    typed = []

    def process(command, **_):
        typed.append(command)
        return SimpleNamespace()

    monkeypatch.setattr(wandb_agent, "AgentProcess", process)
    sweep, folders = written(words), set()
    for k, cell in enumerate(cells(sweep)[:10]):
        start(agent, sweep, cell, f"run{k}", form)
        env, python, program, *line = typed.pop()
        assert (env, python, program) == ("/usr/bin/env", "python", str(ROOT / "train.py"))
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            read = as_hydra_reads("train", line)
            config = compose("train", read, return_hydra_config=True)
            plain = compose(
                "train", [*as_hydra_reads("train", _fixed(words)), *map(_word, cell.items())]
            )
        folders.add(config.hydra.run.dir)
        assert config.hydra.run.dir == f"runs/{config.sweep_name}/run{k}"
        assert config.hydra.mode.name == "RUN"
        parts = ("schedule", "model", "seed", "data", "optimizer", "label_drop", "flip")
        assert [config[part] for part in parts] == [plain[part] for part in parts]
    assert len(folders) == min(10, len(cells(sweep)))


def _word(pair):
    return "{}={}".format(*pair)


def _fixed(words):
    """What all runs of a sweep share."""
    return [word for word in words if word.startswith(("data", "flip", "sweep_name"))]


def test_a_grid_has_the_jobs_of_the_sweep(written):
    sweep = written(["sweep=schedules", "seed=0,1,2"])
    assert sweep["parameters"]["seed"] == {"values": [0, 1, 2]}
    assert len(cells(sweep)) == 12
    assert sweep["name"] == "schedules"
    assert sweep["project"] == "sprite-diffusion"


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("wandb_sweep=a.yaml", "give sweep=NAME, or -m"),
        ("-m optimizer.lr=interval(0,1) wandb_sweep=a.yaml", "give choices, as optimizer.lr=1,2"),
        ("sweep=sizes wandb_sweep=there.yaml", "there.yaml is there already"),
    ],
)
def test_what_is_no_sweep_is_refused(command, tmp_path, words, remedy):
    (tmp_path / "there.yaml").write_text("mine")
    result = command(f"train.py {words}")
    assert result.code == 2, result
    assert remedy in result.err
    assert result.err.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir() if file.name[0] != "."] == ["there.yaml"]
    assert (tmp_path / "there.yaml").read_text() == "mine"


@pytest.mark.processes
def test_an_agent_runs_two_of_a_sweep(written, agent, monkeypatch, tmp_path):
    words = QUICK.replace("logger=csv", "logger=wandb").split()[1:]
    sweep = written(["-m", "seed=0,1", *words])
    python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", python)
    forms = ("${args_no_hyphens}", "${args}")
    for run_id, cell, form in zip(("abc1", "abc2"), cells(sweep), forms, strict=True):
        start(agent, sweep, cell, run_id, form)
        assert agent._run_processes[run_id].wait(300) == 0
        run = tmp_path / "runs" / "sweep" / run_id
        assert json.loads((run / "summary.json").read_text())["status"] == "finished"
        assert f"seed={cell['seed']}" in (run / ".hydra" / "overrides.yaml").read_text()
        assert (run / "wandb" / "run_id").read_text().splitlines()[0] == run_id
        assert list((run / "wandb").glob(f"offline-run-*-{run_id}"))
