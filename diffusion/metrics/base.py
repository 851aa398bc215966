"""What a metric is: every sprite is described by numbers, and two sets of descriptions compared.

Descriptions belong to single sprites, so all that surrounds a metric is written once for all of
them: its floor and ceiling, intervals, and sprites that several processes made.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from diffusion.errors import UserError


class NotMeasurable(UserError):
    """These sprites are too few for this metric, or too much alike; a sentence says which."""


class Metric(ABC):
    """Measures a set of sprites against a reference set; a new metric writes two methods.

    Attributes:
        higher_is_better: names of those scores that rise with quality; the others fall.
        counted: those that count cases, and the largest value of each: 1 for a share.
    """

    higher_is_better: ClassVar[frozenset[str]] = frozenset()
    counted: ClassVar[Mapping[str, float]] = {}

    @abstractmethod
    def describe(self, images: Tensor) -> Tensor:
        """A description of each sprite, `(N, D)` on the CPU.

        Args:
            images: uint8 `(N, C, H, W)`.
        """

    def describe_reference(self, images: Tensor) -> Tensor:
        """The same for a reference that is asked for again and again; may be kept on disk."""
        return self.describe(images)

    @abstractmethod
    def compare(self, samples: Tensor, reference: Tensor) -> dict[str, float]:
        """The scores of some sprites by name, from their descriptions `(N, D)` and `(M, D)`.

        Raises:
            NotMeasurable: instead of a NaN.
        """

    def histograms(self, samples: Tensor, reference: Tensor) -> dict[str, dict[str, list[float]]]:
        """Of descriptions that a person understands: how they are distributed in both sets.

        Returns:
            name -> {"bins": middles, "samples": shares, "training": shares}, of equal lengths.
        """
        return {}
