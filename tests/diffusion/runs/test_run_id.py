"""One run is one run on the dashboard, and its copy is another."""

import os
import shutil

import pytest

from diffusion.errors import UserError
from diffusion.runs.loggers import _run_id


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_every_part_of_a_run_has_its_id(run):
    assert _run_id(run) == _run_id(run)


def test_a_moved_run_keeps_its_id(run, tmp_path):
    known = _run_id(run)
    run.rename(tmp_path / "moved")
    assert _run_id(tmp_path / "moved") == known
    (tmp_path / "moved").rename(tmp_path / "again")
    assert _run_id(tmp_path / "again") == known


def test_a_run_that_was_brought_back_to_its_place_keeps_its_id(run, tmp_path):
    """As from a backup: another place on the disk, the same path."""
    known = _run_id(run)
    shutil.copytree(run, tmp_path / "backup")
    shutil.rmtree(run)
    shutil.copytree(tmp_path / "backup", run)
    assert _run_id(run) == known


def test_a_copy_gets_an_id_of_its_own_and_keeps_it(run, tmp_path):
    known = _run_id(run)
    shutil.copytree(run, tmp_path / "copy")
    own = _run_id(tmp_path / "copy")
    assert own != known
    assert (_run_id(run), _run_id(tmp_path / "copy")) == (known, own)


def test_the_id_of_an_older_run_stays(run):
    (run / "wandb").mkdir()
    (run / "wandb" / "run_id").write_text("0123abcd")
    assert _run_id(run) == "0123abcd"
    assert _run_id(run) == "0123abcd"


@pytest.mark.parametrize("text", ["", "../../x", "a b", "x" * 100, "a\x1b[2J", "é é"])
def test_what_is_no_id_is_replaced(run, text):
    (run / "wandb").mkdir()
    (run / "wandb" / "run_id").write_text(text)
    assert _run_id(run).isalnum()
    assert _run_id(run) == _run_id(run)


def test_a_link_is_not_read(run, tmp_path):
    (tmp_path / "secret").write_text("token")
    (run / "wandb").mkdir()
    os.symlink(tmp_path / "secret", run / "wandb" / "run_id")
    with pytest.raises(UserError, match="run_id is a link"):
        _run_id(run)
