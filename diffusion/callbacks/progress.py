"""What a person sees while it trains: images/s, loss, the time left, and what to expect."""

import sys
import time
from typing import Any

import lightning
from lightning.pytorch import Callback
from tqdm import tqdm

from diffusion.callbacks.expectation import expectation
from diffusion.clock import budget_used, ends_step, logs_now
from diffusion.module import DiffusionModule


class Progress(Callback):
    """A bar in a terminal, a line now and then elsewhere; logs `train/images_per_second`.

    Args:
        seconds: time between two lines where there is no terminal; so long after the start it is
            also said what to expect of the budget.
    """

    def __init__(self, seconds: float = 20.0) -> None:
        self.seconds = seconds
        self._images, self._busy, self._since = 0, 0.0, time.monotonic()

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._bar = tqdm(
            total=1000,
            bar_format="{percentage:3.0f}% |{bar}| {desc}",
            disable=not (trainer.is_global_zero and sys.stderr.isatty()),
            dynamic_ncols=True,
        )
        self._images, self._busy = 0, 0.0
        self._since = self._said = time.monotonic()
        self._first_share = budget_used(trainer)
        assert isinstance(pl_module, DiffusionModule)
        config = pl_module.card.get("config", {})
        begun = config.get("teacher") or config.get("init_from")  # with weights that know already
        self._started, self._expects = self._since, not begun

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self._images += len(batch["image"]) * trainer.world_size
        if not (logs_now(trainer) and ends_step(trainer, batch_idx)):
            return
        rate = self._images / max(self._busy + time.monotonic() - self._since, 1e-9)
        self._images, self._busy, self._since = 0, 0.0, time.monotonic()
        pl_module.log("train/images_per_second", rate)
        share = budget_used(trainer)
        if trainer.is_global_zero:
            self._say(trainer, rate, share)

    def on_validation_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._busy += time.monotonic() - self._since  # validation is no training time

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._since = time.monotonic()

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._bar.close()

    def on_exception(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        exception: BaseException,
    ) -> None:
        if hasattr(self, "_bar"):
            self._bar.close()

    def _say(self, trainer: lightning.Trainer, rate: float, share: float) -> None:
        metrics = trainer.callback_metrics
        words = [f"step {trainer.global_step}", f"{rate:.0f} images/s"]
        words += [
            f"{key} {float(metrics[key]):.4f}"
            for key in ("train/loss", "val/loss")
            if key in metrics
        ]
        done, now = share - self._first_share, time.monotonic()
        if done > 0:
            left = (1 - share) * (now - self._started) / done
            words.append(f"{tqdm.format_interval(left)} left")
        self._bar.n = int(1000 * share)
        self._bar.set_description_str(", ".join(words))
        if self._expects and done > 0 and now - self._started > self.seconds:
            self._expects = False
            tqdm.write(expectation(float(metrics["progress/images"]) / share))
        if self._bar.disable and now - self._said > self.seconds:
            self._said = now
            print(f"{100 * share:3.0f}%  " + ", ".join(words), flush=True)
