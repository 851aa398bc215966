"""Schedules that are given as a table of betas, the noise that each of the levels adds."""

from abc import abstractmethod

import torch
from torch import Tensor

from diffusion.errors import UserError
from diffusion.schedules.base import NoiseSchedule


class Betas(NoiseSchedule):
    """alpha_bar(k/steps) = prod_{i<=k} (1 - beta_i); between the levels log alpha_bar is linear.

    A new one writes `betas`.

    Args:
        steps: number of levels.
        beta_start, beta_end: the first beta and the last.
    """

    min_log_snr = -10.2  # DDPM's own table ends at -10.12

    def __init__(
        self, steps: int = 1000, beta_start: float = 1e-4, beta_end: float = 0.02
    ) -> None:
        super().__init__(steps)
        if not 0 < beta_start <= beta_end < 1:
            raise UserError(
                f"schedule: 0 < beta_start ({beta_start}) <= beta_end ({beta_end}) < 1 must hold; "
                "DDPM uses 0.0001 and 0.02."
            )
        self.beta_start, self.beta_end = beta_start, beta_end

    @abstractmethod
    def betas(self, like: Tensor) -> Tensor:
        """The table `(steps,)` from `beta_start` to `beta_end`, with the type of `like`."""

    def alpha_bar(self, t: Tensor) -> Tensor:
        betas = self.betas(t)
        log_table = torch.nn.functional.pad(torch.log1p(-betas).cumsum(0), (1, 0))
        level = t * self.steps
        below = level.floor().clamp(0, self.steps - 1).long()
        log_alpha_bar = torch.lerp(log_table[below], log_table[below + 1], level - below)
        return log_alpha_bar.exp()
