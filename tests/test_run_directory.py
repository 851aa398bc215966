"""Laws of run directories: one user at a time, one configuration, nothing half written."""

import json

import pytest
import torch
from otherprocess import in_another_process

from diffusion.errors import Interrupted, UserError
from diffusion.runs.directory import RunDirectory, process_rank

CONFIG = {"seed": 0, "trainer": {"max_steps": 10, "max_time": None, "devices": 1}, "logger": "a"}


def changed(**trainer):
    return CONFIG | {"trainer": CONFIG["trainer"] | trainer}


@pytest.fixture
def made(tmp_path):
    """A run directory with a finished run in it."""
    with RunDirectory(tmp_path / "run", CONFIG) as run:
        run.begin(["seed=0"], {"fingerprint": "a"})
        (tmp_path / "run" / "checkpoints").mkdir()
        torch.save({}, tmp_path / "run" / "checkpoints" / "last.ckpt")
        run.write_json("summary.json", {"status": "finished"})
    return tmp_path / "run"


def entered(path):
    with RunDirectory(path, CONFIG):
        return "entered"


def test_a_second_user_is_refused_until_the_first_leaves(made):
    with RunDirectory(made, CONFIG):
        assert "in use" in in_another_process(entered, made)
    assert in_another_process(entered, made) == "entered"


def test_a_run_that_used_its_budget_is_finished(made):
    with RunDirectory(made, CONFIG) as run:
        assert run.finished
    with RunDirectory(made, changed(max_steps=20)) as run:
        assert not run.finished


def test_budget_devices_logger_and_callbacks_may_differ(made):
    other = changed(max_steps=20, max_time="1", devices=4) | {"logger": "b", "callbacks": {}}
    with RunDirectory(made, other):
        pass


@pytest.mark.parametrize("other", [CONFIG | {"seed": 1}, CONFIG | {"new": 1}, {"logger": "a"}])
def test_anything_else_that_differs_is_named(made, other):
    before = {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}
    with pytest.raises(UserError, match="seed|new"):
        RunDirectory(made, other).__enter__()
    assert before == {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}
    with RunDirectory(made, CONFIG):
        pass  # and the lock was given back


def test_a_run_that_never_saved_may_be_replaced(made):
    (made / "checkpoints" / "last.ckpt").unlink()
    with RunDirectory(made, CONFIG | {"seed": 1}) as run:
        run.begin([], {"fingerprint": "b"})


def test_other_data_cannot_continue_a_run(made):
    with RunDirectory(made, CONFIG) as run, pytest.raises(UserError, match="data has changed"):
        run.begin([], {"fingerprint": "b"})


def test_nothing_is_written_before_begin(tmp_path):
    with pytest.raises(ZeroDivisionError), RunDirectory(tmp_path / "run", CONFIG):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "status"), [(ZeroDivisionError(), "failed"), (Interrupted("x", 15), "interrupted")]
)
def test_the_summary_says_how_a_run_ended(tmp_path, error, status):
    def end():
        with RunDirectory(tmp_path / "run", CONFIG) as run:
            run.begin([], {"fingerprint": "a"})
            raise error

    with pytest.raises(type(error)):
        end()
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["status"] == status


def test_the_log_holds_what_every_part_of_a_run_said(tmp_path, capsys):
    def interrupted(part):
        with RunDirectory(tmp_path / "run", CONFIG) as run:
            run.say(f"before {part}")
            run.begin([], {"fingerprint": "a"})
            run.say(f"{part}: \x1b[2J")
            raise Interrupted("the end", 15)

    for part in ("one", "two"):
        with pytest.raises(Interrupted):
            interrupted(part)
    parts = [f"before {n}\n{n}: \\x1b[2J\ninterrupted: the end\n" for n in ("one", "two")]
    assert (tmp_path / "run" / "train.log").read_text() == "".join(parts)


def test_what_is_said_of_a_run_that_is_not_begun_is_only_printed(made, capsys):
    before = {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}
    with RunDirectory(made, CONFIG) as run:
        run.say("finished")
    assert capsys.readouterr().out == "finished\n"
    assert before == {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}


def test_children_of_a_launch_meet_no_lock_and_write_nothing(made, monkeypatch, capsys):
    with RunDirectory(made, CONFIG):
        monkeypatch.setenv("LOCAL_RANK", "1")
        before = {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}
        with RunDirectory(made, CONFIG) as child:
            child.begin([], {})
            child.write_json("summary.json", {})
            child.say("hello")
        assert before == {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}
        assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, 0),
        ({"LOCAL_RANK": "3"}, 3),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, 1),
        ({"RANK": "5", "LOCAL_RANK": "0"}, 5),
        ({"SLURM_PROCID": "2", "LOCAL_RANK": "0"}, 2),
    ],
)
def test_the_rank_comes_from_the_launcher(monkeypatch, environment, rank):
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert process_rank() == rank
