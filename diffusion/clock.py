"""Where a run stands in Lightning's count; all that is known here of the inside of its loops."""

from typing import Any, TypeVar

import lightning
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import Timer

from diffusion.sprite_data import SpriteData

Kind = TypeVar("Kind", bound=Callback)


def micro_batch(trainer: lightning.Trainer) -> int:
    """The number of the micro-batch in training, from 0, counted over the whole run."""
    return trainer.fit_loop.epoch_loop.total_batch_idx


def begins_step(trainer: lightning.Trainer, batch_idx: int) -> bool:
    """Whether this batch is the first of an optimizer step, and not in an accumulation."""
    return batch_idx % trainer.accumulate_grad_batches == 0


def ends_step(trainer: lightning.Trainer, batch_idx: int) -> bool:
    """Whether this batch is the last of an optimizer step."""
    return begins_step(trainer, batch_idx + 1)


def correct_count(trainer: lightning.Trainer) -> None:
    """Undoes that Lightning counts one step too many after a restart at a validated step."""
    trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step


def correct_saved_count(checkpoint: dict[str, Any]) -> None:
    """Makes a checkpoint begin with the batch after its last step.

    Ours are written between two steps, when Lightning has counted the next batch as ready.
    """
    total = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]
    total["ready"] = total["started"] = total["processed"]


def logged_step(trainer: lightning.Trainer) -> int:
    """The step, counted from 0, under which the numbers of the step that ended last are logged.

    What else belongs to that step is logged under the same one.
    """
    return trainer.global_step - 1


def callback_of(trainer: lightning.Trainer, kind: type[Kind]) -> Kind | None:
    """The trainer's callback of this class, if it has one."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return next((each for each in callbacks if isinstance(each, kind)), None)


def data_of(trainer: lightning.Trainer) -> SpriteData:
    """The data that the trainer was given."""
    data: SpriteData = trainer.datamodule  # type: ignore[attr-defined]
    return data


def budget_used(trainer: lightning.Trainer) -> float:
    """Share 0..1 of `max_steps` or `max_time` used so far, equal on every rank.

    The time used by earlier parts of an interrupted run counts too: the timer's state lies in the
    checkpoint.
    """
    share = trainer.global_step / trainer.max_steps if trainer.max_steps > 0 else 0.0
    timer = callback_of(trainer, Timer)
    left = timer.time_remaining() if timer else None
    if timer and left is not None:
        used = timer.time_elapsed() / (timer.time_elapsed() + left)
        share = max(share, trainer.strategy.broadcast(used))
    return min(share, 1.0)


def logs_after(trainer: lightning.Trainer, step: int) -> bool:
    """Whether metrics are logged after so many optimizer steps."""
    every: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    return step % every == 0


def logs_now(trainer: lightning.Trainer) -> bool:
    """Whether metrics are logged at the optimizer step that ended last.

    Everything that waits for the device waits for this, so that the other steps never do.
    """
    return logs_after(trainer, trainer.global_step)
