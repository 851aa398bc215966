"""Ten thousand records of nonsense, in a process of their own."""

import os
import resource
import subprocess
import sys

import pytest
from conftest import ROOT

LAW = "test_any_bytes_are_read_or_one_sentence"


@pytest.mark.processes
@pytest.mark.nightly
def test_ten_thousand_records_are_read_or_refused_within_a_gigabyte():
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "tests/diffusion/runs/test_reading.py",
        "-k",
        LAW,
    ]
    environment = os.environ | {"FUZZ_CASES": "10000"}
    ended = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-3000:]
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert kilobytes <= 2**20, f"{kilobytes / 2**20:.2f} GiB"
