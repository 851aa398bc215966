"""DDIM (Song et al. 2021, "Denoising Diffusion Implicit Models", equations 12 and 16)."""

from collections.abc import Callable

from torch import Tensor

from diffusion.errors import UserError
from diffusion.samplers.base import Level, Sampler
from diffusion.samplers.ddpm import posterior


class DDIM(Sampler):
    """x_s = alpha_s x0 + sqrt(sigma_s^2 - d^2) eps + d z, with d^2 = eta^2 times the posterior
    variance of DDPM: eta=0 is deterministic, eta=1 is `DDPM`.

    Args:
        steps: number of network evaluations, 1..schedule.steps.
        eta: share of fresh noise, 0..1.
        clip: clamp clean estimates to [-1, 1].
        grid: how the steps are spread, see `Sampler`.
        temperature: of a network that chooses among colours, see `Sampler`.
    """

    def __init__(
        self,
        steps: int = 50,
        eta: float = 0.0,
        clip: bool = True,
        grid: str = "time",
        temperature: float = 1.0,
    ) -> None:
        super().__init__(steps, clip, grid, temperature)
        if not 0 <= eta <= 1:
            raise UserError(f"sampler.eta={eta} must lie between 0 (no fresh noise) and 1 (DDPM).")
        self.eta = eta

    def step(
        self, x_t: Tensor, x0_hat: Tensor, now: Level, nxt: Level, noise: Callable[[], Tensor]
    ) -> Tensor:
        eps_hat = (x_t - now.alpha * x0_hat) / now.sigma
        _, beta, share = posterior(x_t, x0_hat, now[1:], nxt[1:])
        fresh = self.eta * (beta * share) ** 0.5
        kept = max(nxt.sigma**2 - fresh**2, 0.0) ** 0.5
        x_s = nxt.alpha * x0_hat + kept * eps_hat
        return x_s + fresh * noise() if fresh > 0 else x_s
