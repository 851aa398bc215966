"""How the learning rate changes over a run: a factor from the step and the share of the budget."""

import math

from diffusion.errors import UserError


def _check(final: float, warmup: int = 0) -> None:
    if not 0 <= final <= 1 or warmup < 0:
        raise UserError(
            f"learning_rate.final={final} must lie between 0 and 1, and warmup={warmup} be 0 or "
            "more."
        )


class WarmupCosine:
    """Grows linearly over `warmup` steps, then falls along half a cosine to `final`.

    Loshchilov & Hutter 2017, "SGDR", equation 5. The budget may be steps, time or both.
    """

    def __init__(self, warmup: int = 100, final: float = 0.0) -> None:
        _check(final, warmup)
        self.warmup, self.final = warmup, final

    def __call__(self, step: int, progress: float) -> float:
        """Factor on the learning rate after `step` steps, at `progress` 0..1 of the budget."""
        fall = (1 + math.cos(math.pi * min(progress, 1.0))) / 2
        return min(1.0, (step + 1) / max(1, self.warmup)) * (self.final + (1 - self.final) * fall)


class LinearDecay:
    """Falls in a straight line from 1 to `final`."""

    def __init__(self, final: float = 0.0) -> None:
        _check(final)
        self.final = final

    def __call__(self, step: int, progress: float) -> float:
        """Factor on the learning rate at `progress` 0..1 of the budget."""
        return 1 - (1 - self.final) * min(progress, 1.0)


class Constant:
    """Always 1."""

    def __call__(self, step: int, progress: float) -> float:
        """Factor on the learning rate."""
        return 1.0
