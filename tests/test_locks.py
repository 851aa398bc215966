"""One process at a time uses a run directory, also where file systems lock little."""

import errno
import fcntl
import os

from otherprocess import in_another_process

from diffusion.runs.directory import RunDirectory

CONFIG = {"seed": 0, "trainer": {"max_steps": 10}}


def entered(path):
    with RunDirectory(path, CONFIG):
        return "entered"


def test_where_folders_cannot_be_locked_a_file_is(tmp_path, monkeypatch):
    """As on NFS."""
    real = fcntl.flock

    def flock(file, how):
        if os.path.isdir(f"/proc/self/fd/{file}"):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with RunDirectory(tmp_path / "run", CONFIG):
        assert "in use" in in_another_process(entered, tmp_path / "run")
    assert in_another_process(entered, tmp_path / "run") == "entered"  # a lock file stops nobody


def test_where_nothing_can_be_locked_that_is_said(tmp_path, monkeypatch, capsys):
    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with RunDirectory(tmp_path / "run", CONFIG):
        assert "cannot be locked" in capsys.readouterr().out
