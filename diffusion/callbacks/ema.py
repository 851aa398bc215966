"""The average of the weights, kept beside a training by Lightning's own callback."""

from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging

from diffusion.averages import MovingAverage


class EMA(WeightAveraging):
    """Keeps a `MovingAverage` of the weights.

    Lightning's own callback, changed where a run could be lost or slowed: the update touches no
    value on the host; validation runs with averaged weights from its first hook to its last; a
    checkpoint holds the average in `state_dict` and the raw weights in `current_model_state` even
    when it is written in the middle of a validation; and training ends with raw weights in place,
    so that a finished run can be continued.

    Args:
        decay: see `MovingAverage`.
        reach: see there.
    """

    def __init__(self, decay: float = 0.999, reach: float | None = None) -> None:
        super().__init__(use_buffers=False)
        self.average = MovingAverage(decay, reach)
        self._swapped = False

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        step = trainer.global_step
        if step > self._latest_update_step and self._average_model is not None:
            self.average.move(self._average_model.parameters(), pl_module.parameters(), step)
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
