"""Ancestral sampling (Ho et al. 2020, "Denoising Diffusion Probabilistic Models", equation 7)."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from diffusion.errors import UserError
from diffusion.samplers.base import Level, Sampler

Pair = tuple[Any, Any]


class DDPM(Sampler):
    """Draws x_s from q(x_s | x_t, x0_hat), for any two levels s < t of the grid.

    Args:
        steps: number of network evaluations, 1..schedule.steps; DDPM took all of them.
        variance: `posterior` (right for one known sprite) or `beta` (right for Gaussian data); the
            two ends between which the true variance lies (section 3.2).
        clip: clamp clean estimates to [-1, 1].
        grid: how the steps are spread, see `Sampler`.
        temperature: of a network that chooses among colours, see `Sampler`.
    """

    def __init__(
        self,
        steps: int = 100,
        variance: str = "posterior",
        clip: bool = True,
        grid: str = "time",
        temperature: float = 1.0,
    ) -> None:
        super().__init__(steps, clip, grid, temperature)
        if variance not in ("posterior", "beta"):
            raise UserError(f"sampler.variance={variance} must be posterior or beta.")
        self.variance = variance

    def step(
        self, x_t: Tensor, x0_hat: Tensor, now: Level, nxt: Level, noise: Callable[[], Tensor]
    ) -> Tensor:
        mean, beta, share = posterior(x_t, x0_hat, now[1:], nxt[1:])
        variance = beta * (share if self.variance == "posterior" else 1)
        return mean + variance**0.5 * noise() if nxt.t > 0 else mean


def posterior(x_t: Tensor, x0: Tensor, now: Pair, nxt: Pair) -> tuple[Tensor, Any, Any]:
    """Mean, beta and share of q(x_s | x_t, x0), whose variance is beta * share.

    Beta is the variance that a step from s to t adds, and share = sigma_s^2 / sigma_t^2.

    Args:
        x_t, x0: `(B, C, H, W)`.
        now, nxt: (alpha, sigma) at t and at s <= t, as numbers or `(B, 1, 1, 1)`.
    """
    (alpha_t, sigma_t), (alpha_s, sigma_s) = now, nxt
    ratio, share = alpha_t / alpha_s, sigma_s**2 / sigma_t**2
    beta = 1 - ratio**2
    return ratio * share * x_t + alpha_s * beta / sigma_t**2 * x0, beta, share
