"""Plots carry no colour and no stranger's word of their own, and show what they are given."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusion.report.figures import (
    SERIES,
    Amounts,
    Curve,
    Dot,
    amount,
    curves,
    front,
    histogram,
    thinned,
    trade_off,
)

HOSTILE = '"><script>alert("$x$")</script>'
PLOTS = {
    "curves": lambda label: curves(
        label, [Curve([1, 2], [3, 400], k) for k in range(12)], "x", "y", log=True
    ),
    "trade off": lambda label: trade_off(
        label, [Dot(1, 2, 0, 1), Dot(2, 1, 1, 2), Dot(2, 1.1, 1)], "x", "y", (False, False), 1.5
    ),
    "histogram": lambda label: histogram(
        label, [0, 1, 2], {"samples": [0.4, 0.6], "training": [0.5, 0.5]}
    ),
}


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_a_plot_is_lawful_svg_with_the_colours_of_the_page(plot):
    svg = plot(HOSTILE)
    root = ElementTree.fromstring(svg.replace("xlink:href", "href"))
    assert root.get("aria-label") == HOSTILE
    assert "<script" not in svg
    assert "<style" not in svg
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", svg))
    assert all(colour == "none" or colour.startswith("var(--") for colour in colours), colours
    assert set(re.findall(r"url\(([^)]*)\)", svg)) <= {f"#{name}" for name in ids(svg)}


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_equal_plots_are_equal_and_other_labels_give_other_ids(plot):
    assert plot("one") == plot("one")
    assert not set(ids(plot("one"))) & set(ids(plot("two")))


def test_every_line_carries_the_number_of_its_configuration():
    svg = PLOTS["curves"]("lines")
    assert set(re.findall(r'data-series="(\d+)"', svg)) == {str(k) for k in range(12)}
    drawn = set(re.findall(r"var\(--series-(\d+)\)", svg))
    assert drawn == {str(k) for k in range(SERIES + 1)}, "the others share the last colour"


def test_references_belong_to_nobody():
    svg = curves("x", [Curve([1, 2], [3, 4], reference=True)], "x", "y")
    assert "data-series" not in svg


def test_zeros_and_gaps_do_not_stop_a_logarithmic_plot():
    assert "<svg" in curves("x", [Curve([1, 2, 3], [0.0, 4.0, float("nan")])], "x", "y", log=True)


points = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)


@given(points, st.booleans(), st.booleans())
def test_the_front_is_beaten_by_nothing_and_beats_the_rest(all_points, right, up):
    best = front(all_points, (right, up))
    signs = np.array([1 if right else -1, 1 if up else -1])

    def beaten(point, by):
        ahead = (np.array(by) - np.array(point)) * signs
        return (ahead >= 0).all() and (ahead > 0).any()

    assert best
    for point in all_points:
        assert (point in best) != any(beaten(point, other) for other in best)


@pytest.mark.parametrize("n", [1, 200, 201, 5000])
def test_long_curves_are_thinned_and_keep_their_means(n):
    x, y = thinned(range(n), np.arange(n) * 3.0)
    assert len(x) == len(y) == min(n, 200)
    assert np.allclose(y, 3 * x)
    assert np.all(np.diff(x) > 0)
    if n % 200 == 0:
        assert y.mean() == pytest.approx(3 * (n - 1) / 2)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.05, "0.05"), (1500, "1.5k"), (2e6, "2M"), (3e9, "3G")]
)
def test_amounts_are_short(value, text):
    assert amount(value) == text


def ids(svg):
    return re.findall(r'\bid="([^"]+)"', svg)


def test_neighbours_on_an_axis_have_different_texts():
    assert Amounts().format_ticks([0.9970, 0.9975, 0.9980]) == ["0.997", "0.9975", "0.998"]
    assert Amounts().format_ticks([1000, 2000]) == ["1k", "2k"]
    assert Amounts().format_ticks([1.0, 1.0]) == ["1", "1"]
