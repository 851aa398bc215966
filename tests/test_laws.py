"""Every part that `conf/` offers keeps the laws of its kind."""

from functools import partial

import pytest
from laws import CHOICES, HEAVY, LAWS, takes_any_channels_and_sizes, weighs
from parts import cases, groups, part


def name_of(case):
    return getattr(case, "__name__", str(case))


@pytest.mark.parametrize(("group", "name", "law"), cases(LAWS), ids=name_of)
def test_a_part_keeps_the_law(group, name, law):
    make = part(group, name)
    if group == "model" and law is not takes_any_channels_and_sizes and weighs(make) > HEAVY:
        pytest.skip("it would take a minute; its shapes are asked about")
    if group == "sampler" and make().temperature != 1:
        make = partial(make, temperature=1)  # the exact denoisers of the laws choose no colours
    law(make)


def test_every_group_has_laws_or_chooses_among_others():
    assert groups() == LAWS.keys() | CHOICES
