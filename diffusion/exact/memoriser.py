"""The exact denoiser: what a network that has learned its training sprites by heart would be.

It needs no training, and no network that is told as much has a lower loss on these sprites; every
sampler runs on it and, given enough steps, returns one of them. What a network does differently is
what it learned beyond copying.
"""

from math import prod

import numpy as np
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.exact.posterior import Posterior
from diffusion.pixels import PixelCodec
from diffusion.predictions import Clean, Prediction
from diffusion.schedules.base import NoiseSchedule
from diffusion.sprite_data import SpriteData
from diffusion.weightings import Uniform, Weighting

SUSPECTS = 20_000  # training sprites that are asked about
BYTES = 2**29  # that they may take in float32; as many of 40 pixels a side do, in RGBA


class PosteriorDenoiser(Denoiser):
    """A `Denoiser` whose model is a `Posterior`.

    Args:
        posterior: over the training sprites, with what the network is told of them.
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

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        alpha, sigma = self.schedule(t)
        return self.model.clean_estimate(x_t, alpha, sigma, label)

    def estimate(self, output: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        return output

    def loss(self, x0: Tensor, t: Tensor, eps: Tensor, label: Tensor | None = None) -> Tensor:
        """The least loss `(B,)`, on average, a network can have on these sprites and levels."""
        alpha, sigma = self.schedule(t)
        snr = (alpha / sigma) ** 2
        scale = self.prediction.clean_scale(snr)
        x_t = alpha.view(-1, 1, 1, 1) * x0 + sigma.view(-1, 1, 1, 1) * eps
        error = (self(x_t, t, label) - x0).square().mean(dim=(1, 2, 3))
        return self.weighting(snr, scale) * error / scale


def suspects(data: SpriteData) -> np.ndarray:
    """The rows of the training sprites that are asked about: the first ones, int64 `(n,)`."""
    rows: np.ndarray = data.split["train"][: min(SUSPECTS, BYTES // (4 * prod(data.shape)))]
    return rows


def memoriser(data: SpriteData, denoiser: Denoiser, flip: bool) -> PosteriorDenoiser:
    """What a network would be that had learned the `suspects` of its training by heart.

    Of more sprites than these, nothing is said about the others.

    Args:
        data: the SpriteDataModule that the network was trained on.
        denoiser: the network; this one is told labels or attributes if that one is, and is on its
            device.
        flip: whether training mirrored sprites, which then are known as well.
    """
    rows = suspects(data)
    labels = data.labels(rows) if denoiser.classes else None
    if denoiser.attributes:
        labels = data.attribute_values(rows)
    posterior = Posterior.mirrored if flip else Posterior
    return PosteriorDenoiser(
        posterior(PixelCodec().encode(data.images(rows)), labels),
        denoiser.schedule,
        denoiser.prediction,
        denoiser.weighting,
    ).to(next(denoiser.parameters()).device)
