"""Labels that mix: a bit of one class and a bit of another."""

from collections.abc import Mapping

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.steering.steered import Steered


class Mixed(Steered):
    """A denoiser that is told a mixture wherever it is told a label.

    The network's embedding of it is the sum of those of the classes, each times its weight, which
    need not come to 1: 1 of two classes is both in full. A class alone is that class, to the bit.

    Args:
        denoiser: of a network with classes that `mixes_labels`: whose `label` may also be weights,
            float32 `(B, classes + 1)`, the last that of no label. It is not steered yet.
        weights: of classes by their numbers.

    Raises:
        UserError: the network takes no weights.
    """

    weights: Tensor

    def __init__(self, denoiser: Denoiser, weights: Mapping[int, float]) -> None:
        super().__init__(denoiser)
        if not getattr(denoiser.model, "mixes_labels", False):
            raise UserError(
                f"Labels are mixed by weights of its classes, and {type(denoiser.model).__name__} "
                "takes none; ask for one label."
            )
        row = torch.zeros(denoiser.classes + 1)
        row[list(weights)] = torch.tensor(list(weights.values()), dtype=torch.float32)
        self.register_buffer("weights", row, persistent=False)

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        if label is None:
            return super().output(x_t, t)
        none = torch.eye(len(self.weights), device=label.device)[-1]
        return super().output(x_t, t, torch.where(label[:, None] < 0, none, self.weights))
