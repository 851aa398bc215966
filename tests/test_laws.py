"""Every part that `conf/` offers keeps the laws of its kind; schedules have their own file."""

import pytest
from laws import LAWS, takes_any_channels_and_sizes
from parts import names, part, settings

CASES = [
    pytest.param(group, name, law, id=f"{group}={name}-{law.__name__}")
    for group, laws in LAWS.items()
    for name in names(group)
    for law in laws
    if name != "large" or law is takes_any_channels_and_sizes  # the others would take a minute
]


@pytest.mark.parametrize(("group", "name", "law"), CASES)
def test_a_part_keeps_the_law(group, name, law):
    make = part(group, name)
    make.settings = dict(settings(group, name))
    law(make)
