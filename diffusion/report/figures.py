"""The plots of a report: matplotlib draws most as SVG, and the page gives them its colours.

No colour and no name is in a plot. Matplotlib is given marker colours that become CSS variables,
so that one drawing serves light and dark; what belongs to a configuration carries its number, so
that a legend outside can point at it.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullFormatter

INK, FAINT, LINE, PAPER = "#5e0001", "#5e0002", "#5e0003", "#5e0004"
SERIES = 8  # so many configurations have a colour of their own
VARIABLES = {INK: "--ink", FAINT: "--faint", LINE: "--line", PAPER: "--paper"} | {
    f"#5e01{k:02x}": f"--series-{min(k, SERIES)}" for k in range(SERIES + 1)
}
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.size": 11,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": FAINT,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}
POINTS = 200  # a longer curve is thinned to so many means


@dataclass(frozen=True)
class Curve:
    """Points to draw, as what: the number of a configuration, and whether it is a reference.

    Args:
        spread: how far to both sides of each point seeds scatter.
    """

    x: Sequence[float]
    y: Sequence[float]
    series: int = 0
    reference: bool = False
    spread: Sequence[float] = ()

    @property
    def is_flat(self) -> bool:
        """Whether there is nothing to see: one value at all places."""
        values = [value for value in self.y if math.isfinite(value)]
        return max(values, default=0) == min(values, default=0)


@dataclass(frozen=True)
class Dot:
    """A run, or with a number in it the mean of a configuration, in a picture of two measures.

    Args:
        spread: standard deviation of y over the seeds of a mean.
    """

    x: float
    y: float
    series: int
    number: int | None = None
    spread: float = 0.0


def curves(label: str, lines: Sequence[Curve], x: str, y: str, log: bool = False) -> Markup:
    """Lines over each other; logarithmic upwards if asked and all values are positive."""
    with _style(label):
        drawing, axes = _axes(x, y)
        own = [line for line in lines if not line.reference] or lines
        values = [value for line in own for value in line.y if math.isfinite(value)]
        for line in sorted(lines, key=lambda line: -line.series):
            xs, ys = thinned(line.x, line.y)
            if line.spread:
                wide = thinned(line.x, line.spread)[1]
                band: Any = {"color": _colour(line.series), "alpha": 0.2, "linewidth": 0}
                axes.fill_between(xs, ys - wide, ys + wide, gid=f"series-{line.series}", **band)
            axes.plot(
                xs,
                ys,
                color=INK if line.reference else _colour(line.series),
                linestyle=(0, (2, 2)) if line.reference else "-",
                linewidth=1.2 if line.reference else 1.8,
                gid=None if line.reference else f"series-{line.series}",
            )
        _scale(axes, "y", values, log)
        if axes.get_yscale() == "log":  # a reference may fall to 0
            axes.set_ylim(bottom=max(axes.get_ylim()[0], min(values) / 2))
        axes.xaxis.set_major_formatter(Amounts())
        axes.xaxis.set_major_locator(MaxNLocator(5))
        return _inline(drawing, label)


def trade_off(
    label: str,
    dots: Sequence[Dot],
    x: str,
    y: str,
    rising: tuple[bool, bool],
    mark: float | None = None,
    log: tuple[bool, bool] = (False, False),
) -> Markup:
    """Two measures against each other, with a line through what nothing beats in both.

    Args:
        label: for who cannot see it.
        dots: runs, and means with their number.
        x, y: what is measured.
        rising: whether more is better, across and upwards.
        mark: a value of x to point out.
        log: whether to draw logarithmically where values allow it.
    """
    with _style(label):
        drawing, axes = _axes(x, y)
        means = [dot for dot in dots if dot.number is not None]
        best = front([(dot.x, dot.y) for dot in means], rising)
        axes.plot(*zip(*best, strict=True), color=LINE, linewidth=6, zorder=1)
        if mark is not None:
            axes.axvline(mark, color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
        for dot in dots:
            gid = f"series-{dot.series}"
            own: Any = {"color": _colour(dot.series), "gid": gid, "linestyle": ""}
            if dot.number is None:
                axes.plot(dot.x, dot.y, marker="o", markersize=5, alpha=0.6, zorder=2, **own)
                continue
            axes.plot(dot.x, dot.y, marker="o", markersize=15, zorder=3, **own)
            if dot.spread:
                ends = [dot.y - dot.spread, dot.y + dot.spread]
                axes.plot([dot.x] * 2, ends, zorder=2, **own | {"linestyle": "-"})
            at: Any = {"ha": "center", "va": "center_baseline", "gid": gid, "zorder": 4}
            axes.text(dot.x, dot.y, str(dot.number), color=PAPER, fontsize=9, weight="bold", **at)
        axes.margins(0.12)
        _scale(axes, "x", [dot.x for dot in dots], log[0])
        _scale(axes, "y", [dot.y for dot in dots], log[1])
        return _inline(drawing, label)


def histogram(label: str, bins: Sequence[float], shares: Mapping[str, Sequence[float]]) -> Markup:
    """Shares of samples as bars and of training sprites as an outline; bins or their edges.

    There are many of them on a page, so they are written down without matplotlib.
    """
    samples, training = shares["samples"], shares["training"]
    n, centres = len(samples), np.asarray(bins, float)
    if len(bins) == n + 1:
        centres = (centres[1:] + centres[:-1]) / 2
    highest = max(*samples, *training)
    ticks = [tick for tick in MaxNLocator(3).tick_values(0, highest) if tick <= 1]
    top = max(highest, ticks[-1])
    width, height, left, right, foot = 216.0, 122.0, 36.0, 204.0, 18.0
    step, high = (right - left) / n, height - foot - 6

    def up(share: float) -> float:
        return round(height - foot - high * share / top, 1)

    def across(k: float) -> float:
        return round(left + k * step, 1)

    drawn = [
        f'<path d="M{left} {up(tick)}H{right}" style="stroke: var(--line); stroke-width: .6"/>'
        f'<text x="{left - 4}" y="{up(tick) + 3}" text-anchor="end">{tick:.0%}</text>'
        for tick in ticks
    ]
    drawn += [
        f'<rect x="{across(k + 0.07)}" y="{up(share)}" width="{round(0.86 * step, 1)}" '
        f'height="{round(up(0) - up(share), 1)}" style="fill: var(--series-0)"/>'
        for k, share in enumerate(samples)
        if share
    ]
    steps = "".join(f"V{up(share)}H{across(k + 1)}" for k, share in enumerate(training))
    outline = "fill: none; stroke: var(--ink); stroke-width: 1.4"
    drawn.append(f'<path d="M{left} {up(0)}{steps}V{up(0)}" style="{outline}"/>')
    drawn += [
        f'<text x="{across(k + 0.5)}" y="{height - 4}" text-anchor="middle">'
        f"{amount(centres[k], 2)}</text>"
        for k in np.unique(np.linspace(0, n - 1, min(n, 5)).round().astype(int))
    ]
    return Markup(
        f'<svg class="histogram" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}">{"".join(drawn)}</svg>'
    )


def front(points: Sequence[tuple[float, float]], rising: tuple[bool, bool]) -> list[Any]:
    """The points that no other is at least as good as in both measures, from left to right."""
    signs = [1 if up else -1 for up in rising]

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        ahead = [sign * (a - b) for sign, a, b in zip(signs, one, other, strict=True)]
        return min(ahead) >= 0 and max(ahead) > 0

    return sorted(p for p in points if not any(beats(other, p) for other in points))


def thinned(x: Sequence[float], y: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """At most 200 points: the means of as many equal parts of a longer curve."""
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    if len(xs) <= POINTS:
        return xs, ys
    return tuple(  # type: ignore[return-value]
        np.array([part.mean() for part in np.array_split(each, POINTS)]) for each in (xs, ys)
    )


def amount(value: float, digits: int = 3) -> str:
    """A number on an axis: 1500 as 1.5k."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.{digits}g}{unit}"
    return f"{value:.{digits}g}"


