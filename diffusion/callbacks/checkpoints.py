"""`last.ckpt` at regular steps and at the end, `best.ckpt` where new sprites are best."""

from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch import Callback

from diffusion.callbacks.samples import Samples
from diffusion.errors import UserError

MEASURED, UNMEASURED, COPYING = range(3)


class Checkpoints(Callback):
    """Keeps `last.ckpt` and `best.ckpt` in the run directory's `checkpoints`.

    `last.ckpt` is written between two steps: everything that belongs to the one before it
    (average, validation, rows of metrics) is done, so that a run continued from there repeats and
    misses nothing.

    `best.ckpt` is that of the smallest sprite distance among the validations whose samples are no
    more often copies than unseen sprites are. Where neither is measured the validation loss
    decides.

    Args:
        every_n_steps: optimizer steps between two writes of `last.ckpt`.
    """

    def __init__(self, every_n_steps: int = 500) -> None:
        if not isinstance(every_n_steps, int) or every_n_steps < 1:
            raise UserError(f"checkpoint.every_n_steps={every_n_steps} must be at least 1.")
        self.every_n_steps = every_n_steps
        self.best = (COPYING, float("inf"))
        self.validated_step = -1
        self._saved_step = -1

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._saved_step = trainer.global_step

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Any,
        batch_idx: int,
    ) -> None:
        # Lightning counts one too many when it restarts at a step that was validated.
        trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step
        if trainer.global_step % self.every_n_steps == 0 and between_steps(trainer, batch_idx):
            self.save(trainer)

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self.validated_step = trainer.global_step
        standing = _standing(trainer)
        if standing < self.best:
            self.best = standing
            self._write(trainer, "best")
        if trainer.state.fn == "validate":  # after the last step: last.ckpt knows of it too
            self._write(trainer, "last")

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self.save(trainer)

    def save(self, trainer: lightning.Trainer) -> None:
        """Writes `last.ckpt` unless this step is there already; all ranks call it."""
        if trainer.global_step != self._saved_step:
            self._write(trainer, "last")
            self._saved_step = trainer.global_step

    def state_dict(self) -> dict[str, Any]:
        return {"best": list(self.best), "validated_step": self.validated_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        kind, value = state_dict["best"]
        self.best = (kind, value)
        self.validated_step = state_dict["validated_step"]

    def _write(self, trainer: lightning.Trainer, name: str) -> None:
        trainer.save_checkpoint(Path(trainer.default_root_dir) / "checkpoints" / f"{name}.ckpt")


def _standing(trainer: lightning.Trainer) -> tuple[int, float]:
    """What decides about `best.ckpt`; less is better, and the kind counts more than the value."""
    loss = float(trainer.callback_metrics["val/loss"])
    scores = next((c.scores for c in trainer.callbacks if isinstance(c, Samples)), {})  # type: ignore[attr-defined]
    if scores.get("copying"):
        return COPYING, loss
    if "sprite_fd" in scores:
        return MEASURED, scores["sprite_fd"]
    return UNMEASURED, loss


def between_steps(trainer: lightning.Trainer, batch_idx: int) -> bool:
    """Whether this batch begins an optimizer step, and is not in the middle of an accumulation."""
    return batch_idx % trainer.accumulate_grad_batches == 0


def validated(trainer: lightning.Trainer) -> bool:
    """Whether a validation has run after the very last step."""
    ours = (each for each in trainer.callbacks if isinstance(each, Checkpoints))  # type: ignore[attr-defined]
    return any(each.validated_step == trainer.global_step for each in ours)
