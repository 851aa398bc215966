"""The average of a training's weights, with which sprites are made.

After n steps it keeps min(decay, (1 + n) / (10 + n)) of itself and takes the rest from the
weights. Until that reaches the decay, 0.999 at step 8,990, it is the power-function average of
Karras et al. 2024, "Analyzing and Improving the Training Dynamics of Diffusion Models", with
gamma = 8: its window grows with the age of the run, to a relative width of 0.09.

Weights that move far within the window may have a mean that is no network. With a reach each
tensor a of the average also stays near the weights w that it follows:

    |a - w| <= reach |w|

Where the rate falls, the bound no longer binds, and the window is the whole one.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from diffusion.errors import UserError


class MovingAverage:
    """How the average of the weights moves at a step.

    Args:
        decay: the largest share that is kept; 0.999 remembers about the last thousand steps.
        reach: largest distance of a tensor from its average, as a share of its norm; None for no
            bound.

    Raises:
        UserError: a decay outside 0 to 1, or a reach that is not above 0.
    """

    def __init__(self, decay: float = 0.999, reach: float | None = None) -> None:
        if not isinstance(decay, int | float) or not 0 <= decay <= 1:
            raise UserError(f"callbacks.ema.decay={decay} must lie between 0 and 1.")
        if reach is not None and not (isinstance(reach, int | float) and reach > 0):
            raise UserError(f"callbacks.ema.reach={reach} must be above 0, or null for no bound.")
        self.decay, self.reach = decay, reach

    @torch.no_grad()
    def move(self, averages: Iterable[Tensor], weights: Iterable[Tensor], step: int) -> None:
        """Moves the averages towards the weights that `step` optimizer steps have led to.

        No value comes to the host.
        """
        averages = [average.detach() for average in averages]
        weights = [weight.detach() for weight in weights]
        torch._foreach_lerp_(averages, weights, 1 - min(self.decay, (1 + step) / (10 + step)))
        if self.reach is None:
            return
        behind = torch._foreach_sub(averages, weights)
        far, size = torch._foreach_norm(behind), torch._foreach_norm(weights)
        torch._foreach_mul_(size, self.reach)
        torch._foreach_clamp_min_(far, 1e-12)
        torch._foreach_div_(size, far)
        torch._foreach_clamp_max_(size, 1.0)  # the share of the way behind that is left
        torch._foreach_mul_(behind, size)
        torch._foreach_add_(behind, weights)
        torch._foreach_copy_(averages, behind)
