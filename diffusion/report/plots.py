"""Which plots a report shows of its runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from diffusion.report import figures
from diffusion.report.figures import SERIES, Curve, Dot
from diffusion.report.glossary import COSTS, SCORES, VERDICTS, explained
from diffusion.report.judged import Judged
from diffusion.report.ranking import (
    Configuration,
    base_novelty,
    differing,
    losses_compare,
    novelty,
)

LOSSES = {"val/loss": "Loss on held-out sprites", "train/loss": "Loss on training sprites"}
UNSHOWN = {
    *("learning_rate", "gradient_norm", "images_per_second", "images", "copying"),
    *VERDICTS,  # `copy_rate` sums up those that matter
}
SHARES = ("samples", "training")
UNITS = "In different units: heights do not compare."
NOTICED = 1.05  # the same training twice takes not quite the same time
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
    """Quality against cost, evaluations and novelty, where these are known and differ."""
    runs = [run for configuration in ranked for run in configuration.runs]
    title, higher = explained(score).title, runs[0].scores[score].higher_is_better
    better = "upwards" if higher else "downwards"
    for cost in dict.fromkeys((cost_of(runs) or "evaluations", "evaluations")):
        if not _differs(ranked, _cost(cost), NOTICED):
            continue
        dots = _dots(ranked, score, _cost(cost))
        yield Plot(
            f"Quality against {'evaluations' if cost == 'evaluations' else 'cost'}",
            figures.trade_off(
                f"{title} against {COSTS[cost]}",
                dots,
                COSTS[cost],
                title,
                rising=(False, higher),
                log=(True, not higher),
            ),
            f"Cheaper is left, better is {better}{_pale(dots, (False, higher))}.",
        )
    if _differs(ranked, novelty):
        dots = _dots(ranked, score, novelty)
        yield Plot(
            "Quality against novelty",
            figures.trade_off(
                f"{title} against novelty",
                dots,
                "share of samples that are no training sprite",
                title,
                rising=(True, higher),
                mark=base_novelty(runs[0]),
                log=(False, not higher),
            ),
            f"Newer is right, better is {better}{_pale(dots, (True, higher))}; dashed: unseen "
            "real sprites.",
        )


def _cost(kind: str) -> Callable[[Judged], Any]:
    return lambda run: run.summary.get(kind)


def _logged(key: str) -> Callable[[Judged], Sequence[tuple[float, float]]]:
    return lambda run: run.curves.get(key, [])


def _pale(dots: Sequence[Dot], rising: tuple[bool, bool]) -> str:
    """What the line is that is drawn through several of the means."""
    means = [(dot.x, dot.y) for dot in dots if dot.number is not None]
    return "; pale line: unbeaten in both" if len(figures.front(means, rising)) > 1 else ""


def _differs(
    ranked: Sequence[Configuration], of: Callable[[Judged], Any], factor: float = 1.0
) -> bool:
    """Whether this is a number of every run, and by more than a factor another of some."""
    values = [[of(run) for run in each.runs] for each in ranked]
    if not all(isinstance(value, int | float) for each in values for value in each):
        return False
    means = [sum(each) / len(each) for each in values]
    return max(means) > factor * min(means)


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
    levels, several = runs[0][1].levels, sum(len(c.runs) for c in ranked) > 1
    exact = [
        Curve(levels["t"], levels[name], reference=True)
        for name in (("exact held-out",) if several else ("exact train", "exact held-out"))
        if name in levels
    ]
    memoriser = "the exact memoriser, which knows nothing but the training sprites"
    if not several:
        lines = [
            Curve(levels["t"], levels[name], series)
            for name, series in (("train", SERIES), ("held-out", 0))
            if name in levels
        ]
        caption = f"Strong: held-out sprites; pale: training sprites; dashed: {memoriser}."
        yield Plot(title, figures.curves(title, lines + exact, LEVEL, "loss", True), caption)
        return
    lines = _of_each(ranked, lambda run: _by_level(run, lambda held_out, _: held_out))
    same = all(run.levels.get("exact held-out") == levels.get("exact held-out") for _, run in runs)
    caption = "On held-out sprites." + (f" Dashed: {memoriser}." if same and exact else "")
    if any(key.startswith("schedule.") for key in differing([run for _, run in runs])[0]):
        caption += " The schedules differ, and so does how much noise a t means."
    if not losses_compare([run for _, run in runs]):
        caption += f" {UNITS}"
    lines += exact if same else []
    yield Plot(title, figures.curves(title, lines, LEVEL, "loss", True), caption)
    title = "Held-out loss beyond training loss"
    ratios = _of_each(ranked, lambda run: _by_level(run, lambda h, t: h / t if t else 1.0))
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
        if not all(line.is_flat for line in lines):
            svg = figures.curves("Loss over training", lines, SEEN, "loss", True)
            yield Plot("Loss", svg, "Strong: held-out sprites; pale: training sprites.")
        present = dict.fromkeys(key for key in present if key not in LOSSES)
    for key in sorted(present, key=_importance):
        if key.rpartition("/")[2] in UNSHOWN or key.startswith(REAL):
            continue
        score = key.removeprefix(PREVIEW)
        title = LOSSES.get(key) or explained(score).title
        lines = _of_each(ranked, _logged(key))
        if all(line.is_flat for line in lines):
            continue
        real = [run.curves.get(REAL + score) for _, run in runs]
        same = real[0] is not None and len({each[-1][1] if each else None for each in real}) == 1
        lines += [replace(_line(real[0], 0), reference=True)] if same and real[0] else []
        svg = figures.curves(f"{title} over training", lines, SEEN, title.lower(), True)
        units = key in LOSSES and not losses_compare([run for _, run in runs])
        yield Plot(title, svg, UNITS if units else "")


def _importance(key: str) -> tuple[int, str]:
    """Losses first, then what the glossary knows, in its order."""
    known = [*LOSSES, *(PREVIEW + name for name in SCORES)]
    return (known.index(key) if key in known else len(known), key)


def _one_unit(run: Judged) -> bool:
    """Whether training made the very loss small that is measured on held-out sprites."""
    palette = str(run.config.get("prediction._target_")).endswith("Palette")
    return not palette and not run.config.get("teacher")


def histograms(run: Judged) -> Iterator[Plot]:
    """Pixel-art statistics of the samples, as bars, over those of training, as outlines."""
    for name, histogram in run.histograms.items():
        if any(min(pair) > 0.999 for pair in zip(*map(histogram.get, SHARES), strict=True)):
            continue  # all in one bar, as in training
        title = explained(name).title
        svg = figures.histogram(f"{title} of {run.name}", histogram["bins"], histogram)
        yield Plot(title, svg)


def _line(points: Sequence[tuple[float, float]], series: int) -> Curve:
    return Curve([x for x, _ in points], [y for _, y in points], series)


def _of_each(
    ranked: Sequence[Configuration], of: Callable[[Judged], Sequence[tuple[float, float]]]
) -> list[Curve]:
    """The curve of every configuration: with several seeds their mean and how they scatter, and
    where they were not measured at the same places the curve of each."""
    found = []
    for k, configuration in enumerate(ranked):
        curves = [points for run in configuration.runs if (points := of(run))]
        if len(curves) > 1 and len({tuple(x for x, _ in points) for points in curves}) == 1:
            values = np.array([[y for _, y in points] for points in curves])
            mean, spread = values.mean(0).tolist(), values.std(0, ddof=1).tolist()
            found.append(Curve([x for x, _ in curves[0]], mean, k, spread=spread))
        else:
            found += [_line(points, k) for points in curves]
    return found


def _by_level(run: Judged, of: Callable[[float, float], float]) -> list[tuple[float, float]]:
    """Something of the held-out and the training loss over the noise level, where known."""
    if not run.levels:
        return []
    losses = (run.levels[name] for name in ("t", "held-out", "train"))
    return [(t, of(*pair)) for t, *pair in zip(*losses, strict=True)]


def _dots(ranked: Sequence[Configuration], score: str, x: Any) -> list[Dot]:
    """Every run, and with its rank the mean of every configuration."""
    dots = []
    for k, configuration in enumerate(ranked):
        places = [(float(x(run)), run.scores[score].value) for run in configuration.runs]
        if len(places) > 1:
            dots += [Dot(*place, k) for place in places]
        across = sum(place for place, _ in places) / len(places)
        mean, spread = configuration.mean(score), configuration.spread(score)
        dots.append(Dot(across, mean, k, k + 1, spread))
    return dots
