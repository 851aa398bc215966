"""`last.ckpt` at regular steps and at the end, `best.ckpt` where new sprites are best."""

from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch import Callback

from diffusion.callbacks.ema import EMA
from diffusion.callbacks.samples import Samples
from diffusion.clock import begins_step, callback_of, correct_count
from diffusion.errors import UserError

MEASURED, UNMEASURED, COPYING = range(3)
REACTIONS = ("go_on", "stop")


class Checkpoints(Callback):
    """Keeps `last.ckpt` and `best.ckpt` in the run directory's `checkpoints`.

    `last.ckpt` is written between two steps: everything that belongs to the one before it
    (average, validation, rows of metrics) is done, so that a run continued from there repeats and
    misses nothing. The first is written after the first step, so that what cannot be saved is
    found at once.

    `best.ckpt` is that of the smallest sprite distance among the validations whose samples are no
    more often copies than unseen sprites are. Where neither is measured the validation loss
    decides. Without held-out sprites nothing can decide, and there is none.

    Args:
        every_n_steps: optimizer steps between two writes of `last.ckpt`.
        on_failure: when one cannot be written, as on a full disk: `go_on` training with the
            earlier ones in place, or `stop`. A run never ends well without its last one.
    """

    def __init__(self, every_n_steps: int = 500, on_failure: str = "go_on") -> None:
        if not isinstance(every_n_steps, int) or every_n_steps < 1:
            raise UserError(f"checkpoint.every_n_steps={every_n_steps} must be at least 1.")
        if on_failure not in REACTIONS:
            raise UserError(f"checkpoint.on_failure={on_failure} must be go_on or stop.")
        self.every_n_steps, self.stops = every_n_steps, on_failure == "stop"
        self._said = False
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
        correct_count(trainer)
        if self.saves_now(trainer) and begins_step(trainer, batch_idx):
            self._try_to_save(trainer)

    def saves_now(self, trainer: lightning.Trainer) -> bool:
        """Whether `last.ckpt` is written after the step that ended last."""
        return trainer.global_step == 1 or trainer.global_step % self.every_n_steps == 0

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self.validated_step = trainer.global_step
        standing = _standing(trainer)
        if standing and standing < self.best:
            earlier, self.best = self.best, standing
            if failure := _write(trainer, "best"):
                self.best = earlier  # the file is still that one's
                self._react(trainer, failure)
        if trainer.state.fn == "validate":  # after the last step: last.ckpt knows of it too
            _require(_write(trainer, "last"))

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self.save(trainer)

    def save(self, trainer: lightning.Trainer) -> None:
        """Writes `last.ckpt` unless this step is there already; all ranks call it.

        Raises:
            UserError: it cannot be written.
        """
        _require(self._save(trainer))

    def _try_to_save(self, trainer: lightning.Trainer) -> None:
        if failure := self._save(trainer):
            self._react(trainer, failure)

    def _save(self, trainer: lightning.Trainer) -> str:
        if trainer.global_step == self._saved_step:
            return ""
        failure = _write(trainer, "last")
        self._saved_step = self._saved_step if failure else trainer.global_step
        return failure

    def _react(self, trainer: lightning.Trainer, failure: str) -> None:
        if self.stops:
            _require(failure)
        if trainer.is_global_zero and not self._said:
            print(f"{failure} Training goes on; make room before it ends.", flush=True)
        self._said = True

    def on_load_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        if "current_model_state" in checkpoint and callback_of(trainer, EMA) is None:
            raise UserError("This run averages its weights; it continues only with callbacks.ema.")

    def state_dict(self) -> dict[str, Any]:
        return {"best": list(self.best), "validated_step": self.validated_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        kind, value = state_dict["best"]
        self.best = (kind, value)
        self.validated_step = state_dict["validated_step"]


def _write(trainer: lightning.Trainer, name: str) -> str:
    """Writes a checkpoint; why the disk refused it, the same on all ranks, or nothing.

    Raises:
        UserError: on all ranks, when the state could not be read again.
    """
    file = Path(trainer.default_root_dir) / "checkpoints" / f"{name}.ckpt"
    failure = refusal = ""
    try:
        trainer.save_checkpoint(file)
    except OSError as error:  # on the rank that writes
        why = error.strerror or str(error)
        failure = (
            f"{name}.ckpt could not be written at step {trainer.global_step} ({why}); the "
            "earlier one is kept."
        )
    except UserError as error:
        refusal = str(error)
    if failure or refusal:
        trainer.strategy.barrier("Trainer.save_checkpoint")  # where the other ranks wait
    failure, refusal = trainer.strategy.broadcast((failure, refusal))
    if refusal:
        raise UserError(refusal)
    return failure


def _require(failure: str) -> None:
    if failure:
        raise UserError(f"{failure} Make room, and the same command continues from there.")


def _standing(trainer: lightning.Trainer) -> tuple[int, float] | None:
    """What decides about `best.ckpt`; less is better, and the kind counts more than the value.
    None where nothing was held out."""
    if "val/loss" not in trainer.callback_metrics:
        return None
    loss = float(trainer.callback_metrics["val/loss"])
    samples = callback_of(trainer, Samples)
    scores = samples.scores if samples else {}
    if scores.get("copying"):
        return COPYING, loss
    if "sprite_fd" in scores:
        return MEASURED, scores["sprite_fd"]
    return UNMEASURED, loss


def validated(trainer: lightning.Trainer) -> bool:
    """Whether a validation has run after the very last step."""
    checkpoints = callback_of(trainer, Checkpoints)
    return checkpoints is not None and checkpoints.validated_step == trainer.global_step
