"""Which run is best, and is the difference larger than that between seeds?

Runs that differ only in their seed are one configuration. How much a score varies by chance is
learned from the seeds of each configuration by itself, as some vary more than others: the test of
Welch (1947), with the studentised range for the best one's having been picked out of several
(Games and Howell 1976). Where one configuration has a single seed, the spread of that of the
others which varies most is taken. Distances are compared by their logarithms, for those of bad
configurations vary more. With a single seed each only the interval of the samples is left, and
nobody knows what another seed would change.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import stdev
from typing import Any

import numpy as np
from scipy.stats import studentized_range

from diffusion.report.glossary import AGAIN, SCORES
from diffusion.report.judged import Judged, Score

SEED = "seed"
WHERE = {"sweep_name"}  # settings that say where a run lies, and not what it is
CHANCE = 0.05  # differences that chance makes more often than this are none
WIDTH_95 = 2 * 1.96  # of a 95% interval, in standard deviations


@dataclass(frozen=True)
class Configuration:
    """Runs that differ only in their seed, and what to call them together."""

    name: str
    runs: tuple[Judged, ...]

    def values(self, score: str) -> list[float]:
        """This score of every run that has it."""
        return [run.scores[score].value for run in self.runs if score in run.scores]

    def mean(self, score: str) -> float:
        """The mean over seeds; NaN where no run has the score."""
        values = self.values(score)
        return sum(values) / len(values) if values else math.nan

    def spread(self, score: str) -> float:
        """The standard deviation over seeds; 0 for a single one."""
        values = self.values(score)
        return stdev(values) if len(values) > 1 else 0.0


@dataclass(frozen=True)
class Comparison:
    """The answer for one score.

    Attributes:
        score: its name.
        ranked: configurations that have it, best first.
        chance: for each of them how often chance alone makes such a difference from the best; 1
            for the best itself, NaN where neither seeds nor intervals tell.
        seeds: whether seeds were compared, rather than intervals of single runs.
        between: mean difference between two seeds of a configuration; without seeds, how far the
            choice of samples alone may take the first two apart (95%), or NaN.
    """

    score: str
    ranked: tuple[Configuration, ...]
    chance: tuple[float, ...]
    seeds: bool
    between: float

    @property
    def decided(self) -> bool:
        """Whether the first is better than every other by more than chance."""
        return len(self.ranked) > 1 and all(p < CHANCE for p in self.chance[1:])


def configurations(judged: Sequence[Judged]) -> list[Configuration]:
    """The runs grouped by all of their configuration but the seed; a file of sprites is alone."""
    groups: dict[str, list[Judged]] = {}
    for run in judged:
        settings = {k: value for k, value in run.config.items() if k not in WHERE | {SEED}}
        key = repr(sorted(settings.items(), key=lambda item: item[0])) if settings else run.name
        groups.setdefault(key, []).append(run)
    names = [_called(runs) for runs in groups.values()]
    return [
        Configuration(name if names.count(name) == 1 else _counted(runs), tuple(runs))
        for name, runs in zip(names, groups.values(), strict=True)
    ]


def leading_score(judged: Sequence[Judged]) -> str | None:
    """The score to rank by: of those that all runs have the most telling one; None without one."""
    common = [name for name in judged[0].scores if all(name in run.scores for run in judged)]
    known = [name for name in SCORES if name in common]
    return (known + common)[0] if common else None


def novelty(run: Judged) -> float | None:
    """Share of samples that are not a training sprite again; None where that was not measured."""
    return _not_again(run.rates)


def base_novelty(run: Judged) -> float | None:
    """The same of held-out real sprites."""
    return _not_again(run.base_rates)


def differing(judged: Sequence[Judged]) -> tuple[list[str], int]:
    """Configuration keys, but for the seed, whose values differ; and how many keys do not.

    What only one of several choices has, and always alike, goes without saying: the cosine's
    offset, where schedules differ.
    """
    configs = [run.config for run in judged if run.config]
    keys = sorted({key for config in configs for key in config} - WHERE - {SEED})
    different = [
        key for key in keys if any(_at(config, key) != _at(configs[0], key) for config in configs)
    ]
    shown = [key for key in different if not _goes_with_its_choice(key, configs)]
    return shown, len(keys) - len(different)


def _goes_with_its_choice(key: str, configs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether some configurations do not know the key, and the others of one choice agree."""
    choice = f"{key.rpartition('.')[0]}._target_"
    values: dict[str, set[str]] = {}
    for config in configs:
        values.setdefault(str(config.get(choice)), set()).add(str(config.get(key)))
    partly = any(key not in config for config in configs)
    return partly and len(values) > 1 and all(len(each) == 1 for each in values.values())


