"""What happens when numbers go bad: training stops, or goes back to the last good checkpoint.

Going back takes the weights, averages and optimizer of the checkpoint and goes on with the batches
that come next, so that those which did the harm are skipped (Chowdhery et al. 2022, "PaLM",
section 5.1). Steps are counted on; nothing bad is ever saved.
"""

from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch import Callback
from torch import Tensor
from torch.optim import Optimizer

from diffusion.callbacks.checkpoints import Checkpoints
from diffusion.callbacks.ema import EMA
from diffusion.clock import callback_of, data_of, logs_now, micro_batch
from diffusion.errors import UserError

NEVER = 2**62
MAX_NAMES = 8  # names of sprites in a message


class FiniteLoss(Callback):
    """Notes on the device which micro-batch first had a loss or a gradient that was no number.

    The note is looked at only when metrics are logged and before a validation or a checkpoint: the
    step itself never waits. With float16 the gradient scaler watches the gradient, and skips.

    Args:
        rollbacks: how often a run may go back to the last good checkpoint; 0 stops at once.
        largest_norm: a longer gradient (before it is clipped) counts as infinite.
    """

    def __init__(self, rollbacks: int = 0, largest_norm: float = 1e6) -> None:
        if not isinstance(rollbacks, int) or rollbacks < 0 or not largest_norm > 0:
            raise UserError(
                f"callbacks.finite.rollbacks={rollbacks} must be 0 or more, and largest_norm="
                f"{largest_norm} greater than 0."
            )
        self.rollbacks, self.largest_norm, self.used = rollbacks, largest_norm, 0
        self._first_bad: Tensor | None = None

    def on_before_optimizer_step(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        optimizer: Optimizer,
    ) -> None:
        if getattr(trainer.precision_plugin, "scaler", None) is None:
            gradients = [w.grad for w in pl_module.parameters() if w.grad is not None]
            norm = torch.nn.utils.get_total_norm(gradients)
            self._note(trainer, norm <= self.largest_norm)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self._note(trainer, torch.isfinite(outputs["loss"].detach()))
        validates = (micro_batch(trainer) + 1) % trainer.val_check_interval == 0
        checkpoints = callback_of(trainer, Checkpoints)
        saves = checkpoints is not None and checkpoints.saves_now(trainer)
        if validates or saves or logs_now(trainer):
            self._look(trainer, self.rollbacks)

    def on_save_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        self._look(trainer, 0)  # a signal, or the end: too late to go back

    def state_dict(self) -> dict[str, Any]:
        return {"used": self.used}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.used = state_dict["used"]

    def _note(self, trainer: lightning.Trainer, good: Tensor) -> None:
        if self._first_bad is None:
            self._first_bad = torch.full((), NEVER, device=good.device)
        earliest = self._first_bad.clamp(max=micro_batch(trainer))
        self._first_bad = torch.where(good, self._first_bad, earliest)

    def _look(self, trainer: lightning.Trainer, rollbacks: int) -> None:
        if self._first_bad is None:
            return
        first = int(trainer.strategy.reduce(self._first_bad, reduce_op="min"))
        if first == NEVER:
            return
        self._first_bad = None
        step = first // trainer.accumulate_grad_batches + 1
        what = f"The loss or its gradient was no finite number at step {step}"
        last = Path(trainer.default_root_dir) / "checkpoints" / "last.ckpt"
        if self.used >= rollbacks or not last.exists():
            raise UserError(
                f"{what}, in a batch of {_sprites(trainer, first)}; the last good checkpoint is "
                "kept. Try a lower optimizer.lr, trainer.gradient_clip_val=1, "
                "trainer.precision=32-true, or callbacks.finite.rollbacks=3 to go back and skip "
                "such batches."
            )
        self.used += 1
        good = _go_back(trainer, last)
        if trainer.is_global_zero:
            print(
                f"{what}, in a batch of {_sprites(trainer, first)}; back to the weights of step "
                f"{good}, and on with new batches ({self.used} of {rollbacks} times).",
                flush=True,
            )


def _sprites(trainer: lightning.Trainer, number: int) -> str:
    """The sprites of a micro-batch by name, as many as one can read."""
    data = data_of(trainer)
    rows = data.train_dataloader().order(number)
    names = ", ".join(data.called(int(row)) for row in rows[:MAX_NAMES])
    return names + (f" and {len(rows) - MAX_NAMES} more" if len(rows) > MAX_NAMES else "")


def _go_back(trainer: lightning.Trainer, file: Path) -> int:
    """Weights, averages and optimizer of a checkpoint, and its step; what counts goes on."""
    strategy, module = trainer.strategy, trainer.lightning_module
    checkpoint = strategy.load_checkpoint(file, weights_only=True)
    strategy.load_model_state_dict(checkpoint)
    if averages := callback_of(trainer, EMA):
        averages.on_load_checkpoint(trainer, module, checkpoint)
    strategy.load_optimizer_state_dict(checkpoint)
    for optimizer, config in zip(trainer.optimizers, trainer.lr_scheduler_configs, strict=True):
        optimizer.zero_grad()  # what the bad micro-batch has added to a step that goes on
        rates = config.scheduler.get_last_lr()  # of this step, not of the checkpoint's
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
    return checkpoint["global_step"]
