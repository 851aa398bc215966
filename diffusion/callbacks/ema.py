"""Exponential moving average of the weights, with a warm-up that suits short runs."""

from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging

from diffusion.errors import UserError


class EMA(WeightAveraging):
    """After n steps the average moves by 1 - min(decay, (1 + n) / (10 + n)) towards the weights.

    Lightning's own callback, changed where a run could be lost or slowed: the update touches no
    value on the host; validation runs with averaged weights from its first hook to its last; a
    checkpoint holds the average in `state_dict` and the raw weights in `current_model_state` even
    when it is written in the middle of a validation; and training ends with raw weights in place,
    so that a finished run can be continued.

    Args:
        decay: the largest decay; 0.999 remembers about the last thousand steps.
    """

    def __init__(self, decay: float = 0.999) -> None:
        if not 0 <= decay <= 1:
            raise UserError(f"callbacks.ema.decay={decay} must lie between 0 and 1.")
        super().__init__(use_buffers=False)
        self.decay = decay
        self._swapped = False

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        step = trainer.global_step
        if step > self._latest_update_step and self._average_model is not None:
            decay = min(self.decay, (1 + step) / (10 + step))
            average, current = (
                [weight.detach() for weight in model.parameters()]
                for model in (self._average_model, pl_module)
            )
            torch._foreach_lerp_(average, current, 1 - decay)
            buffers = zip(self._average_model.module.buffers(), pl_module.buffers(), strict=True)
            for kept, now in buffers:
                kept.copy_(now)  # running statistics are averages already
            self._latest_update_step = step

    def on_validation_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._exchange(pl_module)

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._exchange(pl_module)

    def on_exception(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        exception: BaseException,
    ) -> None:
        if self._swapped:
            self._exchange(pl_module)

    def on_save_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        super().on_save_checkpoint(trainer, pl_module, checkpoint)
        if self._swapped:
            raw, average = checkpoint["state_dict"], checkpoint["current_model_state"]
            checkpoint["state_dict"], checkpoint["current_model_state"] = average, raw

    def _exchange(self, pl_module: lightning.LightningModule) -> None:
        if self._average_model is not None:
            self._swap_models(pl_module)
            self._swapped = not self._swapped

    # The base class does its work in these hooks; here it is done in the ones above.
    def on_validation_epoch_start(self, *_: Any) -> None: ...
    def on_validation_epoch_end(self, *_: Any) -> None: ...
    def on_train_epoch_end(self, *_: Any) -> None: ...
    def on_train_end(self, *_: Any) -> None: ...
