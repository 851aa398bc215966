"""A checkpoint describes itself: weights, the recipe they fit, and a card of the data and config.

Files are read with `weights_only=True`, after `torchfiles` has looked at them. So a file from a
stranger cannot run code; `loading` sees to the rest.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from diffusion.errors import UserError
from diffusion.runs.torchfiles import check

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
