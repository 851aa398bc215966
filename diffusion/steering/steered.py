"""The denoiser inside another, which says what it says until somebody has a hand on it."""

from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.palette import Palette


class Steered(Denoiser):
    """A denoiser around a denoiser. One that steers overrides `output` or `estimate`.

    Losses are those of the network inside.

    Args:
        denoiser: what is steered; it may be steered itself.
    """

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__(
            denoiser.model, denoiser.schedule, denoiser.prediction, denoiser.weighting
        )
        self.denoiser = denoiser

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """What the inner one puts out, `(B, K, H, W)`."""
        return self.denoiser.output(x_t, t, label)

    def estimate(self, output: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """What the inner one makes of an output, `(B, C, H, W)`."""
        return self.denoiser.estimate(output, x_t, t)


def palette_of(denoiser: Denoiser, word: str) -> Palette:
    """The palette of a network that chooses among colours.

    Raises:
        UserError: it estimates colours freely, so that `word` cannot be asked of it.
    """
    if not isinstance(denoiser.prediction, Palette):
        raise UserError(
            f"{word} needs a network that chooses among colours; train with prediction=palette."
        )
    return denoiser.prediction
