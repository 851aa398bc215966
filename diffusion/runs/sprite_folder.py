"""The folder that `sample.py` writes: sprites as data, as pictures, and a row about each."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from diffusion import pictures
from diffusion.runs.building import build
from diffusion.errors import UserError
from diffusion.judge import Judge
from diffusion.runs.loading import Loaded

OURS = ("sprites.npz", "grid.png", "sheet.png", "manifest.json", "denoising.gif", "png")


class SpriteFolder:
    """`sprites.npz sheet.png grid.png manifest.json`, and on request `png/` and `denoising.gif`.

    Args:
        path: a new or empty folder, or one written before; its files are replaced.

    Raises:
        UserError: the folder holds something else.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"out={path} is a file; give a folder.")
        self._earlier = self._earlier_indices()
        ours = OURS if self._earlier is not None else ()
        foreign = [file.name for file in self.path.glob("*") if file.name not in ours]
        if foreign:
            raise UserError(
                f"out={path} holds {foreign[0]}, which sample.py did not write; give another one."
            )

    def write(
        self,
        images: Tensor,
        seed: int,
        indices: list[int],
        labels: Tensor | None,
        loaded: Loaded,
        sampler: dict[str, Any],
        guidance: float = 1.0,
        each: bool = False,
    ) -> None:
        """Writes everything but the film.

        Args:
            images: uint8 `(N, C, H, W)`.
            seed: seed of the set.
            indices: index of each sprite in it.
            labels: class of each sprite, or None.
            loaded: the checkpoint they came from.
            sampler: the sampler's configuration.
            guidance: how much labels counted.
            each: also one PNG per sprite.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        singles = [self._single(index) for index in self._earlier or ()]
        for stale in [*singles, self.path / "denoising.gif"]:
            stale.unlink(missing_ok=True)
        names = loaded.card["sprites"]["label_names"]
        arrays = {
            "images": images.permute(0, 2, 3, 1).numpy(),
            "seeds": np.full(len(images), seed, np.int64),
            "indices": np.array(indices, np.int64),
        }
        if labels is not None:
            arrays |= {"labels": labels.numpy(), "label_names": np.array(names)}
        np.savez_compressed(self.path / "sprites.npz", **arrays)  # type: ignore[arg-type]
        pictures.grid(images).save(self.path / "grid.png")
        pictures.transparent_png(pictures.sheet(images), self.path / "sheet.png")
        passports = examined(images, loaded)
        manifest = [
            {
                "index": index,
                "seed": seed,
                "checkpoint": loaded.sha256,
                "sampler": sampler,
                "guidance": guidance,
                "label": None if labels is None else names[labels[k]],
                **passports[k],
            }
            for k, index in enumerate(indices)
        ]
        (self.path / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        if each:
            (self.path / "png").mkdir(exist_ok=True)
            for image, index in zip(images, indices, strict=True):
                pictures.transparent_png(image, self._single(index))

    def _single(self, index: int) -> Path:
        return self.path / "png" / f"{index:05d}.png"

    def _earlier_indices(self) -> list[int] | None:
        """Indices of the sprites that an earlier `sample.py` wrote here; None if it did not."""
        try:
            manifest = json.loads((self.path / "manifest.json").read_text())
            return [int(row["index"]) for row in manifest]
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write_film(self, frames: list[Image.Image]) -> None:
        """Writes `denoising.gif`."""
        pictures.film(frames, self.path / "denoising.gif")


def training_data(card: dict[str, Any]) -> Any:
    """The SpriteDataModule that a checkpoint was trained on, set up, from the user's own files.

    Raises:
        DataError: the files are gone or unreadable.
        UserError: they are not what they were during training, or nobody says where they are.
    """
    if "config" not in card:
        raise UserError(
            "An exported model does not say where its training data is; give the run it is from."
        )
    config = card["config"]
    data = build(config["data"] | {"seed": config["seed"]}, packages=("datamodules",))
    data.setup()
    if data.card["fingerprint"] != card["data"]["fingerprint"]:
        raise UserError("The training data has changed since this run was trained.")
    return data


def examined(images: Tensor, loaded: Loaded) -> list[dict[str, Any]]:
    """For each image the verdict about it, its nearest training sprite (row in the user's data),
    how far that is, and how many unseen real sprites of a hundred are nearer to training.

    All None, and said so, when the training data is not where it was.
    """
    try:
        data = training_data(loaded.card)
    except ValueError as error:  # a DataError or a UserError
        print(f"Without passports: {error}")
        return [dict.fromkeys(("verdict", "nearest", "distance", "percentile"))] * len(images)
    judge = Judge.of(data, {}, len(images))
    found = judge.passport.examine(images)
    return [
        {
            "verdict": str(found.verdict[k]),
            "nearest": int(judge.rows[found.row[k]]),
            "distance": round(float(found.distance[k]), 3),
            "percentile": round(float(found.percentile[k]), 1),
        }
        for k in range(len(images))
    ]
