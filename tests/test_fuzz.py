"""Thousands of spoilt records, arrays, pictures, checkpoints and exports: no reader gives way.

Each law is tried in a process of its own, which may take a gigabyte more than what it imports; a
case has 20 seconds of a processor (`limits.py`).
"""

import os
import subprocess
import sys

import pytest
from conftest import ROOT
from fuzzing import CASES

LAWS = {  # and how many cases
    "tests/diffusion/runs/test_reading.py::test_any_bytes_are_read_or_one_sentence": 10_000,
    "tests/diffusion/report/test_records.py::test_any_summary_is_plain_numbers_and_words_or_refused": 2500,  # noqa: E501
    "tests/diffusion/report/test_records.py::test_any_table_is_curves_of_numbers": 2500,
    "tests/test_hostile.py::test_spoilt_files_are_refused_or_read": 2500,
    "tests/test_hostile.py::test_spoilt_checkpoints_are_refused_or_the_same": 2500,
    "tests/test_hostile.py::test_spoilt_exports_are_refused_or_read": 2500,
}


@pytest.mark.processes
@pytest.mark.nightly
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.partition("::")[2])
def test_thousands_of_cases_are_read_or_refused_within_a_gigabyte(law):
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", law]
    environment = os.environ | {CASES: str(LAWS[law])}
    ended = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-3000:]
