"""What `sample.py` leaves: sprites as data, as pictures, and a row about each."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from diffusion import pictures
from diffusion.judge import Judge
from diffusion.runs.loading import Loaded
from diffusion.runs.output import Output
from diffusion.runs.training_data import training_data

PASSPORT = ("verdict", "nearest", "distance", "percentile")


@dataclass(frozen=True)
class SpriteFolder:
    """Sprites of one seed in a folder, in one part or in several.

    `sprites.npz sheet.png grid.png manifest.json`, and on request `png/`; of several parts each
    has files of its own, with a number.

    Args:
        output: the folder.
        loaded: the checkpoint that the sprites came from.
        row: what the manifest says of every sprite.
        passports: who is nearest to each sprite of a part.
        each: also one PNG per sprite.
    """

    output: Output
    loaded: Loaded
    row: dict[str, Any]
    passports: "Passports"
    each: bool = False

    def holds(self, tag: str, indices: Sequence[int]) -> bool:
        """Whether all files of a part are there."""
        names = [f"{name}{tag}{kind}" for name, kind in FILES]
        names += [_single(index) for index in indices] if self.each else []
        return self.output.has(*names)

    def add(
        self,
        tag: str,
        images: Tensor,
        indices: Sequence[int],
        labels: Tensor | None,
        seeds: Sequence[int] = (),
    ) -> None:
        """Writes what is missing of a part, its manifest last.

        Args:
            tag: what tells its files from those of other parts.
            images: uint8 `(N, C, H, W)`.
            indices: index of each sprite in the set.
            labels: class of each sprite, -1 for none, or None.
            seeds: seed of each sprite, where they are not all that of the row.
        """
        names = self.loaded.card["sprites"]["label_names"]
        arrays = {
            "images": images.permute(0, 2, 3, 1).numpy(),
            "seeds": np.array(seeds or [self.row["seed"]] * len(images), np.int64),
            "indices": np.array(indices, np.int64),
        }
        if labels is not None:
            arrays |= {"labels": labels.numpy(), "label_names": np.array(names)}
        packed = io.BytesIO()
        np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
        if self.each:
            for image, index in zip(images, indices, strict=True):
                self.output.add(_single(index), pictures.transparent_png(image))
        self.output.add(f"sprites{tag}.npz", packed.getvalue())
        self.output.add(f"grid{tag}.png", pictures.png(pictures.grid(images)))
        self.output.add(f"sheet{tag}.png", pictures.transparent_png(pictures.sheet(images)))
        passports = self.passports(images)
        manifest = [
            {
                "index": index,
                **({"seed": seeds[k]} if seeds else {}),
                **self.row,
                "label": self.row.get("label") if labels is None else _called(names, labels[k]),
                **passports[k],
            }
            for k, index in enumerate(indices)
        ]
        self.output.add(f"manifest{tag}.json", json.dumps(manifest, indent=1) + "\n")


FILES = (("sprites", ".npz"), ("grid", ".png"), ("sheet", ".png"), ("manifest", ".json"))


def _called(names: Sequence[str], label: Tensor) -> str | None:
    return names[int(label)] if label >= 0 else None


def _single(index: int) -> str:
    return f"png/{index:05d}.png"


class Passports:
    """For each sprite the verdict about it, its nearest training sprite (row in the user's data),
    how far that is, and how many unseen real sprites of a hundred are nearer to training.

    All None, and said so, when the training data is not where it was.

    Args:
        loaded: the checkpoint.
        moved_to: where its training data is now.
    """

    def __init__(self, loaded: Loaded, moved_to: str | None = None) -> None:
        self.judge: Judge | None = None
        try:
            self.judge = Judge.of(training_data(loaded.card, moved_to, loaded.trust), {}, 1)
        except ValueError as error:  # a DataError or a UserError
            if moved_to is not None:
                raise
            print(f"Without passports: {error}")

    def __call__(self, images: Tensor) -> list[dict[str, Any]]:
        """A row for each of uint8 `(N, C, H, W)`."""
        if self.judge is None:
            return [dict.fromkeys(PASSPORT)] * len(images)
        found = self.judge.passport.examine(images)
        return [
            {
                "verdict": str(found.verdict[k]),
                "nearest": int(self.judge.rows[found.row[k]]),
                "distance": round(float(found.distance[k]), 3),
                "percentile": round(float(found.percentile[k]), 1),
            }
            for k in range(len(images))
        ]
