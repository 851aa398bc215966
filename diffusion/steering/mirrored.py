"""Sprites whose left and right are one."""

import torch
from torch import Tensor

from diffusion.steering.steered import Steered


class Mirrored(Steered):
    """A denoiser that says the same of both halves: the mean of what it says of them.

    It looks at the noised sprite and at its mirror image, so that neither side is the model.
    """

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        twice = None if label is None else torch.cat([label, label])
        seen = torch.cat([x_t, x_t.flip(-1)])
        one, other = super().output(seen, t.repeat(2), twice).chunk(2)
        return (one + other.flip(-1)) / 2

    def estimate(self, output: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        mean = (x_t + x_t.flip(-1)) / 2
        estimate = super().estimate((output + output.flip(-1)) / 2, mean, t)
        return (estimate + estimate.flip(-1)) / 2
