"""What a command says: as text that moves no cursor, and for as long as somebody listens."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from diffusion.errors import Interrupted
from diffusion.runs.printable import printable

STREAMS = ("stdin", "stdout", "stderr")  # by their numbers


class Printable:
    """A text stream that shows control characters. A carriage return may begin what is written,
    as in progress bars.

    Raises:
        Interrupted: on writing, when the reader of a pipe has gone.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        first = text[:1] if text.startswith("\r") else ""
        with _heard():
            self._stream.write(first + printable(text[len(first) :]))
        return len(text)

    def flush(self) -> None:
        with _heard():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def spoken() -> Iterator[None]:
    """Makes all that is printed from now on printable, and ends the command with the code of
    SIGPIPE, 141, and no word when its reader goes away.

    A standard stream that is closed is opened on nothing: a file that is opened later would get
    its number, and what is printed would be written into it.
    """
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, number)
            if nothing != number:
                os.close(nothing)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
    for name in STREAMS[1:]:
        setattr(sys, name, Printable(getattr(sys, name)))
    try:
        yield
        sys.stdout.flush()
    except Interrupted as interruption:
        sys.exit(128 + interruption.signal)
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, Interrupted):  # what is left to print goes nowhere
            nothing = os.open(os.devnull, os.O_WRONLY)
            for number in (1, 2):
                os.dup2(nothing, number)


@contextmanager
def _heard() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise Interrupted("nobody reads what is printed", signal.SIGPIPE) from error
