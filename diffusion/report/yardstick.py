"""What sprites of one data set are held against; runs that share their data share it."""

import json
from functools import cached_property
from typing import Any

from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.exact.memoriser import memoriser
from diffusion.judge import Judge, spread
from diffusion.levels.losses import LevelLosses
from diffusion.sprite_data import SpriteData

SHOWN = 16  # real sprites
MEASURED = 128  # sprites of the training and of the held-out part, whose losses are measured
COMPARED = 32  # the same where runs are compared, for which they are measured on the same sprites


class Yardstick:
    """A data set, its judge, and what is measured of it once.

    Args:
        data: a SpriteDataModule after `setup`.
        judge: of it.
    """

    def __init__(self, data: SpriteData, judge: Judge) -> None:
        self.data, self.judge = data, judge
        self._losses: dict[str, LevelLosses] = {}

    @cached_property
    def real(self) -> Tensor:
        """Real sprites to look at, uint8 `(<= 16, C, H, W)`: unseen ones where there are some."""
        rows = self.judge.held_out if len(self.judge.held_out) else self.judge.rows
        return self.data.images(spread(rows, SHOWN))

    @cached_property
    def power(self) -> dict[int, float]:
        """`Judge.power`."""
        return self.judge.power()

    def level_losses(
        self, denoiser: Denoiser, recipe: dict[str, Any], flip: bool, n: int = MEASURED
    ) -> dict[str, list[float]]:
        """The losses of a network and of the exact memoriser, as `Judged.levels` wants them;
        none without held-out sprites.

        Networks of one schedule, prediction and weighting have one memoriser.

        Args:
            denoiser: with the network.
            recipe: what it was made from.
            flip: whether training mirrored sprites.
            n: number of training sprites, and of held-out ones.
        """
        if not len(self.data.split["val"]):
            return {}
        parts = [recipe[part] for part in ("schedule", "prediction", "weighting")]
        key = json.dumps([*parts, flip, bool(denoiser.classes), n], sort_keys=True)
        if key not in self._losses:
            first, unseen = (self.data.split[part][:n] for part in ("train", "val"))
            known = denoiser.classes
            self._losses[key] = LevelLosses(
                self.data.images(first),
                self.data.images(unseen),
                memoriser(self.data, denoiser, flip),
                (self.data.labels(first), self.data.labels(unseen)) if known else (None, None),
            )
        return self._losses[key].measure(denoiser).plain()
