"""One Markdown row per set of sprites: the project's own metrics against the training part."""

import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from datamodules.array import ArrayData  # noqa: E402
from diffusion.judge import Judge  # noqa: E402
from diffusion.metrics.pixel_art import PixelArt  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402

COLUMNS = {  # score -> heading
    "sprite_fd": "FD",
    "sprite_kd": "KD",
    "precision": "precision",
    "recall": "recall",
    "coverage": "coverage",
    "palette_distance": "palette",
    "colours_distance": "colours",
    "orphans_distance": "orphans",
    "copy_rate": "copies",
    "told_apart": "told apart",
}


class Judging:
    """The judge of one data set, and the rows it prints.

    Args:
        data: the sprites that the contestants learned from.
        n: how many sprites a set has.
    """

    def __init__(self, data: Path, n: int = 256) -> None:
        module = ArrayData(str(data))
        module.setup()
        metrics = {"sprite_features": SpriteFeatures(), "pixel_art": PixelArt()}
        self.judge = Judge.of(module, metrics, n)

    def head(self, words: list[str]) -> str:
        """The head of the table, and the row of real sprites that nobody trained on."""
        columns = [*words, *COLUMNS.values()]
        real = ["held-out sprites", *[""] * (len(words) - 1)]
        return "\n".join(
            [_row(columns), _row(["---"] * len(columns)), self._line(real, self.judge.floors)]
        )

    def scores(self, sprites: Path) -> dict[str, float]:
        """All scores of the sprites uint8 `(N, H, W, C)` in an `.npz`."""
        images = torch.from_numpy(np.load(sprites)["images"].transpose(0, 3, 1, 2).copy())
        told = self.judge.told_apart(images, with_floor=False)
        return self.judge.scores(images) | ({"told_apart": told.value} if told else {})

    def row(self, words: list[str], sprites: Path) -> str:
        """Their row, beginning with these words."""
        return self._line(words, self.scores(sprites))

    def _line(self, words: list[str], scores: dict[str, float]) -> str:
        values = [scores.get(name) for name in COLUMNS]
        return _row([*words, *("-" if value is None else f"{value:.3g}" for value in values)])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
