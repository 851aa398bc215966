"""The average of the weights, kept beside a training."""

from copy import deepcopy
from typing import Any

import lightning
import torch
from lightning.pytorch import Callback

from diffusion.averages import MovingAverage
from diffusion.errors import UserError


class EMA(Callback):
    """Keeps a `MovingAverage` of the weights.

    Lightning's `WeightAveraging` does the same, but reads values on the host at every step, keeps
    its copy where the module was before it went to its device, saves raw weights as averaged ones
    when a checkpoint is written in the middle of a validation, and leaves averaged weights in
    place at the end, so that a finished run could not be continued. The files are the same: a
    checkpoint holds the average in `state_dict` and the raw weights in `current_model_state`.

    Validation runs with averaged weights from its first hook to its last.

    Args:
        decay: see `MovingAverage`.
        reach: a bound that was tried and did not help; the saved configurations of some older runs
            hold it, as null.

    Attributes:
        averaged: a copy of the module with averaged weights; None before a training. Within a
            validation it holds the raw ones, and the module itself the average.
    """

    def __init__(self, decay: float = 0.98, reach: None = None) -> None:
        if reach is not None:
            raise UserError(f"callbacks.ema.reach={reach} is gone; leave it out, or give null.")
        self.average = MovingAverage(decay)
        self.averaged: lightning.LightningModule | None = None
        self._last_step, self._exchanged = 0, False

    def setup(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str
    ) -> None:
        if stage == "fit":
            self.averaged = deepcopy(pl_module).requires_grad_(False)

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        assert self.averaged is not None
        self.averaged.to(pl_module.device)  # at setup the module was not there yet

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        assert self.averaged is not None
        step = trainer.global_step
        if step > self._last_step:
            self.average.move(self.averaged.parameters(), pl_module.parameters(), step)
            buffers = zip(self.averaged.buffers(), pl_module.buffers(), strict=True)
            for kept, now in buffers:
                kept.copy_(now)  # running statistics are averages already
            self._last_step = step

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
        if self._exchanged:
            self._exchange(pl_module)

    def on_save_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        if self.averaged is None:
            return
        here, beside = checkpoint["state_dict"], self.averaged.state_dict()
        average, raw = (here, beside) if self._exchanged else (beside, here)
        checkpoint["state_dict"], checkpoint["current_model_state"] = average, raw

    def on_load_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        if self.averaged is not None:
            self.averaged.load_state_dict(checkpoint["state_dict"])
            raw = checkpoint.get("current_model_state")  # absent where nothing was averaged
            pl_module.load_state_dict(raw or checkpoint["state_dict"])

    def state_dict(self) -> dict[str, Any]:
        return {"latest_update_step": self._last_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._last_step = state_dict["latest_update_step"]

    @torch.no_grad()
    def _exchange(self, pl_module: lightning.LightningModule) -> None:
        """The module's weights and buffers for those beside it, in place."""
        if self.averaged is None:
            return
        ours = [*pl_module.parameters(), *pl_module.buffers()]
        beside = [*self.averaged.parameters(), *self.averaged.buffers()]
        for mine, other in zip(ours, beside, strict=True):
            kept = mine.clone()
            mine.copy_(other)
            other.copy_(kept)
        self._exchanged = not self._exchanged
