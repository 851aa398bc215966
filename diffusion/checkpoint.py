"""A checkpoint describes itself: weights, the recipe they fit, and a card of the data and config.

Files are read with `weights_only=True`, and a recipe may name only this project's own classes, so
a file from a stranger can neither run code nor reach anything else.
"""

import hashlib
import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.pixels import PixelCodec
from diffusion.samplers.base import Sampler
from diffusion.sampling import SpriteSet

PARTS = tuple(f"diffusion.{part}" for part in ("schedules", "predictions", "weightings", "models"))


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, syncs and renames: a reader sees the old file or the new one."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.tmp")  # one fixed name: leftovers are reused
        with beside.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
        folder = os.open(target.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


@dataclass(frozen=True)
class Loaded:
    """What a checkpoint holds for making sprites: EMA weights, and the card saved with them."""

    denoiser: Denoiser
    card: dict[str, Any]
    sha256: str

    def sprites(
        self,
        sampler: Sampler,
        seed: int,
        device: torch.device | str = "cpu",
        label: str | int | None = None,
    ) -> SpriteSet:
        """The sprites of a seed; with a label (a name or a number) all of that class.

        Raises:
            UserError: the run learned no such label, or no labels at all.
        """
        known = self.card["sprites"]
        frequencies = known["label_frequencies"] if self.denoiser.model.classes else []
        if label is not None:
            chosen = self._label(label)
            frequencies = [float(k == chosen) for k in range(len(frequencies))]
        return SpriteSet(
            self.denoiser.to(device),
            sampler,
            PixelCodec(known["hard_alpha"]),
            known["shape"],
            frequencies,
            seed,
        )

    def _label(self, label: str | int) -> int:
        names = self.card["sprites"]["label_names"] if self.denoiser.model.classes else []
        if not names:
            raise UserError("This run learned no labels; train with model.classes=true.")
        if str(label) in names:
            return names.index(str(label))
        if isinstance(label, int) and 0 <= label < len(names):
            return label
        raise UserError(f"label={label} is not known; this run learned {', '.join(names)}.")


def build(node: Any, packages: Sequence[str] = PARTS) -> Any:
    """Objects from a recipe: nested plain containers with `_target_`, as in `conf/`.

    Raises:
        UserError: a `_target_` is not a class in one of the packages, or does not take the
            arguments beside it.
    """
    if not isinstance(node, dict) or "_target_" not in node:
        return node
    target = str(node["_target_"])
    module, _, name = target.rpartition(".")
    if not any(module == package or module.startswith(package + ".") for package in packages):
        raise UserError(f"{target} is not one of this project's own {' '.join(packages)}.")
    arguments = {key: build(value, packages) for key, value in node.items() if key != "_target_"}
    try:
        return getattr(importlib.import_module(module), name)(**arguments)
    except (ImportError, AttributeError, TypeError) as error:
        raise UserError(f"{name} cannot be made with these values: {error}.") from error


def build_denoiser(recipe: dict[str, Any]) -> Denoiser:
    """A denoiser with fresh weights from a recipe with model, schedule, prediction, weighting."""
    return Denoiser(**{part: build(recipe[part]) for part in sorted(recipe)})


def checkpoint_file(run: str, which: str) -> Path:
    """The checkpoint that `run=` means: a .ckpt file, or the last or best one of a directory."""
    path = Path(run)
    if path.suffix == ".ckpt":
        return path
    if which not in ("last", "best"):
        raise UserError(f"checkpoint={which} must be last or best.")
    if not path.is_dir():
        raise UserError(f"There is no run {run}; give a run directory or a .ckpt file.")
    return path / "checkpoints" / f"{which}.ckpt"


def read(path: Path) -> dict[str, Any]:
    """The plain containers and tensors in a checkpoint file, on the CPU.

    Raises:
        UserError: no such file, or not a checkpoint of this project.
    """
    if not path.is_file():
        raise UserError(f"There is no checkpoint {path}; give a run directory or a .ckpt file.")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a foreign file can fail in any way; none of them is our defect
        raise UserError(
            f"{path} cannot be read as a checkpoint: it is damaged or foreign."
        ) from error
    if not isinstance(checkpoint, dict) or not {"card", "state_dict"} <= checkpoint.keys():
        raise UserError(f"{path} is not a checkpoint of this project; train one with train.py.")
    return checkpoint


def load(path: Path) -> Loaded:
    """The EMA denoiser of a checkpoint file, in evaluation mode on the CPU.

    Raises:
        UserError: no such file, another kind of file, or weights that do not fit the recipe.
    """
    checkpoint = read(path)
    card = checkpoint["card"]
    try:
        denoiser = build_denoiser(card["recipe"])
        weights = {
            name.removeprefix("denoiser."): value
            for name, value in checkpoint["state_dict"].items()
        }
        denoiser.load_state_dict(weights)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise UserError(f"{path}: the weights do not fit the recipe in the file.") from error
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Loaded(denoiser.eval().requires_grad_(False), card, sha256)
