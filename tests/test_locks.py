"""One process at a time uses a run directory, also where file systems lock little."""

import errno
import fcntl
import os

import pytest

from diffusion.errors import UserError
from diffusion.runs.directory import RunDirectory

CONFIG = {"seed": 0, "trainer": {"max_steps": 10}}


def test_where_folders_cannot_be_locked_a_file_is(tmp_path, monkeypatch):
    """As on NFS."""
    real = fcntl.flock

    def flock(file, how):
        if os.path.isdir(f"/proc/self/fd/{file}"):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        RunDirectory(tmp_path / "run", CONFIG),
        pytest.raises(UserError, match="in use"),
        RunDirectory(tmp_path / "run", CONFIG),
    ):
        pass
    with RunDirectory(tmp_path / "run", CONFIG):
        pass  # what is left of the lock stops nobody


def test_where_nothing_can_be_locked_that_is_said(tmp_path, monkeypatch, capsys):
    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with RunDirectory(tmp_path / "run", CONFIG):
        assert "cannot be locked" in capsys.readouterr().out
