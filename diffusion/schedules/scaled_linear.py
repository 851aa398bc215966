"""Betas whose square roots grow linearly (Rombach et al. 2022, "Latent Diffusion Models")."""

import torch
from torch import Tensor

from diffusion.schedules.betas import Betas


class ScaledLinear(Betas):
    """sqrt(beta) is linear."""

    def betas(self, like: Tensor) -> Tensor:
        ends = self.beta_start**0.5, self.beta_end**0.5
        return torch.linspace(*ends, self.steps, dtype=like.dtype, device=like.device) ** 2
