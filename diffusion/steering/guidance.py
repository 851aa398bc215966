"""Classifier-free guidance: more of what a label says than the network itself believes.

    x0_hat = x0_hat(no label) + scale (x0_hat(label) - x0_hat(no label))

Ho & Salimans 2022, "Classifier-Free Diffusion Guidance", equation 6; scale is 1 + w there. What is
mixed is what the network puts out: noise, of which the clean estimate is an affine function, so
that mixing estimates would be the same; or the scores of colours, logarithms of probabilities,

    p(colour) ~ p(colour | no label) (p(colour | label) / p(colour | no label))^scale

with which an estimate never leaves its palette. Of other networks an estimate can leave the model
range above scale 1, where samplers clip it.
"""

import math

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.steering.steered import Steered


def guided(denoiser: Denoiser, scale: float, label: int | None = None) -> Denoiser:
    """A denoiser at a scale of guidance: itself at 1, where guiding would only cost twice as much.

    Args:
        denoiser: what is guided.
        scale: as for `Guided`.
        label: the class that is wanted, -1 for none; None where each sprite has its own.

    Raises:
        UserError: as `Guided` does, or no label is wanted.
    """
    if scale == 1:
        return denoiser
    made = Guided(denoiser, scale)
    if label == -1:
        raise UserError(
            f"guidance={scale} needs a label, and the sprites have none; give label=... or leave "
            "guidance out."
        )
    return made


class Guided(Steered):
    """A denoiser around a denoiser that has learned to do with and without a label.

    One call asks it once, for twice the sprites.

    Args:
        denoiser: of a network with classes, trained with some labels hidden.
        scale: 0 ignores labels, 1 is the denoiser itself, above 1 labels count for more.

    Raises:
        UserError: the scale is no number of 0 or more, or the network knows no labels.
    """

    def __init__(self, denoiser: Denoiser, scale: float) -> None:
        super().__init__(denoiser)
        if type(scale) not in (int, float) or not 0 <= scale < math.inf:
            raise UserError(f"guidance={scale} must be a number, 0 or more.")
        if not denoiser.classes:
            raise UserError(
                f"guidance={scale} needs a network that learned labels; train with "
                "model.classes=true, or leave guidance out."
            )
        self.scale = scale

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """The mixture of both outputs; the plain one where there is no label."""
        if label is None:
            return super().output(x_t, t)
        labels = torch.cat([label, torch.full_like(label, -1)])
        told, untold = super().output(x_t.repeat(2, 1, 1, 1), t.repeat(2), labels).chunk(2)
        return untold + self.scale * (told - untold)
