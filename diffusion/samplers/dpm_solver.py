"""DPM-Solver++ of order two (Lu et al. 2022, "DPM-Solver++", algorithm 2: multistep), and its SDE
form, SDE-DPM-Solver++(2M) there, which adds fresh noise: few steps make better sprites with it.
"""

import math
from collections.abc import Callable, Sequence

from torch import Tensor

from diffusion.samplers.base import Estimate, Level
from diffusion.samplers.ddim import DDIM


class DPMSolver(DDIM):
    """DDIM, with the clean estimate moved on to where it will be in the middle of the step.

        D = x0 + h / (2 h') (x0 - x0')

    x0' is the estimate of the step before, and h, h' are the lengths of the two steps in
    log(alpha / sigma). The variance that it ends with is of order two for every eta.

    Args:
        steps: number of network evaluations, 1..schedule.steps; 8 to 25 are enough.
        eta: share of fresh noise, 0..1.
        clip: clamp clean estimates to [-1, 1].
        grid: how the steps are spread, see `Sampler`.
        temperature: of a network that chooses among colours, see `Sampler`.
    """

    order = 2

    def __init__(
        self,
        steps: int = 10,
        eta: float = 1.0,
        clip: bool = True,
        grid: str = "log_snr",
        temperature: float = 1.0,
    ) -> None:
        super().__init__(steps, eta, clip, grid, temperature)

    def advance(
        self,
        x_t: Tensor,
        now: Level,
        nxt: Level,
        denoise: Callable[[Tensor, Level], Tensor],
        noise: Callable[[], Tensor],
        earlier: Sequence[Estimate],
    ) -> tuple[Tensor, Tensor]:
        x0_hat = denoise(x_t, now)
        ahead = self.foresee(x0_hat, now, nxt, earlier)
        return self.step(x_t, ahead, now, nxt, noise), x0_hat

    def foresee(
        self, x0_hat: Tensor, now: Level, nxt: Level, earlier: Sequence[Estimate]
    ) -> Tensor:
        """D, from this estimate and the one before."""
        if not earlier or nxt.sigma == 0:  # the last step ends on the estimate itself
            return x0_hat
        before, x0_before = earlier[0]
        length, length_before = _length(now, nxt), _length(before, now)
        if length_before == 0:  # schedules are clamped where noise drowns everything
            return x0_hat
        return x0_hat + length / length_before / 2 * (x0_hat - x0_before)


def _length(now: Level, nxt: Level) -> float:
    """Length of a step in log(alpha / sigma); infinite from pure noise."""
    if now.alpha == 0:
        return math.inf
    return math.log(nxt.alpha / nxt.sigma) - math.log(now.alpha / now.sigma)
