"""A few of the kills of `python tests/chaos.py`, which tries many and all variants."""

import pytest
from chaos import chaos


@pytest.mark.processes
@pytest.mark.nightly
def test_killed_runs_end_with_the_same_bits():
    tally = chaos(["one process"], kills=4, seed=1)["one process"]
    assert (tally.kills, tally.exact, tally.corrupt) == (4, 4, 0)
