"""Betas that grow linearly (Ho et al. 2020, "Denoising Diffusion Probabilistic Models")."""

import torch
from torch import Tensor

from diffusion.errors import UserError
from diffusion.schedules.base import NoiseSchedule


class Linear(NoiseSchedule):
    """alpha_bar(k/steps) = prod_{i<=k} (1 - beta_i), beta linear from `beta_start` to `beta_end`.

    This is the exact table of DDPM at t = k/steps; between the levels it is linear in
    log alpha_bar.
    """

    min_log_snr = -10.2  # DDPM's own table ends at -10.12

    def __init__(
        self, steps: int = 1000, beta_start: float = 1e-4, beta_end: float = 0.02
    ) -> None:
        super().__init__(steps)
        if not 0 < beta_start <= beta_end < 1:
            raise UserError(
                f"linear schedule: 0 < beta_start ({beta_start}) <= beta_end ({beta_end}) < 1 "
                "must hold; DDPM uses 0.0001 and 0.02."
            )
        self.beta_start, self.beta_end = beta_start, beta_end

    def alpha_bar(self, t: Tensor) -> Tensor:
        betas = torch.linspace(
            self.beta_start, self.beta_end, self.steps, dtype=t.dtype, device=t.device
        )
        log_table = torch.nn.functional.pad(torch.log1p(-betas).cumsum(0), (1, 0))
        level = t * self.steps
        below = level.floor().clamp(0, self.steps - 1).long()
        log_alpha_bar = torch.lerp(log_table[below], log_table[below + 1], level - below)
        return log_alpha_bar.exp()
