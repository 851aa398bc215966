"""One self-contained HTML file of what is known about runs, and the same as JSON.

Nothing is loaded from anywhere: styles, script, pictures and the table library (DataTables, as
the package `itables` brings it) are in the file.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

from diffusion.report import plots
from diffusion.report.glossary import AGAIN, COSTS, SCORES, explained, interval
from diffusion.report.inline import ARROWS, HERE, THEME, environment, source, source_hash
from diffusion.report.judged import Judged
from diffusion.report.ranking import (
    Comparison,
    Configuration,
    compare,
    configurations,
    differing,
    leading_score,
    novelty,
)
from diffusion.report.section import RunSection, real_sprites, shown_sprites, track
from diffusion.report.sentences import (
    cautions,
    headline,
    meaning,
    novelty_sentences,
    percent,
    power_sentences,
    sentences_of_one,
    short,
    spread_of,
    told_apart_sentences,
)
from diffusion.report.table import as_link, scores_csv

PART = 18  # characters of a name that fit a phone's column
STRIP = 16  # samples of every run at the head of a page
ROWS = 8  # runs there; more are folded away
PICTURES = 1_500_000  # bytes of picture files in a page


def page(judged: Sequence[Judged], title: str = "", shared_note: str = "") -> str:
    """The report of one run, or the comparison of several, as HTML.

    Args:
        judged: what is known of each; names are unique.
        title: heading of the page; without it the name of the run, or how many are compared.
        shared_note: a sentence on what is true of all of them, such as their data.
    """
    order, verdicts = _ranked(judged)
    runs = [run for configuration in order for run in configuration.runs]
    per_run, series = shown_sprites(runs), {r.name: k for k, c in enumerate(order) for r in c.runs}
    sections = [
        RunSection(run, number, series[run.name], per_run, PICTURES // len(runs), runs[:number])
        for number, run in enumerate(runs)
    ]
    keys, same = differing(runs)
    lead = verdicts[0].score if verdicts else None
    real, scores = real_sprites(runs), _scores(runs)
    shared_notes = [note for note in runs[0].notes if all(note in run.notes for run in runs)]
    comparing = len(runs) > 1
    table = _datatables() if comparing else ""
    script = source(ARROWS, HERE / "script.js", THEME[1])
    templates = environment(HERE)
    templates.filters |= {"short": short, "percent": percent, "breakable": _breakable}
    return templates.get_template("page.html.j2").render(
        title=title or (f"{len(runs)} runs compared" if comparing else runs[0].name),
        shared_note=shared_note,
        comparing=comparing,
        sections=sections,
        configurations=order,
        real=real,
        rows=ROWS,
        atlases=[(f"a{each.number}", each.atlas) for each in sections if each.sprites]
        + [(f"r{number}", each.atlas) for number, each in enumerate(real)],
        lead_sentences=_lead_sentences(runs, verdicts),
        meaning=meaning(lead, runs[0].scores[lead]) if lead else "",
        other_sentences=_other_sentences(runs, verdicts),
        cautions=[*cautions(runs, lead), *shared_notes],
        shared_notes=shared_notes,
        csv=as_link(scores_csv(order, keys, scores)) if scores else "",
        keys=keys,
        same=same,
        cost=plots.cost_of(runs),
        costs=COSTS,
        novelty=novelty,
        again=AGAIN,
        any_novelty=any(novelty(run) is not None for run in runs),
        scores=scores,
        seeds=any(len(configuration.runs) > 1 for configuration in order),
        explained=explained,
        interval=interval,
        spread_of=spread_of,
        track=track,
        best=_best(runs),
        higher={name: _higher(runs, name) for name in scores},
        trade_offs=list(plots.trade_offs(order, lead)) if comparing and lead else [],
        noise_levels=list(plots.noise_levels(order)),
        learning=list(plots.learning(order)),
        strip=min(STRIP, per_run, *(len(run.images) for run in runs)),
        style=source(THEME[0], HERE / "style.css"),
        table=table,
        script=script,
        hashes=[source_hash(code) for code in (table, script) if code],
    )


def manifest(judged: Sequence[Judged]) -> str:
    """A row for each sprite: its run, index, verdict, nearest training sprite, and how near."""
    rows = [{"run": run.name, **asdict(verdict)} for run in judged for verdict in run.verdicts]
    return json.dumps(rows, indent=1) + "\n"


def figures(judged: Sequence[Judged]) -> str:
    """`report.json`: flat keys of one run, or by name the flat keys of several."""
    flat = {run.name: _flat(run) for run in judged}
    plain = flat if len(judged) > 1 else flat[judged[0].name]
    return json.dumps(plain, indent=2, allow_nan=False) + "\n"


def _flat(run: Judged) -> dict[str, Any]:
    flat: dict[str, Any] = {"name": run.name, **run.summary}
    for name, score in run.scores.items():
        flat[f"samples/{name}"] = score.value
        ends = interval(name, score) or (None, None)
        flat |= {f"samples/{name}_low": ends[0], f"samples/{name}_high": ends[1]}
        for what in ("n", "floor", "floor_n", "matched", "noise", "mean"):
            flat[f"samples/{name}_{what}"] = getattr(score, what)
    if it := run.told_apart:
        flat["samples/told_apart"] = it.value
        for what in ("n", "low", "high", "floor", "floor_n"):
            flat[f"samples/told_apart_{what}"] = getattr(it, what)
    if run.variety:
        flat["samples/different"] = run.variety.estimate
        for what in ("low", "high", "pairs"):
            flat[f"samples/different_{what}"] = getattr(run.variety, what)
    for rates, ending in ((run.rates, ""), (run.base_rates, "_base")):
        for name, rate in rates.items():
            flat[f"samples/{name}{ending}"] = rate
    flat["notes"] = " ".join(run.notes)
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in flat.items()
    }


def _ranked(judged: Sequence[Judged]) -> tuple[list[Configuration], list[Comparison]]:
    """Configurations, best first; and for each score that all runs have a verdict, that by which
    they are ordered first."""
    lead = leading_score(judged)
    if lead is None:
        return configurations(judged), []
    common = [s for s in _scores(judged) if s != lead and all(s in r.scores for r in judged)]
    verdicts = [compare(judged, score) for score in (lead, *common)]
    return list(verdicts[0].ranked), verdicts


def _scores(runs: Sequence[Judged]) -> list[str]:
    """All scores of any run, the known ones first and in their order."""
    present = dict.fromkeys(name for run in runs for name in run.scores)
    return [
        *(name for name in SCORES if name in present),
        *(n for n in present if n not in SCORES),
    ]


def _best(runs: Sequence[Judged]) -> dict[str, float]:
    """The best value of each score in which the runs differ."""
    found = {
        name: {run.scores[name].value for run in runs if name in run.scores}
        for name in _scores(runs)
    }
    return {
        name: (max if _higher(runs, name) else min)(values)
        for name, values in found.items()
        if len(values) > 1
    }


def _higher(runs: Sequence[Judged], name: str) -> bool:
    """Whether this score rises with quality."""
    return next(run.scores[name].higher_is_better for run in runs if name in run.scores)


def _lead_sentences(runs: Sequence[Judged], verdicts: Sequence[Comparison]) -> list[str]:
    """The answer to what a reader asks first."""
    if len(runs) == 1:
        return sentences_of_one(runs[0], leading_score(runs))
    first = headline(verdicts[0]) if verdicts else "There is no score that all runs have."
    return [first, *novelty_sentences(runs)]


def _other_sentences(runs: Sequence[Judged], verdicts: Sequence[Comparison]) -> list[str]:
    """What else is known, folded away below the answer."""
    of_all = [] if len(runs) == 1 else told_apart_sentences(runs)
    return [*map(headline, verdicts[1:] if len(runs) > 1 else ()), *of_all, *power_sentences(runs)]


def _breakable(name: str) -> Markup:
    """A name that goes to the next line after `_` and `/`, and within a long part anywhere."""
    parts = [
        Markup('<span class="part">{}</span>').format(part) if len(part) <= PART else escape(part)
        for part in re.split(r"(?<=[_/])", name)
    ]
    return Markup("<wbr>").join(parts)


def _datatables() -> Markup:
    """DataTables as a script that leaves `DataTable` behind, from the module in `itables`."""
    module = (files("itables") / "html" / "dt_bundle.js").read_text(encoding="utf-8")
    plain, found = re.subn(
        r"export\s*\{[^}]*?(\w+) as default[^}]*\}", r"globalThis.DataTable=\1", module
    )
    assert found == 1, "itables has its DataTables in another form"
    return Markup(plain)