class Amounts(Formatter):
    """Numbers along an axis, with as many digits as tell them apart."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return amount(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """What stands at these places."""
        for digits in range(3, 9):
            texts = [amount(value, digits) for value in values]
            if len(set(texts)) == len(texts):
                break
        return texts


def _style(label: str) -> AbstractContextManager[None]:
    """The look of all plots; the label makes the ids in an SVG its own."""
    style: Any = STYLE | {"svg.hashsalt": label}
    return matplotlib.rc_context(style)


def _axes(x: str, y: str) -> tuple[Figure, Axes]:
    """A figure with axes to draw on; inches of 72 units."""
    drawing = Figure(figsize=(5.2, 3.3), layout="constrained")
    return drawing, drawing.add_subplot(xlabel=x, ylabel=y)


def _inline(drawing: Figure, label: str) -> Markup:
    out = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    drawing.savefig(out, format="svg", transparent=True, metadata=nothing)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    view = re.search(r'viewBox="([^"]*)"', svg)
    assert view is not None
    opening = f'<svg viewBox="{view.group(1)}" role="img" aria-label="{escape(label)}">'
    svg = opening + svg[svg.index(">") + 1 :]
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)  # it would hold for all the page
    svg = re.sub(r'\bid="series-(\d+)"', r'data-series="\1"', svg)
    pointed = set(re.findall(r"#([\w-]+)", svg))
    svg = re.sub(r'\s+id="([^"]*)"', lambda found: found[0] if found[1] in pointed else "", svg)
    svg = re.sub(r"#5e[0-9a-f]{4}", lambda found: f"var({VARIABLES[found[0]]})", svg)
    svg = re.sub(r" font-family: [^;\"]*;", "", svg)
    return Markup(re.sub(r"\n\s*", "\n", svg))


def _colour(series: int) -> str:
    return f"#5e01{min(series, SERIES):02x}"


def _scale(axes: Axes, which: str, values: Sequence[float], log: bool) -> None:
    if log and min(values, default=0) > 0 and max(values) > 3 * min(values):
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        axis = axes.xaxis if which == "x" else axes.yaxis
        axis.set_minor_formatter(NullFormatter())
        decades = math.log10(max(values) / min(values))
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 3 else (1,)))
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(Amounts())
