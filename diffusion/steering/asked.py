"""Attributes that are asked for, each with a guidance of its own.

    x0_hat = x0_hat(nothing told) + sum_j s_j (x0_hat(A_1 ... A_j) - x0_hat(A_1 ... A_(j-1)))

A_1, A_2, ... are the attributes that are told, those with equal guidance s_j together, the least
guidance first. With one guidance for all it is that of Ho & Salimans 2022, "Classifier-Free
Diffusion Guidance", equation 6, with all of them as the condition; and where all are 1 it is the
network told all of them. As there, what is mixed is what the network puts out (see `guidance`).
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
    """A denoiser that is told these attributes, and of the others what it is told anyway.

    One call asks it for as many times the sprites as there are different guidances, what is told
    anyway having 1, and once more where they are not all 1.

    Args:
        denoiser: of a network that learned attributes.
        wanted: attribute number -> number of its value, and its guidance, 0 or more.

    Raises:
        UserError: a guidance is no number of 0 or more.
    """

    values: Tensor
    scales: Tensor

    def __init__(self, denoiser: Denoiser, wanted: Mapping[int, tuple[int, float]]) -> None:
        super().__init__(denoiser)
        values = torch.full((len(denoiser.attributes),), -1)
        scales = torch.ones(len(values), dtype=torch.float64)
        for attribute, (value, scale) in wanted.items():
            if type(scale) not in (int, float) or not 0 <= scale < math.inf:
                raise UserError(f"guidance={scale} must be a number, 0 or more.")
            values[attribute], scales[attribute] = value, scale
        self.register_buffer("values", values, persistent=False)
        self.register_buffer("scales", scales, persistent=False)
        self.wanted = {scale for _, scale in wanted.values()}

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """The sum above for attributes `(B, A)`, -1 for one that is not told; None tells none."""
        told = self.values.expand(len(x_t), -1)
        if label is not None:
            told = torch.where(told < 0, label, told)
        scales = sorted({*self.wanted, *([] if label is None else [1.0])})
        shares = [one - other for one, other in pairwise([1.0, *scales, 0.0])]
        parts = [(k, share) for k, share in zip([-1.0, *scales], shares, strict=True) if share]
        rows = torch.cat([torch.where(self.scales <= most, told, -1) for most, _ in parts])
        many = len(parts)
        outputs = super().output(x_t.repeat(many, 1, 1, 1), t.repeat(many), rows).chunk(many)
        if many == 1:
            return outputs[0]
        return sum(
            (share * each for (_, share), each in zip(parts, outputs, strict=True)),
            start=torch.zeros_like(outputs[0]),
        )
