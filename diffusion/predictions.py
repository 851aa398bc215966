"""What the network predicts, and how a prediction becomes a clean sprite.

All three say the same about x_t = alpha x0 + sigma eps; they differ in what the loss measures.
Tensors are `(B, C, H, W)`; alpha and sigma broadcast against them.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from diffusion.errors import UserError


class Prediction(ABC):
    """A training target and its inverse, `to_clean(target(...)) == x0`; trained by regression."""

    @abstractmethod
    def target(self, x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """What the network should output for x_t = alpha x0 + sigma eps."""

    @abstractmethod
    def to_clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The clean estimate that this output means."""

    @abstractmethod
    def clean_scale(self, snr: Tensor) -> Tensor:
        """|target error|^2 = |clean error|^2 / clean_scale: turns a weight on the clean error
        into one on the target."""

    def error(
        self, output: Tensor, x0: Tensor, eps: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor
    ) -> Tensor:
        """Mean squared error of the target `(B,)`."""
        return (output - self.target(x0, eps, alpha, sigma)).square().mean(dim=(1, 2, 3))

    def tempered(self, output: Tensor, alpha: Tensor, sigma: Tensor, temperature: float) -> Tensor:
        """An output that is surer of itself below temperature 1; only a choice can be.

        Raises:
            UserError: the output is no choice, and the temperature not 1.
        """
        if temperature != 1:
            raise UserError(
                f"sampler.temperature={temperature} needs a network that chooses among colours; "
                "train with prediction=palette, or use sampler=dpm_solver."
            )
        return output

    def sayable(self, x0: Tensor) -> Tensor:
        """The nearest sprites `(B, C, H, W)` that there are estimates of: here all are."""
        return x0

    def training_error(
        self, output: Tensor, x0: Tensor, eps: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor
    ) -> Tensor:
        """What training makes small `(B,)`."""
        return self.error(output, x0, eps, x_t, alpha, sigma)


class Epsilon(Prediction):
    """The noise itself (Ho et al. 2020, equation 14)."""

    def target(self, x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return eps

    def to_clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return (x_t - sigma * output) / alpha

    def clean_scale(self, snr: Tensor) -> Tensor:
        return 1 / snr


class Clean(Prediction):
    """The clean sprite."""

    def target(self, x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return x0

    def to_clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return output

    def clean_scale(self, snr: Tensor) -> Tensor:
        return torch.ones_like(snr)


class Velocity(Prediction):
    """v = alpha eps - sigma x0 (Salimans & Ho 2022, "Progressive Distillation", appendix D)."""

    def target(self, x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return alpha * eps - sigma * x0

    def to_clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return alpha * x_t - sigma * output

    def clean_scale(self, snr: Tensor) -> Tensor:
        return 1 / (snr + 1)
