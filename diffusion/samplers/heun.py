"""Heun's method (Karras et al. 2022, "Elucidating the Design Space", algorithm 1)."""

from collections.abc import Callable, Sequence

from torch import Tensor

from diffusion.samplers.base import Estimate, Level, Sampler


class Heun(Sampler):
    """A step along the mean of the noise estimates at its two ends: two evaluations, order two,
    no fresh noise.

    In y = x / alpha and s = sigma / alpha the way from noise to sprites is dy / ds = eps_hat. The
    last step, where s = 0, has one end only, and is Euler's.

    Args:
        steps: number of steps; there are 2 steps - 1 network evaluations.
        clip: clamp clean estimates to [-1, 1].
        grid: how the steps are spread, see `Sampler`.
        temperature: of a network that chooses among colours, see `Sampler`.
    """

    order = 2

    def __init__(
        self,
        steps: int = 18,
        clip: bool = True,
        grid: str = "karras",
        temperature: float = 1.0,
    ) -> None:
        super().__init__(steps, clip, grid, temperature)

    @property
    def evaluations(self) -> int:
        return 2 * self.steps - 1

    def step(
        self, x_t: Tensor, x0_hat: Tensor, now: Level, nxt: Level, noise: Callable[[], Tensor]
    ) -> Tensor:
        return nxt.alpha * x0_hat + nxt.sigma * _eps(x_t, x0_hat, now)  # Euler's

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
        x_s = self.step(x_t, x0_hat, now, nxt, noise)
        if nxt.sigma == 0 or now.alpha == 0:
            return x_s, x0_hat
        eps = (_eps(x_t, x0_hat, now) + _eps(x_s, denoise(x_s, nxt), nxt)) / 2
        ds = nxt.sigma / nxt.alpha - now.sigma / now.alpha
        return nxt.alpha * (x_t / now.alpha + ds * eps), x0_hat


def _eps(x: Tensor, x0_hat: Tensor, level: Level) -> Tensor:
    return (x - level.alpha * x0_hat) / level.sigma
