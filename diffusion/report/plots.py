"""Which plots a report shows of its runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from diffusion.report import figures
from diffusion.report.figures import SERIES, Curve, Dot
from diffusion.report.glossary import COSTS, explained
from diffusion.report.judged import Judged
from diffusion.report.ranking import (
    Configuration,
    base_novelty,
    differing,
    losses_compare,
    novelty,
)

LOSSES = {"val/loss": "Loss on held-out sprites", "train/loss": "Loss on training sprites"}
UNSHOWN = (
    "train/learning_rate",
    "train/gradient_norm",
    "train/images_per_second",
    "progress/images",
)
SEEN = "training images seen"
LEVEL = "noise level t, from clean to pure noise"
PREVIEW = "preview/"
REAL = "held_out/"  # what unseen real sprites score, which does not change while training


@dataclass(frozen=True)
class Plot:
    """A plot with its title and what a reader must know to read it."""

    title: str
    svg: Markup
    caption: str = ""


def trade_offs(ranked: Sequence[Configuration], score: str) -> Iterator[Plot]:
    """Quality against cost and against novelty, where these are known of all runs."""
    runs = [run for configuration in ranked for run in configuration.runs]
    title, higher = explained(score).title, runs[0].scores[score].higher_is_better
    better = "upwards" if higher else "downwards"
    cost = cost_of(runs)
    if cost is not None:
        yield Plot(
            "Quality against cost",
            figures.trade_off(
                f"{title} against {COSTS[cost]}",
                _dots(ranked, score, lambda run: run.summary[cost]),
                COSTS[cost],
                title,
                rising=(False, higher),
                log=(True, not higher),
            ),
            f"Cheaper is left, better is {better}.",
        )
    if all(novelty(run) is not None for run in runs):
        yield Plot(
            "Quality against novelty",
            figures.trade_off(
                f"{title} against novelty",
                _dots(ranked, score, novelty),
                "share of samples that are no training sprite",
                title,
                rising=(True, higher),
                mark=base_novelty(runs[0]),
                log=(False, not higher),
            ),
            f"Newer is right, better is {better}; dashed: unseen real sprites.",
        )


def cost_of(runs: Sequence[Judged]) -> str | None:
    """The first kind of cost that is known of all runs, and if there is one, that differs."""
    known = [c for c in COSTS if all(isinstance(run.summary.get(c), int | float) for run in runs)]
    differing = [c for c in known if len({run.summary[c] for run in runs}) > 1]
    return next(iter(differing + known), None)


def noise_levels(ranked: Sequence[Configuration]) -> Iterator[Plot]:
    """The loss at each noise level: of one run beside the exact memoriser, of several overlaid."""
    runs = [(k, run) for k, c in enumerate(ranked) for run in c.runs if run.levels]
    if not runs:
        return
    title = "Loss at each noise level"
    levels = runs[0][1].levels
    exact = [
        Curve(levels["t"], levels[name], reference=True)
        for name in (("exact held-out",) if len(runs) > 1 else ("exact train", "exact held-out"))
        if name in levels
    ]
    memoriser = "the exact memoriser, which knows nothing but the training sprites"
    if len(runs) == 1:
        lines = [
            Curve(levels["t"], levels[name], series)
            for name, series in (("train", SERIES), ("held-out", 0))
            if name in levels
        ]
        caption = f"Strong: held-out sprites; pale: training sprites; dashed: {memoriser}."
        yield Plot(title, figures.curves(title, lines + exact, LEVEL, "loss", True), caption)
        return
    lines = [Curve(r.levels["t"], r.levels["held-out"], k) for k, r in runs]
    same = all(run.levels.get("exact held-out") == levels.get("exact held-out") for _, run in runs)
    caption = "On held-out sprites." + (f" Dashed: {memoriser}." if same and exact else "")
    if any(key.startswith("schedule.") for key in differing([run for _, run in runs])[0]):
        caption += " The schedules differ, and so does how much noise a t means."
    lines += exact if same else []
    yield Plot(title, figures.curves(title, lines, LEVEL, "loss", True), caption)
    title = "Held-out loss beyond training loss"
    ratios = [
        Curve(r.levels["t"], [h / t if t else 1.0 for h, t in _pairs(r.levels)], k)
        for k, r in runs
    ]
    yield Plot(
        title,
        figures.curves(title, ratios, LEVEL, "held-out loss / training loss"),
        "1 is no difference; what rises above it was learned by heart.",
    )


def learning(ranked: Sequence[Configuration]) -> Iterator[Plot]:
    """What was logged, over the training images seen."""
    runs = [(k, run) for k, c in enumerate(ranked) for run in c.runs]
    present = dict.fromkeys(key for _, run in runs for key, curve in run.curves.items() if curve)
    if len(runs) == 1 and all(key in present for key in LOSSES) and _one_unit(runs[0][1]):
        curves = runs[0][1].curves
        lines = [_line(curves["train/loss"], SERIES), _line(curves["val/loss"], 0)]
        yield Plot(
            "Loss",
            figures.curves("Loss over training", lines, SEEN, "loss", True),
            "Strong: held-out sprites; pale: training sprites.",
        )
        present = dict.fromkeys(key for key in present if key not in LOSSES)
    losses = [key for key in LOSSES if key in present]
    others = (k for k in present if k not in (*LOSSES, *UNSHOWN) and not k.startswith(REAL))
    for key in [*losses, *others]:
        score = key.removeprefix(PREVIEW)
        title = LOSSES.get(key) or explained(score).title
        lines = [_line(run.curves[key], k) for k, run in runs if run.curves.get(key)]
        real = [run.curves.get(REAL + score) for _, run in runs]
        same = real[0] is not None and len({each[-1][1] if each else None for each in real}) == 1
        lines += [replace(_line(real[0], 0), reference=True)] if same and real[0] else []
        svg = figures.curves(f"{title} over training", lines, SEEN, title.lower(), True)
        captions = ["Previews while training."] if key.startswith(PREVIEW) else []
        if key in LOSSES and not losses_compare([run for _, run in runs]):
            captions.append("In different units: heights do not compare.")
        captions += ["Dashed: unseen real sprites."] if same else []
        yield Plot(title, svg, " ".join(captions))


def _one_unit(run: Judged) -> bool:
    """Whether training made the very loss small that is measured on held-out sprites."""
    palette = str(run.config.get("prediction._target_")).endswith("Palette")
    return not palette and not run.config.get("teacher")


def histograms(run: Judged) -> Iterator[Plot]:
    """Pixel-art statistics of the samples, as bars, over those of training, as outlines."""
    for name, histogram in run.histograms.items():
        title = explained(name).title
        svg = figures.histogram(f"{title} of {run.name}", histogram["bins"], histogram)
        yield Plot(title, svg)


def _line(points: Sequence[tuple[float, float]], series: int) -> Curve:
    return Curve([x for x, _ in points], [y for _, y in points], series)


def _pairs(levels: dict[str, list[float]]) -> Iterator[tuple[float, float]]:
    return zip(levels["held-out"], levels["train"], strict=True)


def _dots(ranked: Sequence[Configuration], score: str, x: Any) -> list[Dot]:
    """Every run, and with its rank the mean of every configuration."""
    dots = []
    for k, configuration in enumerate(ranked):
        places = [(float(x(run)), run.scores[score].value) for run in configuration.runs]
        if len(places) > 1:
            dots += [Dot(*place, k) for place in places]
        across, up = (sum(each) / len(places) for each in zip(*places, strict=True))
        dots.append(Dot(across, up, k, number=k + 1))
    return dots
