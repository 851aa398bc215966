"""The cosine schedule (Nichol & Dhariwal 2021, "Improved DDPM", equation 17)."""

import math

import torch
from torch import Tensor

from diffusion.errors import UserError
from diffusion.schedules.base import NoiseSchedule


class Cosine(NoiseSchedule):
    """alpha_bar(t) = f(t) / f(0), f(t) = cos^2(pi/2 (t + offset) / (1 + offset))."""

    def __init__(self, steps: int = 1000, offset: float = 0.008) -> None:
        super().__init__(steps)
        if offset < 0:
            raise UserError(f"schedule.offset={offset} must be 0 or more.")
        self.offset = offset

    def alpha_bar(self, t: Tensor) -> Tensor:
        def f(time: Tensor) -> Tensor:
            return torch.cos(math.pi / 2 * (time + self.offset) / (1 + self.offset)) ** 2

        return f(t) / f(torch.zeros_like(t))
