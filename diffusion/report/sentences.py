"""What a report says before it shows: which run is best, how new the sprites are, what to mind."""

import math
from collections.abc import Sequence

from diffusion.novelty.variety import Variety
from diffusion.report.glossary import explained, interval
from diffusion.report.judged import Judged, Score
from diffusion.report.ranking import (
    CHANCE,
    Comparison,
    Configuration,
    base_novelty,
    novelty,
)


def headline(verdict: Comparison) -> str:
    """Which configuration is best on a score, and whether by more than chance."""
    ranked, score = verdict.ranked, verdict.score
    title, best = _title(score), ranked[0]
    runs = [run for each in ranked for run in each.runs if score in run.scores]
    if not any(makes_sprites(run.scores[score]) for run in runs):
        return (
            f"None of these makes sprites yet: the {title} of {best.name} is "
            f"{short(best.mean(score))}, and {_nearest_ceiling(runs[0].scores[score])}. How they "
            "differ, and that they copy nothing, says little."
        )
    if len(ranked) == 1:
        values = best.values(score)
        if len(values) == 1:
            return f"Only {best.name} has a {title}: {short(values[0])}."
        return (
            f"No difference: these {len(values)} runs differ only in their seed; their {title}"
            f" goes from {short(min(values))} to {short(max(values))}."
        )
    second = ranked[1]
    numbers = f"{title} {_mean(best, score)}, against {_mean(second, score)} of {second.name}"
    if math.isnan(verdict.chance[1]):
        return (
            f"{best.name} comes first: {numbers}. Neither seeds nor intervals were measured, so "
            "this may be chance."
        )
    apart = short(abs(best.mean(score) - second.mean(score)))
    noise = (
        f"two seeds of one configuration differ by {short(verdict.between)} on average."
        if verdict.seeds
        else f"the choice of samples alone makes up to {short(verdict.between)}."
    )
    if not verdict.seeds and not _one_network(runs):
        noise += " What another seed of the training would change is not known."
    equals, worse = _parted(verdict)
    if len(equals) == 1:
        than = f"better than {second.name}" if len(ranked) == 2 else "best"
        return f"{best.name} is {than}: {numbers}. They are {apart} apart; {noise}"
    if not worse:
        return (
            f"That cannot be told. {best.name} comes first: {numbers}. They are {apart} "
            f"apart, which may be chance; {noise}"
        )
    verb = "are" if len(worse) > 1 else "is"
    return (
        f"{best.name} comes first, but {_listed(equals[1:])} may be as good: {numbers}. They are "
        f"{apart} apart; {noise} {_listed(worse)} {verb} worse."
    )


def _one_network(runs: Sequence[Judged]) -> bool:
    """Whether all sprites were made by one and the same checkpoint."""
    files = {run.facts.get("checkpoint") for run in runs}
    return len(files) == 1 and None not in files


def meaning(score: str, it: Score) -> str:
    """What a score says, and what real sprites and noise have."""
    known = explained(score)
    beside = [
        f"{what} {short(value)}"
        for what, value in (("unseen real sprites have", it.floor), ("noise has", it.noise))
        if value is not None
    ]
    better = f"{'Higher' if it.higher_is_better else 'Lower'} is better"
    return f"{known.title}: {known.what} {'; '.join([better, *beside])}."


def _mean(configuration: Configuration, score: str) -> str:
    """The mean over seeds, and how they scatter."""
    mean, seeds = short(configuration.mean(score)), len(configuration.values(score))
    if seeds == 1:
        return mean
    return f"{mean} ± {spread_of(configuration, score)} ({seeds} seeds)"


def makes_sprites(it: Score) -> bool:
    """Whether samples are better than what is no sprite: noise, and the mean sprite throughout."""
    ceilings = [each for each in (it.noise, it.mean) if each is not None]
    if it.higher_is_better:
        return all(it.value > each for each in ceilings)
    return all(it.value < each for each in ceilings)


def _nearest_ceiling(it: Score) -> str:
    named = (("noise has", it.noise), ("the mean sprite, over and over, has", it.mean))
    known = [(value, words) for words, value in named if value is not None]
    value, words = max(known) if it.higher_is_better else min(known)
    return f"{words} {short(value)}"


def novelty_sentences(runs: Sequence[Judged]) -> list[str]:
    """Which of several runs repeats training sprites most often; nothing where none was judged."""
    known = {run.name: share for run in runs if (share := novelty(run)) is not None}
    if not known:
        return []
    base = _of(base_novelty(next(run for run in runs if run.name in known)))
    least, most = min(known, key=lambda name: known[name]), max(known.values())
    if known[least] == most:
        return [
            f"Copies: {percent(1 - most)} of each run's samples repeat a training sprite{base}."
        ]
    return [
        f"Copies: {percent(1 - known[least])} of the samples of {least} repeat a training sprite, "
        f"the most of all runs; the least is {percent(1 - most)}{base}."
    ]


