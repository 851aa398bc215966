"""Limits that do not depend on how busy the machine is: memory, and seconds of a processor."""

import resource
import signal
from contextlib import contextmanager
from pathlib import Path

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


def may_take(most):
    """From now on this process gets so many bytes more and no others."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmSize"):
            limit = 1024 * int(line.split()[1]) + most
            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