def losses_compare(judged: Sequence[Judged]) -> bool:
    """Whether the losses of these runs are in one unit: of one prediction, weighting and loss."""
    parts = ("prediction._target_", "weighting._target_", "loss._target_", "teacher")
    units = {tuple(str(run.config.get(part)) for part in parts) for run in judged if run.config}
    return len(units) < 2


def compare(judged: Sequence[Judged], score: str) -> Comparison:
    """Ranks the configurations by a score that at least one run has."""
    having = [run for run in judged if score in run.scores]
    higher = having[0].scores[score].higher_is_better
    ranked = sorted(configurations(having), key=lambda c: c.mean(score), reverse=higher)
    seeds = any(len(c.runs) > 1 for c in ranked)
    chance = tuple(_chance(ranked, score))
    return Comparison(score, tuple(ranked), chance, seeds, _between(ranked, score))


def _called(runs: Sequence[Judged]) -> str:
    """The name that all runs have without the seed, or that of the first and how many more."""
    if len(runs) == 1:
        return runs[0].name
    own = [re.escape(str(run.config.get(SEED))) for run in runs]
    bare = {
        re.sub(rf"(^|[-_,/ ])seed[-=_ ]?\d+|[-_,/ ]{seed}$", "", run.name)
        for run, seed in zip(runs, own, strict=True)
    }
    shared = bare.pop().strip("-_,/ ")
    return shared if shared and not bare else _counted(runs)


def _counted(runs: Sequence[Judged]) -> str:
    """A name that no other configuration has."""
    return f"{runs[0].name} and {len(runs) - 1} more" if len(runs) > 1 else runs[0].name


def _at(config: dict[str, Any], key: str) -> Any:
    return config.get(key, "–")


def _not_again(rates: dict[str, float]) -> float | None:
    known = [rates[name] for name in AGAIN if name in rates]
    return 1 - sum(known) if known else None


def _chance(ranked: Sequence[Configuration], score: str) -> list[float]:
    """How often chance makes differences from the first as large as these."""
    first, *others = _samples(ranked, score)
    chance = [1.0]
    for other in others:
        apart, variance = abs(other.mean - first.mean), first.variance + other.variance
        if apart == 0 or variance == 0:
            chance.append(float(apart == 0))
        else:
            range_ = apart / math.sqrt(variance / 2)
            freedom = _freedom(first, other)
            chance.append(float(studentized_range.sf(range_, len(ranked), freedom)))
    return chance


@dataclass(frozen=True)
class _Sample:
    """A mean, its variance (NaN where unknown), and the degrees of freedom of that."""

    mean: float
    variance: float
    freedom: float


def _samples(ranked: Sequence[Configuration], score: str) -> list[_Sample]:
    """Of the seeds of each configuration, of distances those of the logarithms; where there is one
    seed of each, what the intervals of the runs say."""
    first = [configuration.runs[0].scores[score] for configuration in ranked]
    values = [np.array(configuration.values(score)) for configuration in ranked]
    if all(len(each) == 1 for each in values):
        return [_Sample(it.value, _width(it) ** 2, math.inf) for it in first]
    if not first[0].higher_is_better and all((each > 0).all() for each in values):
        values = [np.log(each) for each in values]
    several = [each for each in values if len(each) > 1]
    widest = max(several, key=lambda each: float(each.var(ddof=1)))
    found = []
    for each in values:
        like = each if len(each) > 1 else widest
        variance = float(like.var(ddof=1)) / len(each)
        found.append(_Sample(float(each.mean()), variance, len(like) - 1))
    return found


def _width(it: Score) -> float:
    """The deviation that the interval of a single run stands for; NaN without one."""
    return math.nan if it.low is None or it.high is None else (it.high - it.low) / WIDTH_95


def _freedom(one: _Sample, other: _Sample) -> float:
    """Welch's degrees of freedom of a difference."""
    parts = [each.variance**2 / each.freedom for each in (one, other)]
    return (one.variance + other.variance) ** 2 / sum(parts) if sum(parts) else math.inf


def _between(ranked: Sequence[Configuration], score: str) -> float:
    """Mean difference between two seeds; else half the interval of the first two's difference."""
    pairs = [pair for c in ranked for pair in combinations(c.values(score), 2)]
    if pairs:
        return sum(abs(a - b) for a, b in pairs) / len(pairs)
    return math.sqrt(sum(each.variance for each in _samples(ranked, score)[:2])) * WIDTH_95 / 2
