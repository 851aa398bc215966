"""Figures over the noise level t, from 0, clean, to 1, pure noise: PNG, 1000 pixels wide."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, PercentFormatter

from diffusion.errors import UserError
from diffusion.levels.attributes import AttributeCurves
from diffusion.levels.detail import Detail
from diffusion.levels.losses import LossLevels

INK, PALE, RULE = "#282c34", "#707680", "#d9dce1"
OURS, OTHER = "#1f77a8", "#c97a12"  # blue and orange stay apart for every kind of eye
SERIES = (
    *("#1f77a8", "#c97a12", "#228b54", "#b8403a", "#7d5ca0"),
    *("#8a5a44", "#c9569b", "#6b7280", "#9a9a1f", "#2ba3b8"),
)
SIZE, DPI = (10.0, 5.2), 100  # inches, and pixels in one


def draw_losses(levels: LossLevels) -> bytes:
    """The network's loss on training and held-out sprites beside the exact memoriser's."""
    figure, (axis,) = _figure(
        "Loss at every noise level",
        f"gap {levels.gap:.1%} of the held-out loss; {levels.memorised:.1%} of the way from "
        "generalising to learning by heart",
    )
    t = levels.t.numpy()
    lines = (
        (levels.held_out, "network, held-out sprites", OURS, "-"),
        (levels.train, "network, training sprites", OTHER, "-"),
        (levels.exact_held_out, "exact memoriser, held-out sprites", OURS, ":"),
        (levels.exact_train, "exact memoriser, training sprites: the floor", OTHER, ":"),
    )
    for curve, name, colour, style in lines:
        axis.plot(t, curve.numpy(), style, color=colour, label=name, lw=2, marker="o", ms=3.5)
    least = min(float(levels.train.min()), float(levels.held_out.min()))
    axis.set_yscale("log")
    axis.set_ylim(bottom=least / 30)  # the floor goes down to 0, where there is nothing to see
    axis.set_ylabel("loss")
    _over_noise(axis)
    axis.legend(frameon=False, labelcolor=INK)
    return _png(figure)


def draw_gap_history(rows: Sequence[dict[str, Any]]) -> bytes:
    """Heat map over training: how much less training sprites cost than held-out ones.

    The same value has the same colour in every picture; small ones are spread by a logarithm.

    Args:
        rows: as `loss_levels.history` reads them.

    Raises:
        UserError: there are no rows.
    """
    if not rows:
        raise UserError("No noise levels were measured in this training; nothing can be drawn.")
    train, held_out = (np.array([row[name] for row in rows]).T for name in ("train", "held-out"))
    figure, (axis,) = _figure(
        "Generalisation gap over training",
        "each row is a noise level; red: training sprites cost less than unseen ones, as when "
        "learned by heart",
    )
    levels, images = rows[0]["t"], [row["images"] for row in rows]
    mesh = axis.pcolormesh(
        [0, *images],
        np.arange(len(levels) + 1) - 0.5,
        (held_out - train) / held_out,
        cmap="RdBu_r",
        norm=SymLogNorm(0.1, vmin=-1, vmax=1),
    )
    step = -(-len(levels) // 10)
    axis.set_yticks(range(0, len(levels), step), [f"{t:.2g}" for t in levels[::step]])
    axis.set_ylabel("noise level t")
    axis.set_xlabel("training images seen")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    bar = figure.colorbar(mesh, ax=axis, ticks=[-1, -0.3, -0.1, 0, 0.1, 0.3, 1])
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    bar.set_label("(held-out - training) / held-out loss", color=INK)
    return _png(figure)


def draw_detail(network: Detail, exact: Detail) -> bytes:
    """The network's error split into outline and detail, and how much of each is still open.

    Args:
        network: its errors.
        exact: the exact memoriser's on the same sprites; its error at the noisiest level is
            taken for that of knowing nothing.
    """
    figure, (left, right) = _figure(
        "Outline and detail: mean squared error of the clean estimate",
        "outline: the average over each block of a 4 x 4 grid; detail: the rest",
        columns=2,
    )
    t, colours = network.t.numpy(), (OURS, OTHER)
    parts = {"outline": network.coarse, "detail": network.fine}
    left.stackplot(
        t, [p.numpy() for p in parts.values()], labels=list(parts), colors=colours, alpha=0.75
    )
    left.plot(t, exact.whole.numpy(), ":", color=INK, lw=2, label="exact memoriser, both")
    whole = float(network.whole[-1])
    left.annotate(
        f"{whole:.2f} at t = {t[-1]:g}",
        (t[-1], whole),
        (-12, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=INK,
        fontsize=11,
    )
    left.set_ylabel("mean squared error")
    nothing = {"outline": float(exact.coarse[-1]), "detail": float(exact.fine[-1])}
    for (name, curve), colour in zip(parts.items(), colours, strict=True):
        share = curve.numpy() / nothing[name]
        right.plot(t, share, color=colour, lw=2, marker="o", ms=3.5, label=name)
    right.axhline(1, color=INK, lw=1, ls=":", label="knowing nothing")
    right.set_ylim(0, 1.5)
    right.set_ylabel("share still open")
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for axis in (left, right):
        _over_noise(axis)
        axis.legend(frameon=False, loc="upper left", labelcolor=INK)
    return _png(figure)


def draw_attribute_curves(decided: AttributeCurves) -> bytes:
    """One curve per attribute, and beside it the order in which they are decided."""
    figure, (left, right) = _figure(
        "At which noise level is each attribute decided?",
        f"{decided.completions:,} completions at each level; how many keep the attribute of the "
        "sprite that was noised",
        columns=2,
    )
    t, order = decided.t.tolist(), decided.order
    for k, name in enumerate(order):
        colour = SERIES[k % len(SERIES)]
        left.plot([0, *t], [1, *decided.kept[name].tolist()], color=colour, lw=1.8)
        left.plot([1.01, 1.05], [decided.chance[name]] * 2, color=colour, lw=3)
        level = decided.level(name)
        place = decided.last(name) if level is None else level
        right.plot([0, place], [k, k], color=RULE, lw=2, zorder=1)
        right.plot([place], [k], "o" if level is not None else ">", color=colour, ms=8)
        said = f"{level:.2f}" if level is not None else "kept even here"
        beside, side = (9, "left") if place < 0.8 else (-9, "right")
        right.annotate(
            said,
            (place, k),
            (beside, 8 * (beside < 0)),
            textcoords="offset points",
            ha=side,
            va="center",
            color=INK,
        )
    left.annotate("bars: by chance", (1.05, 0), (1.05, 0.02), ha="right", color=PALE, fontsize=9)
    left.set_ylim(0, 1.03)
    left.set_ylabel("share that keeps it")
    left.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    right.set_yticks(range(len(order)), [name.replace("_", " ") for name in order])
    right.invert_yaxis()
    for axis in (left, right):
        _over_noise(axis)
    right.grid(False)
    right.set_xlabel("half way from certain to chance, noise level t")
    return _png(figure)


def _png(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def _figure(title: str, below: str, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A page with a title, a line below it and axes side by side; no global state."""
    layout = ConstrainedLayoutEngine(rect=(0.01, 0.01, 0.98, 0.86))  # below title and line
    figure = Figure(SIZE, dpi=DPI, layout=layout)
    figure.text(0.02, 0.945, title, fontsize=15, color=INK, va="center")
    figure.text(0.02, 0.895, below, fontsize=10.5, color=PALE, va="center")
    axes = list(figure.subplots(1, columns, squeeze=False)[0])
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.spines[["left", "bottom"]].set_color(RULE)
        axis.tick_params(colors=INK, labelsize=10, color=RULE)
        axis.xaxis.label.set(color=INK, size=11)
        axis.yaxis.label.set(color=INK, size=11)
    return figure, axes


def _over_noise(axis: Axes) -> None:
    axis.set_xlim(0, 1.06)
    axis.set_xticks(np.linspace(0, 1, 6))
    axis.set_xlabel("noise level t: 0 clean, 1 pure noise")
    axis.grid(color=RULE, lw=0.7)
    axis.set_axisbelow(True)
