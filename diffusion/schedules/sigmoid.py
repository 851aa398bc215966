"""The sigmoid schedule (Jabri et al. 2022, "Scalable Adaptive Computation", algorithm 3)."""

import torch
from torch import Tensor

from diffusion.errors import UserError
from diffusion.schedules.base import NoiseSchedule


class Sigmoid(NoiseSchedule):
    """alpha_bar(t) = (s(1) - s(t)) / (s(1) - s(0)); s(t) = sigmoid((start + t range)/tau)."""

    def __init__(
        self, steps: int = 1000, start: float = -3.0, end: float = 3.0, tau: float = 1.0
    ) -> None:
        super().__init__(steps)
        if start >= end or tau <= 0:
            raise UserError(
                f"sigmoid schedule: start ({start}) < end ({end}) and tau ({tau}) > 0 must hold."
            )
        self.start, self.end, self.tau = start, end, tau

    def alpha_bar(self, t: Tensor) -> Tensor:
        def s(time: Tensor) -> Tensor:
            return torch.sigmoid((self.start + time * (self.end - self.start)) / self.tau)

        first, last = s(torch.zeros_like(t)), s(torch.ones_like(t))
        return (last - s(t)) / (last - first)
