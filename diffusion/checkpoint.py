"""A checkpoint describes itself: weights, the recipe they fit, and a card of the data and config.

Files are read with `weights_only=True`, after `torchfiles` has looked at them, and a recipe may
name only this project's own classes and make no more than the file has weights for. So a file from
a stranger can neither run code nor reach anything else, nor fill the memory.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from diffusion import sharing
from diffusion.building import build, build_denoiser
from diffusion.cards import check_card, own_sampler
from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.pixels import PixelCodec
from diffusion.samplers.base import Sampler
from diffusion.sampling import SpriteSet
from diffusion.torchfiles import check

LONGEST = 300  # letters of a sentence about a foreign file
AUXILIARY = "auxiliary."  # a network that only training needs begins its names so
RESUMED = {"loops", "callbacks", "optimizer_states", "lr_schedulers"}  # what a run continues from


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, syncs and renames: a reader sees the old file or the new one.

    The `last.ckpt` that is replaced stays as `previous.ckpt`. A write that fails leaves all as it
    was.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.tmp")  # one fixed name: leftovers are reused
        try:
            with beside.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
        except BaseException as error:
            beside.unlink(missing_ok=True)  # on a full disk that is room for smaller files
            # torch's writer fails once more when it closes, which hides the reason
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise
        if target.name == "last.ckpt":
            _keep(target)
        os.replace(beside, target)
        folder = os.open(target.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        checkpoint = read(Path(path))
        if not checkpoint.keys() >= RESUMED:
            raise UserError(f"{path} holds no run that could be continued; it is for sample.py.")
        return checkpoint


def _keep(last: Path) -> None:
    """One more name for the file, so that there is a `last.ckpt` at every moment."""
    name, beside = last.with_name("previous.ckpt"), last.with_name(".previous.ckpt.tmp")
    beside.unlink(missing_ok=True)
    with suppress(OSError):  # there is none yet, or the file system knows no second names
        os.link(last, beside)
        os.replace(beside, name)
    beside.unlink(missing_ok=True)  # a rename between two names of one file does nothing


@dataclass(frozen=True)
class Loaded:
    """What a checkpoint holds for making sprites: EMA weights, and the card saved with them."""

    denoiser: Denoiser
    card: dict[str, Any]
    sha256: str

    @property
    def sampler(self) -> dict[str, Any] | None:
        """The configuration of the run's own sampler; None where the file does not say."""
        return own_sampler(self.card)

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


def checkpoint_file(run: str, which: str) -> Path:
    """The checkpoint that `run=` means: such a file, or the last or best one of a directory."""
    path = Path(run)
    if path.suffix in (".ckpt", ".safetensors"):
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
    check(path)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a foreign file can fail in any way; none of them is our defect
        raise UserError(
            f"{path} cannot be read as a checkpoint: it is damaged or foreign."
        ) from error
    keys = {"card", "state_dict", "global_step"}
    if not isinstance(checkpoint, dict) or not keys <= checkpoint.keys():
        raise UserError(f"{path} is not a checkpoint of this project; train one with train.py.")
    return checkpoint


def load(path: Path) -> Loaded:
    """The EMA denoiser of a checkpoint or of an exported `.safetensors`, on the CPU, for sampling.

    Raises:
        UserError: no such file, another kind of file, or weights that do not fit the recipe.
    """
    if path.suffix == ".safetensors":
        weights, card = sharing.read(path)
    else:
        checkpoint = read(path)
        weights, card = checkpoint["state_dict"], checkpoint["card"]
    try:
        check_card(card)
        weights = {
            name.removeprefix("denoiser."): value
            for name, value in weights.items()
            if not name.startswith(AUXILIARY)
        }
        denoiser = _fitting(card["recipe"], weights, path.stat().st_size)
    except UserError as error:
        raise UserError(f"{path} cannot be used: {_cut(str(error))}") from error
    except Exception as error:  # whatever a foreign recipe makes of our own classes
        raise UserError(f"{path}: the weights do not fit the recipe in the file.") from error
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Loaded(denoiser.eval().requires_grad_(False), card, sha256)


def _cut(text: str) -> str:
    """A sentence that quotes a foreign file, in a length that one can read."""
    return text if len(text) < LONGEST else f"{text[:LONGEST]} ..."


def _fitting(recipe: dict[str, Any], weights: dict[str, Tensor], size: int) -> Denoiser:
    """The denoiser of a recipe with these weights; made without memory first, to see its size."""
    with torch.device("meta"), _at_most(len(weights)):
        network = build(recipe["model"])
    expected = {f"model.{name}": value.shape for name, value in network.state_dict().items()}
    found = {name: value.shape for name, value in weights.items()}
    if found != expected or sum(value.nbytes for value in weights.values()) > size:
        raise UserError("the weights do not fit the recipe in the file.")
    denoiser = build_denoiser(recipe)
    denoiser.load_state_dict(weights)
    return denoiser


@contextmanager
def _at_most(parameters: int) -> Iterator[None]:
    """Within it no more parameters can be made."""
    made = 0

    def count(module: nn.Module, name: str, parameter: nn.Parameter) -> None:
        nonlocal made
        made += 1
        if made > parameters:
            raise UserError("the recipe has more weights than the file.")

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()
