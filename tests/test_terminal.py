"""What is printed moves no cursor, and a reader who goes away ends a command without a word."""

import io
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from conftest import ROOT

from diffusion.commands.terminal import Printable
from diffusion.errors import Interrupted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\x07b\x9b", "a\\x07b\\x9b"),
        ("\u202egnp", "\\u202egnp"),
        ("50%\r100%", "50%\\r100%"),
        ("\r 50%|█", "\r 50%|█"),
        ("ä\tb\n", "ä\tb\n"),
    ],
)
def test_control_characters_are_shown(text, shown):
    stream = io.StringIO()
    print(text, end="", file=Printable(stream))
    assert stream.getvalue() == shown


def test_a_reader_who_goes_away_interrupts():
    reader, writer = os.pipe()
    os.close(reader)
    with (
        suppress(BrokenPipeError),
        os.fdopen(writer, "w") as stream,
        pytest.raises(Interrupted) as stopped,
    ):
        print("hello", file=Printable(stream), flush=True)
    assert stopped.value.signal == signal.SIGPIPE


COMMAND = [sys.executable, "-m", "diffusion.commands.look", "noising=Bob"]
CLOSED = {
    "stdout": "exec >&-; ",
    "stderr": "exec 2>&-; ",
    "everything": "exec <&- >&- 2>&-; ",
}


@pytest.mark.processes
@pytest.mark.parametrize("closed", CLOSED)
def test_closed_streams_change_nothing(tmp_path, closed):
    line = f"{CLOSED[closed]}exec {' '.join(COMMAND)} data.n=60 out=made"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment)
    assert ended.returncode == 0
    pictures = sorted(file.name for file in (tmp_path / "made").iterdir())
    assert pictures == ["noising.gif", "noising.png", "settings.json"]
    assert (tmp_path / "made" / "noising.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.processes
@pytest.mark.parametrize("word", ["--help", "noising=Bob data.n=60 out=made", "noising=Nobody"])
def test_a_broken_pipe_is_no_news(tmp_path, word):
    line = f"set -o pipefail; {' '.join(COMMAND[:-1])} {word} 2>err.txt | true"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment)
    said = (tmp_path / "err.txt").read_text()
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    if word == "noising=Nobody":
        assert (ended.returncode, said.count("\n")) == (2, 1)
    else:
        assert (ended.returncode, said) == (128 + signal.SIGPIPE, "")


@pytest.mark.processes
def test_a_full_disk_behind_stdout_is_one_sentence(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*COMMAND, "data.n=60", "out=made"],
            cwd=tmp_path,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert ended.stderr.startswith("error: ")
