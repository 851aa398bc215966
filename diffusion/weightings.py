"""How much each noise level counts in the loss; a weight on the error of the network's target."""

from typing import Protocol

import torch
from torch import Tensor

from diffusion.errors import UserError


class Weighting(Protocol):
    """Both arguments and the result are `(B,)`: the SNR and `Prediction.clean_scale` of it."""

    def __call__(self, snr: Tensor, clean_scale: Tensor) -> Tensor: ...


class Uniform:
    """1 on the target: the simple loss of DDPM (Ho et al. 2020, equation 14)."""

    def __call__(self, snr: Tensor, clean_scale: Tensor) -> Tensor:
        return torch.ones_like(snr)


class MinSNR:
    """min(SNR, gamma) on the clean error (Hang et al. 2023, "Min-SNR Weighting", equation 8)."""

    def __init__(self, gamma: float = 5.0) -> None:
        if gamma <= 0:
            raise UserError(f"weighting.gamma={gamma} must be above 0; the paper uses 5.")
        self.gamma = gamma

    def __call__(self, snr: Tensor, clean_scale: Tensor) -> Tensor:
        return snr.clamp(max=self.gamma) * clean_scale


class Truncated:
    """max(SNR, floor) on the clean error (Salimans & Ho 2022, section 4).

    Under the noise loss this is `Uniform` where SNR > floor; in more noise, pure noise among it,
    the clean estimate counts alike at all levels.
    """

    def __init__(self, floor: float = 1.0) -> None:
        if floor <= 0:
            raise UserError(f"weighting.floor={floor} must be above 0; the paper uses 1.")
        self.floor = floor

    def __call__(self, snr: Tensor, clean_scale: Tensor) -> Tensor:
        return snr.clamp(min=self.floor) * clean_scale
