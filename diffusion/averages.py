"""The average of a training's weights, with which sprites are made.

After n steps it keeps min(decay, (1 + n) / (10 + n)) of itself and takes the rest from the
weights. Until that reaches the decay, 0.98 at step 440, it is the power-function average of
Karras et al. 2024, "Analyzing and Improving the Training Dynamics of Diffusion Models", with
gamma = 8: its window grows with the age of the run, to a relative width of 0.09.

A longer window would be worse than none while the learning rate is high: weights then move so far
within it that their mean is no network (`benchmarks/averages.py`).
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from diffusion.errors import UserError


class MovingAverage:
    """How the average of the weights moves at a step.

    Args:
        decay: the largest share that is kept; 0.98 remembers about the last fifty steps.

    Raises:
        UserError: a decay outside 0 to 1.
    """

    def __init__(self, decay: float = 0.98) -> None:
        if not isinstance(decay, int | float) or not 0 <= decay <= 1:
            raise UserError(f"callbacks.ema.decay={decay} must lie between 0 and 1.")
        self.decay = decay

    @torch.no_grad()
    def move(self, averages: Iterable[Tensor], weights: Iterable[Tensor], step: int) -> None:
        """Moves the averages towards the weights that `step` optimizer steps have led to.

        No value comes to the host.
        """
        averages = [average.detach() for average in averages]
        weights = [weight.detach() for weight in weights]
        torch._foreach_lerp_(averages, weights, 1 - min(self.decay, (1 + step) / (10 + step)))
