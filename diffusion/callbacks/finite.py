"""Stops training when the loss is no longer a number; nothing is saved from then on."""

from typing import Any

import lightning
import torch
from lightning.pytorch import Callback
from torch import Tensor

from diffusion.errors import UserError
from diffusion.pace import logs_now


class FiniteLoss(Callback):
    """Notes the first step with a NaN or infinite loss on the device, and looks at the note only
    when metrics are logged and before a checkpoint is written: the step itself never waits."""

    def __init__(self) -> None:
        self._first_bad: Tensor | None = None

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        loss, step = outputs["loss"].detach(), trainer.global_step
        if self._first_bad is None:
            self._first_bad = torch.full((), torch.inf, device=loss.device)
        bad = torch.where(torch.isfinite(loss), torch.inf, float(step))
        self._first_bad = torch.minimum(self._first_bad, bad)
        if logs_now(trainer):
            self._look(trainer)

    def on_save_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        self._look(trainer)

    def _look(self, trainer: lightning.Trainer) -> None:
        if self._first_bad is None:
            return
        first = float(trainer.strategy.reduce(self._first_bad, reduce_op="min"))
        if first < float("inf"):
            raise UserError(
                f"The loss became NaN or infinite at step {int(first)}; the last good checkpoint "
                "is kept. Try a lower optimizer.lr, trainer.gradient_clip_val=1 or "
                "trainer.precision=32-true."
            )
