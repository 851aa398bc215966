"""Limits that do not depend on how busy the machine is: seconds of a processor, not of a clock."""

import signal
from contextlib import contextmanager

WAITING = 900  # seconds of a clock, for what waits for ever and uses no processor


@contextmanager
def processor_seconds(most):
    """Ends this process, even where it never returns to Python, when what is inside uses more."""
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, most)
    signal.alarm(WAITING)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
