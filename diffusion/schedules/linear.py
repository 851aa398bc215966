"""Betas that grow linearly (Ho et al. 2020, "Denoising Diffusion Probabilistic Models")."""

import torch
from torch import Tensor

from diffusion.schedules.betas import Betas


class Linear(Betas):
    """beta is linear: the exact table of DDPM at t = k/steps."""

    def betas(self, like: Tensor) -> Tensor:
        return torch.linspace(
            self.beta_start, self.beta_end, self.steps, dtype=like.dtype, device=like.device
        )
