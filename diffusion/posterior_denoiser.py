"""The exact denoiser: what a network that has learned its training sprites by heart would be.

It needs no training, and no network has a lower loss on these sprites; every sampler runs on it
and, given enough steps, returns one of them. What a network does differently is what it learned
beyond copying.
"""

from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.posterior import Posterior
from diffusion.predictions import Clean, Prediction
from diffusion.schedules.base import NoiseSchedule
from diffusion.weightings import Uniform, Weighting


class PosteriorDenoiser(Denoiser):
    """A `Denoiser` whose model is a `Posterior`; labels are ignored.

    Args:
        posterior: over the training sprites.
        schedule: noise schedule.
        prediction: in whose units the loss is measured; the clean estimate does not depend on it.
        weighting: weight of each noise level in the loss.
    """

    model: Posterior

    def __init__(
        self,
        posterior: Posterior,
        schedule: NoiseSchedule,
        prediction: Prediction | None = None,
        weighting: Weighting | None = None,
    ) -> None:
        super().__init__(posterior, schedule, prediction or Clean(), weighting or Uniform())

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        return self.model.clean_estimate(x_t, *self.schedule(t))

    def loss(self, x0: Tensor, t: Tensor, eps: Tensor, label: Tensor | None = None) -> Tensor:
        """The least loss `(B,)` a network can have on these sprites at these noise levels."""
        alpha, sigma = self.schedule(t)
        snr = (alpha / sigma) ** 2
        scale = self.prediction.clean_scale(snr)
        x_t = alpha.view(-1, 1, 1, 1) * x0 + sigma.view(-1, 1, 1, 1) * eps
        error = (self(x_t, t) - x0).square().mean(dim=(1, 2, 3))
        return self.weighting(snr, scale) * error / scale
