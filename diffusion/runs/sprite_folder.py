"""What `sample.py` leaves: sprites as data, as pictures, and a row about each."""

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from diffusion import pictures
from diffusion.engines.base import EngineFile, Layout, Taken
from diffusion.judge import Judge
from diffusion.runs.files import Folder
from diffusion.runs.loading import Loaded
from diffusion.runs.output import Output
from diffusion.runs.reading import record
from diffusion.runs.training_data import training_data

PASSPORT = ("verdict", "nearest", "distance", "percentile")


@dataclass(frozen=True)
class SpriteFolder:
    """Sprites in a folder, in one part or in several.

    `sprites.npz sheet.png grid.png manifest.json`, and on request `png/` and files for engines; of
    several parts each has files of its own, with a number.

    Args:
        output: the folder.
        loaded: the checkpoint that the sprites came from.
        row: what the manifest says of every sprite.
        passports: who is nearest to each sprite of a part.
        each: also one PNG per sprite.
        layout: of the sheet.
        engines: files beside it.
    """

    output: Output
    loaded: Loaded
    row: dict[str, Any]
    passports: "Passports"
    each: bool = False
    layout: Layout = Layout()
    engines: Sequence[EngineFile] = ()

    def holds(self, tag: str) -> bool:
        """Whether all files of a part are there."""
        names = [f"{name}{tag}{kind}" for name, kind in FILES]
        names += [name for engine in self.engines for name in engine.names(tag)]
        if not self.output.has(*names) or not self.each:
            return self.output.has(*names)
        rows = record(Folder(self.output.path), f"manifest{tag}.json")
        return self.output.has(*(row.get("png", "png") for row in rows))

    def add(
        self,
        tag: str,
        images: Tensor,
        indices: Sequence[int],
        labels: Tensor | None,
        seeds: Sequence[int] = (),
        samplers: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Writes what is missing of a part, its manifest last.

        Args:
            tag: what tells its files from those of other parts.
            images: uint8 `(N, C, H, W)`.
            indices: index of each sprite in the set.
            labels: class of each sprite, -1 for none; or its attributes `(N, A)`, -1 for one that
                is not told; or None.
            seeds: seed of each sprite, where they are not all that of the row.
            samplers: the same of their samplers.
        """
        known = self.loaded.card["sprites"]["label_names"]
        each = seeds or [self.row["seed"]] * len(images)
        called = [self.row.get("label")] * len(images)
        arrays = {
            "images": images.permute(0, 2, 3, 1).numpy(),
            "seeds": np.array(each, np.int64),
            "indices": np.array(indices, np.int64),
        }
        told: list[dict[str, Any]] = [{}] * len(images)
        if labels is not None and labels.ndim == 2:
            columns = self._columns(labels)
            arrays |= {f"attribute.{name}": np.array(words) for name, words in columns.items()}
            told = [
                {"attributes": {name: words[k] for name, words in columns.items() if words[k]}}
                for k in range(len(images))
            ]
        elif labels is not None:
            arrays |= {"labels": labels.numpy(), "label_names": np.array(known)}
            called = [known[label] if label >= 0 else None for label in labels.tolist()]
        names = _names(called, seeds, indices)
        colours = self.loaded.card["recipe"]["prediction"].get("colours")
        palette = None if colours is None else np.array(colours, np.uint8)
        taken = Taken(images, names, called, palette, self.layout, tag)
        sheet = self.layout.sheet(
            images
        )  # one that is too large is refused before a file is there
        packed = io.BytesIO()
        np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
        if self.each:
            for image, name in zip(images, names, strict=True):
                self.output.add(f"png/{name}.png", pictures.transparent_png(image))
        for engine in self.engines:
            for file, content in zip(engine.names(tag), engine.content(taken), strict=True):
                self.output.add(file, content)
        self.output.add(f"sprites{tag}.npz", packed.getvalue())
        self.output.add(f"grid{tag}.png", pictures.png(pictures.grid(images)))
        self.output.add(taken.sheet, pictures.transparent_png(sheet))
        passports = self.passports(images)
        manifest = [
            {
                "index": index,
                "seed": each[k],
                **self.row,
                **({"sampler": samplers[k]} if samplers else {}),
                "label": called[k],
                **told[k],
                "file": taken.sheet,
                "rectangle": list(taken.rectangles[k]),
                **({"png": f"png/{names[k]}.png"} if self.each else {}),
                **passports[k],
            }
            for k, index in enumerate(indices)
        ]
        self.output.add(f"manifest{tag}.json", json.dumps(manifest, indent=1) + "\n")

    def _columns(self, values: Tensor) -> dict[str, list[str]]:
        """For each attribute what the sprites were told, a word each; empty where nothing."""
        known = self.loaded.card["sprites"]["attributes"].items()
        return {
            name: [words[value] if value >= 0 else "" for value in column]
            for (name, words), column in zip(known, values.T.tolist(), strict=True)
        }


FILES = (("sprites", ".npz"), ("grid", ".png"), ("sheet", ".png"), ("manifest", ".json"))


def _names(
    labels: Sequence[str | None], seeds: Sequence[int], indices: Sequence[int]
) -> list[str]:
    """Names of sprites, all different: label, seed where there are several, and index."""
    names = []
    for k, (label, index) in enumerate(zip(labels, indices, strict=True)):
        words = [re.sub(r"[^\w.-]+", "_", label)[:60]] if label else []
        words += [str(seeds[k])] if seeds else []
        names.append("-".join([*words, f"{index:05d}"]))
    return names


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