def told_apart_sentences(runs: Sequence[Judged]) -> list[str]:
    """How often judges are right about each run, beside its copies, which they cannot notice."""
    told = [
        f"{run.name} {percent(it.value)} ({percent(it.low)} to {percent(it.high)}), and "
        f"{percent(1 - share)} that repeat"
        for run in runs
        if (share := novelty(run)) is not None
        and (it := run.told_apart)
        and it.low is not None
        and it.high is not None
    ]
    if not told:
        return []
    return [
        "How often small networks that learned it tell samples from unseen real sprites (a guess "
        f"is 50%): {'; '.join(told)}."
    ]


def power_sentences(runs: Sequence[Judged]) -> list[str]:
    """What is still recognised as a copy, and what not; said once, as it belongs to the data."""
    power = next((run.power for run in runs if run.power), None)
    if power is None:
        return []
    shares = [f"{percent(share)} with {count}" for count, share in power.items()]
    return [
        "How well copies are recognised: of training sprites with some pixels repainted, "
        f"{', '.join(shares)} pixels."
    ]


def sentences_of_one(run: Judged, score: str | None) -> list[str]:
    """How good a single run is, and how new its sprites."""
    sentences = []
    if score is not None:
        it = run.scores[score]
        title, ends = _title(score), interval(score, it)
        between = (
            f" (between {short(ends[0])} and {short(ends[1])} with 95% confidence)" if ends else ""
        )
        sentences.append(f"Its {title} is {short(it.value)}{between}.")
        if not makes_sprites(it):
            sentences.append(
                f"It makes no sprites yet: {_nearest_ceiling(it)}. That it copies nothing says "
                "little."
            )
    share = novelty(run)
    if share is not None:
        again, base = percent(1 - share), _of(base_novelty(run))
        sentences += _told_apart(run)
        sentences.append(f"Copies: {again} of its samples repeat a training sprite{base}.")
    if run.variety:
        sentences.append(variety_sentence(run.variety))
    return sentences


def _told_apart(run: Judged) -> list[str]:
    """How often judges are right; nothing where that is not known."""
    it = run.told_apart
    if it is None or it.low is None or it.high is None:
        return []
    real = f"; with real ones in their place {percent(it.floor)}" if it.floor is not None else ""
    return [
        f"Small networks that learned to tell its samples from unseen real sprites are right in "
        f"{percent(it.value)} of cases (between {percent(it.low)} and {percent(it.high)} with 95% "
        f"confidence; a guess is right in 50%{real})."
    ]


def variety_sentence(it: Variety) -> str:
    """How many different sprites a run makes, and how that is known."""
    met = f"Of {it.n:,} samples {_pairs(it.pairs)} the same sprite"
    if it.is_bound:
        return f"{met}: it can make at least {rounded(it.low)} different ones."
    between = f"{rounded(it.low)} to {rounded(it.high)}"
    return f"{met}: it makes about {rounded(it.estimate)} different ones ({between}) or more."


def rounded(count: float) -> str:
    """A count in two digits that count."""
    digits = 1 - math.floor(math.log10(max(1.0, count)))
    return f"{round(count, digits):,.0f}"


def _pairs(count: int) -> str:
    if count == 0:
        return "no two are"
    return "one pair is" if count == 1 else f"{count:,} pairs are"


def cautions(runs: Sequence[Judged], score: str | None) -> list[str]:
    """Why scores of these runs do not compare, where that is so."""
    scores = [run.scores[score] for run in runs] if score else []
    found = []
    if len({each.floor for each in scores}) > 1:
        found.append(
            "These runs were held against different real sprites, as their floors show, so their"
            " scores do not compare."
        )
    if len({each.n for each in scores}) > 1:
        found.append("The runs have different numbers of samples, on which distances depend.")
    return found


def spread_of(configuration: Configuration, score: str) -> str:
    """How seeds scatter, in two digits that count."""
    return f"{configuration.spread(score):.2g}"


def short(value: float) -> str:
    """A number as a person writes it: three digits that count."""
    if not math.isfinite(value):
        return "–"
    size = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{min(max(0, 2 - size), 4)}f}"


def percent(share: float) -> str:
    """A share as a person writes it."""
    if not math.isfinite(share):
        return "–"
    return f"{share:.1%}" if 0.0005 <= abs(share) < 0.0995 else f"{share:.0%}"


def _parted(verdict: Comparison) -> tuple[list[str], list[str]]:
    """Names of those that chance could have put behind the first, which is one, and the others."""
    pairs = list(zip(verdict.ranked, verdict.chance, strict=True))
    worse = [c.name for c, chance in pairs if chance < CHANCE]
    return [c.name for c, _ in pairs if c.name not in worse], worse


def _title(score: str) -> str:
    title = explained(score).title
    return title if title.isupper() else title.lower()


def _of(base: float | None) -> str:
    """How often that is said of sprites that are none."""
    return "" if base is None else f" (of unseen real sprites {percent(1 - base)} do)"


def _listed(names: Sequence[str]) -> str:
    """Up to three names; of more only how many."""
    if len(names) > 3:
        return f"{len(names)} others"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
