"""What is said to be expected is a row that was looked at, and the nearest one."""

import re
from pathlib import Path

import pytest

from diffusion.callbacks.expectation import FEWEST, SEEN, WHERE, expectation

DOCS = Path(__file__).parents[3]


@pytest.mark.parametrize("images", [*SEEN, FEWEST, 60_000, 70_000, 190_000, 200_000, 10**7])
def test_the_nearest_row_is_named(images):
    (named,) = (row for row in SEEN if f"are {row:,}," in expectation(images))
    assert all(
        max(images, named) / min(images, named) <= max(images, row) / min(images, row)
        for row in SEEN
    )
    assert SEEN[named] in expectation(images)


def test_of_fewer_nothing_is_known():
    assert "the fewest that were looked at are 33,664" in expectation(FEWEST - 1)
    assert expectation(640).startswith("about 640 images")
    assert expectation(123_456).startswith("about 120,000 images")


def test_the_rows_stand_where_it_says():
    file, _, anchor = WHERE.partition("#")
    text = (DOCS / file).read_text()
    sections = dict(re.findall(r"^## ([^\n]*)$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    anchors = {title.lower().replace(" ", "-"): text for title, text in sections.items()}
    assert all(f"after {row:,}" in anchors[anchor] for row in SEEN)
