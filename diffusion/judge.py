"""Measures sprites against a data set: every metric on its scale, and how new each sprite is."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import TypeVar

import numpy as np
from torch import Tensor

from diffusion.metrics.base import Metric, NotMeasurable
from diffusion.metrics.scale import Scale, Score
from diffusion.metrics.told_apart import JUDGES, ToldApart
from diffusion.novelty.passport import UNSEEN, Findings, Passport
from diffusion.novelty.power import TRIED, power
from diffusion.sprite_data import SpriteData

Value = TypeVar("Value")
NONE_UNSEEN = (
    "No sprites were held out, so what is said of unseen real sprites is of training sprites, "
    "each held against those of other groups."
)
IN_FEW = (
    "Samples are held against real sprites in {} colours (data.most_colours), not in all of "
    "their own."
)
REFERENCE = 4_000  # training sprites that samples are compared with; more would only take longer


class Judge:
    """All that is asked about samples of one data set; what can be known beforehand is kept.

    Args:
        data: a SpriteDataModule after `setup`.
        metrics: what is measured, by name.
        training: rows of the sprites that a model could have seen.
        held_out: rows of those it has not; may be none.
        n: number of samples that will be judged, for floors and ceilings of the same number.

    Attributes:
        rows: `training`, the rows that passports speak of.
        held_out: the rows of sprites that the model has not seen.
        floors: the scores of held-out sprites.
        notes: sentences about what cannot be measured; they grow as samples are judged.
    """

    def __init__(
        self,
        data: SpriteData,
        metrics: Mapping[str, Metric],
        training: np.ndarray,
        held_out: np.ndarray,
        n: int,
    ) -> None:
        self.data, self.rows, self.held_out = data, training, held_out
        self.notes = list[str]([] if len(held_out) else [NONE_UNSEEN])
        if few := data.card.get("brought_to"):
            self.notes.append(IN_FEW.format(few))
        reference = data.images(spread(training, REFERENCE))
        unseen = data.images(spread(held_out, n))
        self.scales: dict[str, Scale] = {}
        for name, metric in metrics.items():
            try:
                self.scales[name] = Scale(metric, reference, unseen, n)
            except NotMeasurable as error:
                self._note(name, error)
        self.floors = {k: v for scale in self.scales.values() for k, v in scale.floor.items()}
        apart = spread(held_out, UNSEEN)
        self.passport = Passport.of(
            lambda: data.parts(training),
            data.images(apart),
            data.groups[training],
            data.groups[apart],
        )

    @classmethod
    def of(
        cls,
        data: SpriteData,
        metrics: Mapping[str, Metric],
        n: int,
        split: bool = True,
        searched: int | None = None,
    ) -> "Judge":
        """Against the training part of the data, or against all of it.

        Args:
            split: whether validation and test part were kept from the model.
            searched: copies are looked for among so many training sprites; None for all.
        """
        train, val, test = (data.split[part] for part in ("train", "val", "test"))
        unseen = np.concatenate([val, test])
        if not split:
            train, unseen = np.sort(np.concatenate([train, unseen])), unseen[:0]
        judge = cls(data, metrics, spread(train, searched or len(train)), unseen, n)
        if len(judge.rows) < len(train):
            judge.notes.append(
                f"While training, copies are looked for among {len(judge.rows):,} of the "
                f"{len(train):,} training sprites; report.py looks at all."
            )
        return judge

    def afresh(self) -> "Judge":
        """The same judge for other samples: what is noted of these is not noted of those."""
        judge = copy(self)
        judge.notes = list(self.notes)
        return judge

    def scores(self, images: Tensor) -> dict[str, float]:
        """Scores by name, rates of copies, and shares of valid sprites; what can be measured.

        Args:
            images: uint8 `(N, C, H, W)`.
        """
        found = self._found(lambda scale: scale.scores(images))
        return found | self.rates(images, self.passport.examine(images))

    def names(self) -> list[str]:
        """The names of all that `scores` can tell of this data set."""
        scales = [each for it in self.scales.values() for each in (it.floor, it.noise, it.mean)]
        one = self.data.images(self.rows[:1])
        rates = self.rates(one, self.passport.examine(one))
        return list(dict.fromkeys(name for each in (*scales, rates) for name in each))

    def rates(self, images: Tensor, findings: Findings) -> dict[str, float]:
        """Shares of the samples by verdict, and of valid ones; whether they copy: 0 or 1."""
        verdicts = self.passport.rates(findings) | self.data.validity(images)
        return verdicts | {"copying": float(self.passport.copying(findings))}

    def power(self) -> dict[int, float]:
        """Share of training sprites still called a repeat, by number of pixels repainted."""
        return power(self.passport, self.data.images(spread(self.rows, TRIED)))

    def told_apart(
        self, images: Tensor, judges: int = JUDGES, with_floor: bool = True
    ) -> Score | None:
        """How well small networks learn to tell samples from real sprites of the test part.

        The floor is that of the validation part in the place of samples. Copies pass unnoticed:
        the number says nothing without the share of copies.

        Args:
            images: uint8 `(N, C, H, W)`.
            judges: networks that are asked.
            with_floor: also measure the floor, which takes as long again.

        Returns:
            the balanced accuracy, 0.5 for a guess; None, and a note, where it cannot be told.
        """
        val, test = self.data.split["val"], self.data.split["test"]
        training = self.data.images(spread(self.rows, REFERENCE))
        try:
            if not len(test) or np.isin(test, self.rows).any():
                raise NotMeasurable("No real sprites were kept from who made these.")
            asked = ToldApart(training, self.data.images(test), self.data.groups[test], judges)
            score = asked.score(images)
        except NotMeasurable as error:
            self._note("told apart", error)
            return None
        if not with_floor:
            return score
        try:
            real = asked.score(self.data.images(val), self.data.groups[val])
        except NotMeasurable as error:
            self._note("told apart of real sprites", error)
            return score
        return replace(score, floor=real.value, floor_n=len(val))

    def full_scores(self, images: Tensor) -> dict[str, Score]:
        """The scores with floor, ceilings and interval."""
        return self._found(lambda scale: scale.full_scores(images))

    def histograms(self, images: Tensor) -> dict[str, dict[str, list[float]]]:
        """What metrics count in every sprite: samples beside training sprites."""
        return {
            name: histogram
            for scale in self.scales.values()
            for name, histogram in scale.metric.histograms(
                scale.metric.describe(images), scale.reference
            ).items()
        }

    def _found(self, ask: Callable[[Scale], dict[str, Value]]) -> dict[str, Value]:
        """What the scales answer; of those that cannot a note is kept."""
        found: dict[str, Value] = {}
        for name, scale in self.scales.items():
            try:
                found |= ask(scale)
            except NotMeasurable as error:
                self._note(name, error)
        return found

    def _note(self, name: str, error: NotMeasurable) -> None:
        sentence = f"{name} is not measured: {error}"
        if sentence not in self.notes:
            self.notes.append(sentence)


def who_is_new(summary: Mapping[str, object]) -> str:
    """The real sprites whose rate of repeats a run's summary holds: without held-out ones each
    training sprite has been held against those of other groups."""
    return "unseen real sprites" if "val/loss" in summary else "real sprites among themselves"


def with_inception(metrics: Mapping[str, Metric], inception: bool | str) -> dict[str, Metric]:
    """The metrics, and FID and KID if `inception` is true or a file with their weights.

    Raises:
        UserError: the weights are nowhere to be found.
    """
    if inception is False:
        return dict(metrics)
    from diffusion.metrics.inception import Inception  # seconds, for torch-fidelity

    return {**metrics, "inception": Inception(None if inception is True else inception)}


def spread(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the rows, evenly spread over them."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows)))
    return rows[places.round().astype(np.int64)]
