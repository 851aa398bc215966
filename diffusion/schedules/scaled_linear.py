"""Betas whose square roots grow linearly (Rombach et al. 2022, "Latent Diffusion Models")."""

import torch
from torch import Tensor

from diffusion.schedules.betas import Betas


class ScaledLinear(Betas):
    """sqrt(beta) is linear; with the ends that latent diffusion uses."""

    def __init__(
        self, steps: int = 1000, beta_start: float = 0.00085, beta_end: float = 0.012
    ) -> None:
        super().__init__(steps, beta_start, beta_end)

    def betas(self, like: Tensor) -> Tensor:
        ends = self.beta_start**0.5, self.beta_end**0.5
        return torch.linspace(*ends, self.steps, dtype=like.dtype, device=like.device) ** 2
