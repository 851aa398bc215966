"""A checkpoint describes itself: weights, the recipe they fit, and a card of the data and config.

Files are read with `weights_only=True`, after `torchfiles` has looked at them. So a file from a
stranger cannot run code; `loading` sees to the rest.
"""

import hashlib
from pathlib import Path
from pickle import PicklingError
from typing import Any, BinaryIO

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from diffusion.errors import UserError
from diffusion.runs.files import Folder
from diffusion.runs.reading import foreign
from diffusion.runs.torchfiles import checked, doubt_of

RESUMED = {"loops", "callbacks", "optimizer_states", "lr_schedulers"}  # what a run continues from


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, reads that back, syncs and renames: what takes the target's place
    is whole, and a run can continue from it.

    The `last.ckpt` that is replaced stays as `previous.ckpt`. A write that fails leaves all as it
    was.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        target = Path(path)
        folder = Folder(target.parent.parent, target.parent.name)

        def content(file: BinaryIO) -> None:
            try:
                torch.save(checkpoint, file)
            except (PicklingError, AttributeError, TypeError) as error:
                raise _lost(str(error)) from error
            _read_back(file)
            if target.name == "last.ckpt":
                folder.keep(target.name, "previous.ckpt")

        try:
            folder.write(target.name, content, synced=True)
        except RuntimeError as error:
            # torch's writer fails once more when it closes, which hides the reason
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise

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


def _read_back(file: BinaryIO) -> None:
    """Refuses what could be written and not be read: a run must not train for what is lost.

    Raises:
        UserError: the state holds more than tensors and plain values.
    """
    doubt = doubt_of(file)
    if not doubt:
        file.seek(0)
        try:
            found = torch.load(file, map_location="cpu", weights_only=True)
            doubt = foreign(found, (torch.Tensor,), (str, int))
        except Exception as error:  # whatever torch refuses
            doubt = str(error)
    if doubt:
        raise _lost(doubt)


def _lost(why: str) -> UserError:
    return UserError(
        f"The run's checkpoint could not be read again ({' '.join(why.split())[:200]}), so "
        "training stops before it is lost; choose another optimizer or callback, whose state is "
        "tensors and plain values."
    )


def read(path: Path) -> dict[str, Any]:
    """The plain containers and tensors in a checkpoint file, on the CPU.

    Raises:
        UserError: no such file, or not a checkpoint of this project.
    """
    return read_with_hash(path)[0]


def read_with_hash(path: Path) -> tuple[dict[str, Any], str]:
    """As `read`, and the SHA-256 of the very bytes that were read."""
    with checked(path) as file:
        try:
            checkpoint = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # a foreign file can fail in any way; none is our defect
            raise UserError(
                f"{path} cannot be read as a checkpoint: it is damaged or foreign."
            ) from error
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    keys = {"card", "state_dict", "global_step"}
    known = isinstance(checkpoint, dict) and keys <= checkpoint.keys()
    if not known or foreign(checkpoint, (torch.Tensor,), (str, int)):
        raise UserError(f"{path} is not a checkpoint of this project; train one with train.py.")
    return checkpoint, sha256
