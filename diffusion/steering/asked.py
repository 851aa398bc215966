"""Attributes that are asked for, each with a guidance of its own.

    x0_hat = sum_j s_j (x0_hat(A_1 ... A_j) - x0_hat(A_1 ... A_(j-1))) + x0_hat(nothing told)

A_1, A_2, ... are the attributes that are asked for, those with equal guidance s_j together. With
one guidance for all it is that of Ho & Salimans 2022, "Classifier-Free Diffusion Guidance",
equation 6, with all of them as the condition; and where all are 1 it is the network told all of
them. As there, what is mixed is what the network puts out (see `guidance`).
"""

import math
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.steering.steered import Steered


class Asked(Steered):
    """A denoiser that is told these attributes of every sprite, and nothing of the others.

    One call asks it for as many times the sprites as there are different guidances, and once more
    where they are not all 1.

    Args:
        denoiser: of a network that learned attributes.
        wanted: attribute number -> number of its value, and its guidance, 0 or more.

    Raises:
        UserError: a guidance is no number of 0 or more.
    """

    told: Tensor

    def __init__(self, denoiser: Denoiser, wanted: Mapping[int, tuple[int, float]]) -> None:
        super().__init__(denoiser)
        for _, scale in wanted.values():
            if type(scale) not in (int, float) or not 0 <= scale < math.inf:
                raise UserError(f"guidance={scale} must be a number, 0 or more.")
        scales = sorted({scale for _, scale in wanted.values()})
        rows = torch.full((len(scales) + 1, len(denoiser.attributes)), -1)
        for attribute, (value, scale) in wanted.items():
            rows[1 + scales.index(scale) :, attribute] = value
        # scales differ from row to row, so that of each row's output s_j - s_(j+1) is taken
        self.shares = [one - other for one, other in pairwise([1.0, *scales, 0.0])]
        used = [k for k, share in enumerate(self.shares) if share]
        self.shares = [self.shares[k] for k in used]
        self.register_buffer("told", rows[used], persistent=False)

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """The sum above; a label is no attribute, and is not heard."""
        many = len(self.told)
        rows = self.told.repeat_interleave(len(x_t), dim=0)
        outputs = super().output(x_t.repeat(many, 1, 1, 1), t.repeat(many), rows).chunk(many)
        mixed = self.shares[0] * outputs[0]
        for share, output in zip(self.shares[1:], outputs[1:], strict=True):
            mixed = mixed + share * output
        return mixed
