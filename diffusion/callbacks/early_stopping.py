"""Ends a run that gets no better."""

from difflib import get_close_matches
from typing import Any

import lightning
from lightning.pytorch.callbacks import EarlyStopping as LightningsEarlyStopping

from diffusion.callbacks.noise_levels import MEASURED, NoiseLevels
from diffusion.callbacks.samples import Samples
from diffusion.clock import callback_of
from diffusion.errors import UserError
from diffusion.sprite_data import SpriteData

MODES = ("min", "max")


class EarlyStopping(LightningsEarlyStopping):
    """Lightning's, which looks at every validation, says why it stopped, and continues.

    A run that it has stopped stays stopped until it may wait longer: the patience is that of the
    configuration, never of the checkpoint.

    Args:
        monitor: a value of every validation.
        mode: `min` where less is better, or `max`.
        patience: validations in a row without a better value.
        min_delta: by how much a better one differs from the best, at least.
    """

    def __init__(
        self,
        monitor: str = "preview/sprite_fd",
        mode: str = "min",
        patience: int = 10,
        min_delta: float = 0.0,
    ) -> None:
        if mode not in MODES:
            raise UserError(f"callbacks.early_stopping.mode={mode} must be min or max.")
        if patience < 1 or not min_delta >= 0:
            raise UserError(
                f"callbacks.early_stopping.patience={patience} must be 1 or more, and min_delta="
                f"{min_delta} 0 or more."
            )
        super().__init__(
            monitor,
            min_delta,
            patience,
            mode=mode,
            strict=False,  # a value that cannot be measured once is no news
            check_finite=False,  # FiniteLoss looks at that
            check_on_train_epoch_end=False,
        )

    @property
    def reason(self) -> str:
        """Why the run was stopped; empty while it was not."""
        if self.wait_count < self.patience:
            return ""
        best = f"{float(self.best_score):.4g}"
        return f"{self.monitor} got no better than {best} in {self.wait_count} validations"

    def check(self, trainer: lightning.Trainer, data: SpriteData) -> None:
        """Refuses what no validation of this trainer measures.

        Raises:
            UserError: naming what it does measure.
        """
        held_out = len(data.split["val"]) > 0
        known = ["val/loss"] if held_out else []
        if held_out and callback_of(trainer, NoiseLevels):
            known += MEASURED
        if samples := callback_of(trainer, Samples):
            known += samples.measured(data)
        if self.monitor in known:
            return
        near = get_close_matches(self.monitor, known, 1, 0.85)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UserError(
            f"callbacks.early_stopping.monitor={self.monitor} is no value of a validation; {hint}"
            f"known are {', '.join(sorted(known))}."
        )

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        if self.reason:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"wait_count": self.wait_count, "best_score": float(self.best_score)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.wait_count = state_dict["wait_count"]
        self.best_score = self.best_score.new_tensor(state_dict["best_score"])
