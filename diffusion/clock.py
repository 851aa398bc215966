"""Where a run stands: the share of its budget that is used, and whether this step is logged."""

import lightning
from lightning.pytorch.callbacks import Timer


def budget_used(trainer: lightning.Trainer) -> float:
    """Share 0..1 of `max_steps` or `max_time` used so far, equal on every rank.

    The time used by earlier parts of an interrupted run counts too: the timer's state lies in the
    checkpoint.
    """
    share = trainer.global_step / trainer.max_steps if trainer.max_steps > 0 else 0.0
    for timer in (each for each in trainer.callbacks if isinstance(each, Timer)):  # type: ignore[attr-defined]
        left = timer.time_remaining()
        if left is not None:
            used = timer.time_elapsed() / (timer.time_elapsed() + left)
            share = max(share, trainer.strategy.broadcast(used))
    return min(share, 1.0)


def logs_now(trainer: lightning.Trainer) -> bool:
    """Whether metrics are logged at the optimizer step that ended last.

    Everything that waits for the device waits for this, so that the other steps never do.
    """
    every: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    return trainer.global_step % every == 0
