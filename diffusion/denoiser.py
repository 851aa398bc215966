"""The denoiser: network + schedule + prediction. All that samplers and metrics ever see.

forward:  x_t, t -> clean estimate            loss:  w(t) mean |network(x_t, t) - target|^2

What is trained may be another loss than that: see `losses`.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from diffusion.errors import UserError
from diffusion.losses import Loss
from diffusion.predictions import Epsilon, Prediction
from diffusion.schedules.base import NoiseSchedule
from diffusion.weightings import Weighting


class Denoiser(nn.Module):
    """Turns a network into something that removes noise.

    Args:
        model: network `(x_t (B,C,H,W), t (B,), label (B,) or None) -> (B,C,H,W)`.
        schedule: noise schedule.
        prediction: what the network's output means.
        weighting: weight of each noise level in the loss.
        loss: what training makes small; None for the loss that the prediction has of itself.

    Raises:
        UserError: the schedule ends at zero SNR, where epsilon says nothing about the sprite; or
            the loss does not go with the other parts.
    """

    def __init__(
        self,
        model: nn.Module,
        schedule: NoiseSchedule,
        prediction: Prediction,
        weighting: Weighting,
        loss: Loss | None = None,
    ) -> None:
        super().__init__()
        if schedule.reaches_zero_snr and isinstance(prediction, Epsilon):
            raise UserError(
                "schedule=zero_terminal ends in pure noise, from which prediction=epsilon cannot "
                "recover a sprite; use prediction=velocity or prediction=clean."
            )
        if loss:
            loss.check(prediction, schedule, weighting)
        self.model, self.schedule, self.objective = model, schedule, loss
        self.prediction, self.weighting = prediction, weighting

    @property
    def classes(self) -> int:
        """Number of labels that the network knows; 0 also for one that says nothing of labels."""
        return getattr(self.model, "classes", 0)

    @property
    def attributes(self) -> tuple[int, ...]:
        """Numbers of values of the attributes that the network can be told, instead of a label."""
        return tuple(getattr(self.model, "attributes", ()))

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """Clean estimate `(B, C, H, W)` of noised sprites x_t at times t `(B,)`."""
        return self.estimate(self.output(x_t, t, label), x_t, t)

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """What the network puts out, in the precision of x_t."""
        answer: Tensor = self.model(x_t, t, label)
        return answer.to(x_t.dtype)

    def estimate(self, output: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """The clean estimate `(B, C, H, W)` that an output of the network means."""
        alpha, sigma = self.schedule.of_sprites(t)
        return self.prediction.to_clean(output, x_t, alpha, sigma)

    def loss(self, x0: Tensor, t: Tensor, eps: Tensor, label: Tensor | None = None) -> Tensor:
        """Weighted squared error per sprite `(B,)`, averaged over its pixels and channels."""
        scale = self.prediction.clean_scale
        return self._weighted(self.prediction.error, scale, x0, t, eps, label)

    def training_loss(
        self, x0: Tensor, t: Tensor, eps: Tensor, label: Tensor | None = None
    ) -> Tensor:
        """What training makes small, per sprite `(B,)`; the loss, unless the recipe says."""
        of, scale = self.prediction, self.prediction.clean_scale
        if self.objective:
            scale = self.objective.clean_scale
            return self._weighted(partial(self.objective.error, of), scale, x0, t, eps, label)
        return self._weighted(of.training_error, scale, x0, t, eps, label)

    def _weighted(
        self,
        error: Callable[..., Tensor],
        clean_scale: Callable[[Tensor], Tensor],
        x0: Tensor,
        t: Tensor,
        eps: Tensor,
        label: Tensor | None,
    ) -> Tensor:
        alpha, sigma = self.schedule(t)
        snr = (alpha / sigma) ** 2
        weight = self.weighting(snr, clean_scale(snr))
        alpha, sigma = alpha.view(-1, 1, 1, 1), sigma.view(-1, 1, 1, 1)
        x_t = alpha * x0 + sigma * eps
        output = self.model(x_t, t, label).to(x0.dtype)
        return weight * error(output, x0, eps, x_t, alpha, sigma)

    def training_times(self, n: int, generator: torch.Generator) -> Tensor:
        """n times in [1/steps, 1], one in each n-th of the range (Kingma et al. 2021, app. I.1).

        Each is uniform on its own; together they cover the levels evenly, which makes the loss and
        its gradient less noisy than independent draws do. Their order is random, for the sprites
        of a validation batch have one.
        """
        device = generator.device
        part = torch.randperm(n, generator=generator, device=device)
        jitter = torch.rand(n, generator=generator, device=device)
        first = 1 / self.schedule.steps
        return first + (1 - first) * (part + jitter) / n
