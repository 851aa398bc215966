"""What a page shows of a run: its sprites, passport, scores on their scale and pictures."""

import math
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from diffusion.report import plots
from diffusion.report.atlas import Atlas
from diffusion.report.glossary import VERDICTS, explained, interval
from diffusion.report.judged import Finding, Judged, Score
from diffusion.report.sentences import short

MIN_SHOWN, MAX_SHOWN = 16, 144  # sprites of a run
SPRITES = 2048  # in all of a page
BYTES = 5_000_000  # of their pixels, in all of a page
PAIRS = 12
MARGIN = 6  # per cent of a track beyond its floor, and beyond its ceiling
FORMATS = {b"\x89PNG": "png", b"GIF8": "gif"}


@dataclass(frozen=True)
class Sprite:
    """A place in the atlas of a run, and that of the nearest training sprite; in words, too."""

    place: tuple[int, int]
    twin: tuple[int, int] | None
    verdict: str
    says: str


@dataclass(frozen=True)
class Portion:
    """A row of the passport summary; base is that of held-out real sprites."""

    name: str
    what: str
    count: int | None
    share: float
    base: float | None


@dataclass(frozen=True)
class Track:
    """Places in per cent on the way from floor, at the left, to noise."""

    floor: float
    noise: float
    dot: float
    low: float
    high: float
    mean: float | None
    says: str


@dataclass(frozen=True)
class RealSprites:
    """Real sprites of a data set, at the head of a page.

    Args:
        name: what to call them.
        images: uint8 `(N, C, H, W)`.
    """

    name: str
    images: Tensor

    @cached_property
    def atlas(self) -> Atlas:
        """All of them."""
        return Atlas(self.images.cpu())

    @cached_property
    def sprites(self) -> list[Sprite]:
        """In their order."""
        return [
            Sprite(self.atlas.place(k), None, "", f"{self.name}, number {k + 1}")
            for k in range(len(self.images))
        ]


@dataclass(frozen=True)
class RunSection:
    """One run on a page.

    Args:
        run: what is known of it.
        number: its place on the page.
        series: rank of its configuration.
        shown: how many sprites to show.
        room: bytes for its picture files.
        before: the runs above it, whose pictures are not shown again.
    """

    run: Judged
    number: int
    series: int
    shown: int
    room: int
    before: Sequence[Judged] = ()

    @cached_property
    def closest(self) -> list[int]:
        """The samples nearest to training."""
        if self.run.nearest is None:
            return []
        verdicts = self.run.verdicts
        order = sorted(range(len(verdicts)), key=lambda k: _closeness(verdicts[k]))
        return order[:PAIRS]

    @cached_property
    def atlas(self) -> Atlas:
        """The sprites shown, and after them the nearest training sprite of each."""
        rows = torch.tensor(self._rows, dtype=torch.int64)
        nearest = [] if self.run.nearest is None else [self.run.nearest[rows].cpu()]
        return Atlas(torch.cat([self.run.images.cpu()[rows], *nearest]))

    def sprite(self, k: int) -> Sprite:
        """Sample k."""
        at = self._rows.index(k)
        has_twin = self.run.nearest is not None
        twin = self.atlas.place(at + len(self._rows)) if has_twin else None
        if k >= len(self.run.verdicts):
            return Sprite(self.atlas.place(at), twin, "", f"{self.run.name}, sample {k}")
        verdict = self.run.verdicts[k]
        says = (
            f"{self.run.name}, sample {verdict.index}: {verdict.verdict}, nearest training sprite"
            f" {verdict.nearest}, distance {short(verdict.distance)}, percentile"
            f" {verdict.percentile:.0f} among unseen real sprites"
        )
        return Sprite(self.atlas.place(at), twin, verdict.verdict, says)

    @cached_property
    def sprites(self) -> list[Sprite]:
        """The first samples, in their order."""
        return [self.sprite(k) for k in range(min(self.shown, len(self.run.images)))]

    @cached_property
    def passport(self) -> list[Portion]:
        """Verdicts first, then the other rates."""
        counts = Counter(verdict.verdict for verdict in self.run.verdicts)
        rates = {name: self.run.rates[name] for name in VERDICTS if name in self.run.rates}
        rates |= {name: rate for name, rate in self.run.rates.items() if name != "copy_rate"}
        return [
            Portion(
                name.replace("_", " "),
                VERDICTS.get(name, ""),
                counts[name] if name in VERDICTS and counts else None,
                rate,
                self.run.base_rates.get(name),
            )
            for name, rate in rates.items()
        ]

    @cached_property
    def histograms(self) -> list[plots.Plot]:
        """Pixel-art statistics."""
        return list(plots.histograms(self.run))

    @cached_property
    def pictures(self) -> list[tuple[str, str]]:
        """Title and data URI of each picture file that there is room for."""
        return [(title, uri) for title, _, uri in self._files if uri]

    @cached_property
    def left_out(self) -> list[str]:
        """Sentences on the pictures that are not in this section."""
        return [f"{title} {why}." for title, why, uri in self._files if not uri]

    @cached_property
    def _files(self) -> list[tuple[str, str, str]]:
        """Title, why it is left out, data URI; one of the last two is empty."""
        found, room = [], self.room
        for title, content in self.run.pictures.items():
            kind = FORMATS.get(content[:4])
            same = [run.name for run in self.before if run.pictures.get(title) == content]
            if kind is None:
                found.append((title, "is not on this page: it is no PNG or GIF file", ""))
            elif same:
                found.append((title, f"stands with {same[0]}, and is the same", ""))
            elif len(content) > room:
                why = "is not on this page: it is larger than there is room for"
                found.append((title, why, ""))
            else:
                room -= len(content)
                uri = f"data:image/{kind};base64,{b64encode(content).decode()}"
                found.append((title, "", uri))
        return found

    @cached_property
    def _rows(self) -> list[int]:
        """The samples in the atlas: the first ones and the closest to training."""
        first = range(min(self.shown, len(self.run.images)))
        return list(dict.fromkeys([*first, *self.closest]))


