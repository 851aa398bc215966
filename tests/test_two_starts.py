"""Commands that start at once, or on what somebody else is doing: nothing is lost."""

import json
import time

import pytest
from conftest import QUICK, SMOKE_OF_ANY, column

pytestmark = pytest.mark.processes


def begun(folder, process):
    """Waits until a command has its directory, long before anything is written there."""
    while not folder.is_dir():
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{QUICK} hydra.run.dir=runs/a", "in use"),
        (f"{QUICK} hydra.run.dir=runs/a seed=-1", "in use"),
        (f"{QUICK} hydra.run.dir=runs/a model=nothing", "nothing"),
    ],
)
def test_a_second_start_leaves_the_first_alone(launch, tmp_path, line, expected):
    first = launch(f"{QUICK} hydra.run.dir=runs/a")
    begun(tmp_path / "runs" / "a", first)
    second = launch(line)
    out, _ = second.communicate(timeout=900)
    assert (second.returncode, expected in out) == (2, True), out
    assert "Traceback" not in out
    out, _ = first.communicate(timeout=900)
    assert first.returncode == 0, out
    summary = json.loads((tmp_path / "runs" / "a" / "summary.json").read_text())
    assert summary["status"] == "finished"


@pytest.mark.nightly
def test_of_five_starts_at_once_one_wins(launch, tmp_path):
    line = f"{QUICK} hydra.run.dir=a trainer.max_steps=5"
    started = [launch(line) for _ in range(5)]
    ended = [(process.communicate(timeout=900)[0], process.returncode) for process in started]
    assert sorted(code for _, code in ended) == [0] + [2] * 4, ended
    assert all("in use" in out for out, code in ended if code == 2), ended
    assert len(column(tmp_path / "a", "val/loss")) == 2


def test_a_refused_command_leaves_nothing(command, tmp_path):
    for line in ("data=array", "seed=-1", "model.blocks=0"):
        assert command(f"{SMOKE_OF_ANY} hydra.run.dir=runs/a {line}").code == 2
        assert not (tmp_path / "runs").exists()
    (tmp_path / "runs" / "a").mkdir(parents=True)
    assert command(f"{SMOKE_OF_ANY} hydra.run.dir=runs/a seed=-1").code == 2
    assert (tmp_path / "runs" / "a").is_dir()  # it was not ours to take away


@pytest.fixture
def run(command, tmp_path):
    assert command(f"{QUICK} hydra.run.dir=run").code == 0
    return tmp_path / "run"


def test_a_killed_sampling_works_again(launch, command, run, tmp_path):
    line = "sample.py run=run n=40 sampler.steps=4 png=true out=made"
    for wait in (0.0, 0.05):  # seconds after its folder is there
        process = launch(line)
        begun(tmp_path / "made", process)
        time.sleep(wait)
        process.kill()
        process.wait()
    for said in ("40 sprites in made", "made already: 40 sprites in made"):
        result = command(line)
        assert (result.code, said in result.out) == (0, True), result
    assert len(list((tmp_path / "made" / "png").iterdir())) == 40
    assert not (tmp_path / "made-2").exists()


@pytest.mark.nightly
def test_two_samplings_into_one_folder_lose_nothing(launch, command, run):
    lines = [f"sample.py run=run n=8 sampler.steps=4 seed={seed}" for seed in (0, 1)]
    for process in [launch(line) for line in lines]:
        out, _ = process.communicate(timeout=900)
        assert process.returncode == 0 or (process.returncode == 2 and "in use" in out), out
    for line in lines:
        assert command(line).code == 0
    assert sorted(folder.name for folder in run.glob("samples*")) == ["samples", "samples-2"]
