"""Signals end a run between two steps, saved at the exact step.

SIGINT is Ctrl-C; SIGTERM, SIGUSR1 and SIGUSR2 are how schedulers tell that the time is up.
"""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import lightning
from lightning.pytorch import Callback

from diffusion.clock import begins_step, logs_now
from diffusion.errors import Interrupted

SCHEDULERS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


class Signals(Callback):
    """Notes a signal and acts on it when the step is complete; a second SIGINT ends at once.

    Args:
        save: writes a checkpoint; called on all ranks.
    """

    def __init__(self, save: Callable[[lightning.Trainer], None]) -> None:
        self.save = save
        self.caught = 0

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._folder = trainer.default_root_dir
        self._earlier = {
            number: signal.signal(number, self._note)
            for number in (signal.SIGINT, *SCHEDULERS)
            if signal.getsignal(number) != signal.SIG_IGN  # a job of a sweep hears of it otherwise
        }

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if not begins_step(trainer, batch_idx):
            return
        if trainer.world_size > 1:  # ranks must agree, and asking them at every step would cost
            if not logs_now(trainer):
                return
            self.caught = int(trainer.strategy.broadcast(self.caught))
        if self.caught:
            self.save(trainer)
            raise Interrupted(
                f"interrupted at step {trainer.global_step}; the same command with "
                f"hydra.run.dir={self._folder} continues there.",
                self.caught,
            )

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._restore()

    def on_exception(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        exception: BaseException,
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.caught == signal.SIGINT == number:
            raise Interrupted(
                f"stopped at once; the same command with hydra.run.dir={self._folder} continues "
                "from the last checkpoint.",
                number,
            )
        self.caught = signal.SIGTERM if number in SCHEDULERS else number
        print("\nstopping after this step; Ctrl-C again stops at once", file=sys.stderr)

    def _restore(self) -> None:
        for number, handler in getattr(self, "_earlier", {}).items():
            signal.signal(number, handler)
