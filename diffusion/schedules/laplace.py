"""Log-SNR with a Laplace density (Hang et al. 2024, "Improved Noise Schedule", table 1)."""

import torch
from torch import Tensor

from diffusion.errors import UserError
from diffusion.schedules.base import NoiseSchedule


class Laplace(NoiseSchedule):
    """log-SNR(t) = mean - scale * sign(1/2 - t) * log(1 - 2 |t - 1/2|).

    Half of all training times lie within `scale` ln 2 of `mean`. The paper's best scale, 0.5,
    leaves a noise of 0.2 at t = 1/1000, which speckles a sprite; 1 leaves 0.05.
    """

    def __init__(self, steps: int = 1000, mean: float = 0.0, scale: float = 1.0) -> None:
        super().__init__(steps)
        if scale <= 0:
            raise UserError(f"laplace schedule: scale ({scale}) must be above 0.")
        self.mean, self.scale = mean, scale

    def alpha_bar(self, t: Tensor) -> Tensor:
        centred = 0.5 - t
        return torch.sigmoid(
            self.mean - self.scale * centred.sign() * torch.log1p(-2 * centred.abs())
        )