def real_sprites(runs: Sequence[Judged]) -> list[RealSprites]:
    """The real sprites of each data set that these runs have."""
    distinct: list[Judged] = []
    for run in runs:
        if run.real is not None and not any(_same(run.real, other.real) for other in distinct):
            distinct.append(run)
    several = len(distinct) > 1
    return [
        RealSprites(f"Real sprites of {run.name}" if several else "Real sprites", run.real)
        for run in distinct
        if run.real is not None
    ]


def _same(one: Tensor, other: Tensor | None) -> bool:
    return other is not None and torch.equal(one, other)


def shown_sprites(runs: Sequence[Judged]) -> int:
    """How many sprites of each run fit on a page."""
    largest = max(run.images[0].numel() if len(run.images) else 1 for run in runs)
    return max(MIN_SHOWN, min(MAX_SHOWN, SPRITES // len(runs), BYTES // len(runs) // largest // 2))


def track(name: str, score: Score) -> Track | None:
    """Where a score lies between real sprites and noise; None where these are not known.

    Distances are placed by their logarithm, since noise is hundreds of times as far as any model.
    A score of more samples than its floor has is placed by its value for as many samples.
    """
    if score.floor is None or score.noise is None or score.floor == score.noise:
        return None
    floor, noise = score.floor, score.noise
    logarithmic = 0 < 3 * floor < noise
    value = score.value if score.matched is None else score.matched
    shift = value - score.value

    def share(x: float) -> float:
        if logarithmic:
            return math.log(max(x, floor / 100) / floor) / math.log(noise / floor)
        return (x - floor) / (noise - floor)

    def place(x: float) -> float:
        at = MARGIN + (100 - 2 * MARGIN) * share(x)
        return round(min(max(at, 0), 100), 1)

    ends = interval(name, score) or (score.value, score.value)
    low, high = sorted(place(explained(name).possible(end + shift)) for end in ends)
    return Track(
        place(floor),
        place(noise),
        place(value),
        low,
        high,
        None if score.mean is None else place(score.mean),
        f"{max(0, share(value)):.0%} of the way from unseen real sprites, {short(floor)}, to"
        f" noise, {short(noise)}{', by logarithm' if logarithmic else ''}",
    )


def _closeness(verdict: Finding) -> tuple[float, float]:
    return verdict.percentile, verdict.distance
