"""A few of the kills of `python tests/chaos.py`, which tries many and all variants."""

import pytest
from chaos import chaos


@pytest.mark.processes
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["one process", "in writing a checkpoint", "sample.py"])
def test_killed_commands_end_with_the_same_bits(name):
    tally = chaos({name: 4}, seed=1)[name]
    assert (tally.kills, tally.exact, tally.corrupt) == (4, 4, 0)
