"""Two changes that fit any schedule: a shift of the log-SNR, and nothing left at the end."""

import math

import torch
from torch import Tensor

from diffusion.schedules.base import NoiseSchedule


class Shifted(NoiseSchedule):
    """log-SNR(t) = base.log-SNR(t) + shift (Hoogeboom et al. 2023, "Simple diffusion", eq. 4).

    Larger sprites stay readable under more noise: `2 ln(16 / size)` shows a sprite of `size`
    pixels about as well as the base schedule shows one of 16.
    """

    def __init__(self, base: NoiseSchedule, shift: float) -> None:
        super().__init__(base.steps)
        self.base, self.shift = base, shift

    def alpha_bar(self, t: Tensor) -> Tensor:
        return torch.sigmoid(torch.logit(self.base.alpha_bar(t)) + self.shift)


class ZeroTerminal(NoiseSchedule):
    """alpha(t) = (base.alpha(t) - base.alpha(1)) / (1 - base.alpha(1)): pure noise at t = 1.

    Lin et al. 2023, "Common Diffusion Noise Schedules Are Flawed", algorithm 1. At t = 1 no
    epsilon can be turned into a sprite, so it needs the velocity or the clean prediction.
    """

    min_log_snr = -math.inf

    def __init__(self, base: NoiseSchedule) -> None:
        super().__init__(base.steps)
        self.base = base

    def alpha_bar(self, t: Tensor) -> Tensor:
        alpha, last = (self.base.alpha_bar(time).sqrt() for time in (t, torch.ones_like(t)))
        return ((alpha - last) / (1 - last)) ** 2
