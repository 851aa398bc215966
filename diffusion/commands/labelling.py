"""The words of `sample.py` about labels: one, a mixture of several, or so many of each."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from diffusion.errors import UserError
from diffusion.runs.directory import process_rank
from diffusion.runs.loading import Loaded
from diffusion.steering.mixed import Mixed

MOST_SPRITES = 10**7
PLUS = re.compile(r"\s*\+\s*")


@dataclass(frozen=True)
class Labels:
    """What labels the sprites shall have.

    Attributes:
        label: a class for all of them, -1 for none; None where they are drawn as in training.
        mixture: weights of classes, for all of them; then `label` is the first of these.
        given: the class of each sprite.
    """

    label: int | None = None
    mixture: Mapping[int, float] | None = None
    given: Sequence[int] = ()

    def told(self, loaded: Loaded) -> Loaded:
        """The network, which hears the mixture where it is told a label."""
        if self.mixture is None:
            return loaded
        return replace(loaded, denoiser=Mixed(loaded.denoiser, self.mixture))

    def decides(self, loaded: Loaded) -> dict[str, Any]:
        """What of it decides how sprites look, as plain values; the mixture in words."""
        found: dict[str, Any] = {"label": self.label}
        names = loaded.card["sprites"]["label_names"]
        if self.given:
            found["labels"] = [[label, len(list(some))] for label, some in groupby(self.given)]
        if self.mixture is not None:
            found["mixture"] = " + ".join(
                names[label] if weight == 1 else f"{weight:g} {names[label]}"
                for label, weight in self.mixture.items()
            )
        return found


def wanted_labels(words: Mapping[str, Any], loaded: Loaded, own: int | None) -> Labels:
    """What `label= label_index= labels=` mean; what a bare number means is said.

    Args:
        words: plain values.
        loaded: the run.
        own: the label of the sprite that `from=` names.

    Raises:
        UserError: a label that the run does not know, or words that do not go together.
    """
    label, index, counts = (words.get(key) for key in ("label", "label_index", "labels"))
    if sum(each is not None for each in (label, index, counts)) > 1:
        raise UserError(
            "label= label_index= and labels= are three ways to say which; give one of them."
        )
    if counts is not None:
        return Labels(given=_counted(counts, loaded))
    if label is None and index is None:
        return Labels(own)
    known = loaded.card["sprites"]["label_names"] if loaded.denoiser.classes else []
    if isinstance(label, list) or ("+" in str(label) and str(label) not in known):
        mixture = _mixture(label if isinstance(label, list) else PLUS.split(str(label)), loaded)
        return Labels(next(iter(mixture)), mixture)
    chosen = loaded.label(label, index)
    if chosen >= 0 and str(label) != known[chosen] and process_rank() == 0:
        print(f"label {chosen} is {known[chosen]}")
    return Labels(chosen)


def _counted(counts: Any, loaded: Loaded) -> tuple[int, ...]:
    """The class of each sprite: so many of the first, then of the second, and so on."""
    if not isinstance(counts, dict) or not counts:
        raise UserError(f"labels={counts} must say how many of each, as labels={{A:20,B:10}}.")
    given: list[int] = []
    for name, count in counts.items():
        if type(count) is not int or not 0 < count <= MOST_SPRITES - len(given):
            raise UserError(
                f"labels={{{name}:{count}}} must be a whole number, 1 or more, and all together "
                f"at most {MOST_SPRITES:,}."
            )
        given += [_class(name, loaded)] * count
    return tuple(given)


def _mixture(parts: Sequence[Any], loaded: Loaded) -> dict[int, float]:
    mixture: dict[int, float] = {}
    for part in map(str, parts):
        name, colon, weight = part.rpartition(":")
        label = _class(name if colon else weight, loaded)
        try:
            number = float(weight) if colon else 1.0
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or label in mixture:
            raise UserError(
                f"{', '.join(map(str, parts))} must name each label once, with a number as "
                "its weight, as label=[A:1,B:0.5]."
            )
        mixture[label] = number
    if not mixture:
        raise UserError("label=[] names no label; give one, as label=[A:1,B:0.5].")
    return mixture


def _class(name: Any, loaded: Loaded) -> int:
    label = loaded.label(str(name))
    if label < 0:
        raise UserError(f"{name} is no label, and cannot be counted or mixed; leave it out.")
    return label
