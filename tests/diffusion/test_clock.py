"""One file knows the inside of Lightning's loops."""

import re

from conftest import ROOT

INSIDE = re.compile(r"fit_loop|epoch_loop|trainer\._")


def test_only_the_clock_knows_the_inside_of_lightnings_loops():
    known = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "diffusion").rglob("*.py")
        if INSIDE.search(file.read_text())
    }
    assert known == {"diffusion/clock.py"}
