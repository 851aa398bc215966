"""What training makes small, where a recipe says it: its optional fifth part.

A recipe without one trains the loss that its prediction always had: the cross-entropy of the
colours for a palette, the error of the network's target for all others. Either way `val/loss` is
the error of the target, so that runs with different losses can be compared.
"""

from typing import Protocol

import torch
from torch import Tensor

from diffusion.errors import UserError
from diffusion.palette import Palette
from diffusion.predictions import Prediction
from diffusion.schedules.base import NoiseSchedule
from diffusion.weightings import Uniform, Weighting


class Loss(Protocol):
    """An error, and the scale that joins a weighting to it, as `Prediction` has them."""

    def check(self, prediction: Prediction, schedule: NoiseSchedule, weighting: Weighting) -> None:
        """Refuses parts of a recipe that do not go with this loss.

        Raises:
            UserError: naming the part, and what goes instead.
        """

    def error(
        self,
        prediction: Prediction,
        output: Tensor,
        x0: Tensor,
        eps: Tensor,
        x_t: Tensor,
        alpha: Tensor,
        sigma: Tensor,
    ) -> Tensor:
        """Of the network's output, mean over pixels and channels `(B,)`."""

    def clean_scale(self, snr: Tensor) -> Tensor:
        """error = |clean error|^2 / clean_scale."""


class Noise:
    """Squared error of the noise (Ho et al. 2020, equation 14), whatever the network puts out.

        eps_hat = (x_t - alpha x0_hat) / sigma,    |eps_hat - eps|^2 = SNR |x0_hat - x0|^2

    With `weighting=uniform` it hardly sees the clean estimate where noise is nearly all there is;
    `weighting=truncated` keeps it in sight.
    """

    def check(self, prediction: Prediction, schedule: NoiseSchedule, weighting: Weighting) -> None:
        if schedule.reaches_zero_snr:
            raise UserError(
                "schedule=zero_terminal ends in pure noise, where loss=noise sees no sprite; use "
                "schedule=cosine, or ~loss."
            )

    def error(
        self,
        prediction: Prediction,
        output: Tensor,
        x0: Tensor,
        eps: Tensor,
        x_t: Tensor,
        alpha: Tensor,
        sigma: Tensor,
    ) -> Tensor:
        clean = prediction.to_clean(output, x_t, alpha, sigma)
        snr = (alpha / sigma).square().flatten()
        return snr * (clean - x0).square().mean(dim=(1, 2, 3))

    def clean_scale(self, snr: Tensor) -> Tensor:
        return 1 / snr


class Colours:
    """Cross-entropy of the true colours of a palette; every noise level counts alike."""

    def check(self, prediction: Prediction, schedule: NoiseSchedule, weighting: Weighting) -> None:
        if not isinstance(prediction, Palette):
            raise UserError(
                "loss=colours is the cross-entropy of a palette; add prediction=palette, or use "
                "loss=noise."
            )
        if not isinstance(weighting, Uniform):
            raise UserError(
                "loss=colours, which prediction=palette means where no loss is named, is no "
                "squared error, and other weightings than weighting=uniform are made for one; use "
                "weighting=uniform, or loss=noise."
            )

    def error(
        self,
        prediction: Prediction,
        output: Tensor,
        x0: Tensor,
        eps: Tensor,
        x_t: Tensor,
        alpha: Tensor,
        sigma: Tensor,
    ) -> Tensor:
        return prediction.training_error(output, x0, eps, x_t, alpha, sigma)

    def clean_scale(self, snr: Tensor) -> Tensor:
        return torch.ones_like(snr)
