"""The palette prediction: which of the known colours each pixel has; pixel art has few.

The network says what surroundings, time and label let it expect, as a score for each colour; what
the noised pixel itself says needs no learning, because the noise is Gaussian:

    p(c | x_t) ~ exp(score_c - |x_t - alpha c|^2 / (2 sigma^2)),    x0_hat = sum_c p(c | x_t) c

So clean estimates end on the palette exactly, and the network learns what is left: the drawing.
Cross-entropy with an interpolated estimate is Dieleman et al. 2022, "Continuous diffusion for
categorical data"; the exact likelihood of the pixel is the forward process's own.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.errors import UserError
from diffusion.pixels import SHARPEST
from diffusion.predictions import Velocity

MAX_COLOURS = 256  # colours; more would cost more than they tell


class Palette(Velocity, nn.Module):
    """Trained by the cross-entropy of the true colour; other losses are in units of velocity.

    Args:
        colours: `K` colours of `C` bytes each, transparency being one of them; they come from the
            training sprites.

    Raises:
        UserError: no colours, or more than 256.
    """

    colours: Tensor

    def __init__(self, colours: Sequence[Sequence[int]] = ()) -> None:
        super().__init__()
        if not 0 < len(colours) <= MAX_COLOURS:
            raise UserError(
                f"prediction=palette needs sprites of 1 to {MAX_COLOURS} colours, and these have "
                f"{len(colours) or 'none'}{' or more' if len(colours) > MAX_COLOURS else ''}; use "
                "prediction=velocity, or data.most_colours=auto."
            )
        known = torch.tensor(colours, dtype=torch.float32) / 127.5 - 1
        self.register_buffer("colours", known, persistent=False)  # the recipe holds them

    def to_clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The clean estimate `(B, C, H, W)` of scores `(B, K, H, W)`."""
        share = self.scores(output, x_t, alpha, sigma).softmax(dim=1)
        with torch.autocast(x_t.device.type, enabled=False):
            return torch.einsum("bkhw,kc->bchw", share, self.colours.to(share))

    def error(
        self, output: Tensor, x0: Tensor, eps: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor
    ) -> Tensor:
        clean = (self.to_clean(output, x_t, alpha, sigma) - x0).square().mean(dim=(1, 2, 3))
        return clean / self.clean_scale((alpha / sigma).square().flatten())

    def tempered(self, output: Tensor, alpha: Tensor, sigma: Tensor, temperature: float) -> Tensor:
        """Scores `(B, K, H, W)` of which the likely ones are likelier below temperature 1.

        Each pixel's colour is chosen for itself. A network that has not learned which go together
        leaves several open until the end, and chance decides pixel by pixel: specks. So

            p(c | x_t) ~ exp(s score_c - |x_t - alpha c|^2 / (2 sigma^2)),
            s = 1 + (1 / temperature - 1) alpha^2 / (alpha^2 + sigma^2):

        the temperature of language models (Ackley et al. 1985, "A learning algorithm for Boltzmann
        machines", equation 5) for what the network has learned, the more so the more of x_t is
        sprite. Shapes are chosen as before; then they are filled in earnest.
        """
        seen = alpha**2 / (alpha**2 + sigma**2)
        return output * (1 + (1 / temperature - 1) * seen)

    def sayable(self, x0: Tensor) -> Tensor:
        """The sprites with each pixel in the nearest colour of the palette.

        Held-out sprites may have others. No estimate can hold those, so the loss of such pixels
        says nothing of the network.
        """
        return self.colours[self.nearest(x0)].permute(0, 3, 1, 2).to(x0)

    def training_error(
        self, output: Tensor, x0: Tensor, eps: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor
    ) -> Tensor:
        """Cross-entropy of the nearest colour, in nats per pixel `(B,)`."""
        scores = self.scores(output, x_t, alpha, sigma)
        return F.cross_entropy(scores, self.nearest(x0), reduction="none").mean(dim=(1, 2))

    def scores(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Log-probability of each colour `(B, K, H, W)`, up to a constant."""
        return output.to(x_t.dtype) + self._nearness(x_t, alpha) / sigma.clamp(min=SHARPEST) ** 2

    def nearest(self, x0: Tensor) -> Tensor:
        """Which colour is nearest, int64 `(B, H, W)`."""
        return self._nearness(x0, x0.new_ones(1, 1, 1, 1)).argmax(dim=1)

    def _nearness(self, x_t: Tensor, alpha: Tensor) -> Tensor:
        """(|x_t|^2 - |x_t - alpha c|^2) / 2 of each colour c `(B, K, H, W)`."""
        colours = self.colours.to(x_t)
        half = colours.square().sum(dim=1).view(1, -1, 1, 1) / 2
        with torch.autocast(x_t.device.type, enabled=False):  # bfloat16 is too coarse for this
            return alpha * torch.einsum("bchw,kc->bkhw", x_t, colours) - alpha**2 * half


class SharpPalette(Palette):
    """For a student, whose estimate is a sprite and no average: it decides for a colour.

    x = m + min(1, 2 SNR) (the colour nearest to m - m),  m the mixture that `Palette` estimates:
    in pure noise the sketch stays a mixture, and where half of x_t is sprite none is left.
    """

    def to_clean(self, output: Tensor, x_t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        mixture = super().to_clean(output, x_t, alpha, sigma)
        colour = self.colours[self.nearest(mixture)].permute(0, 3, 1, 2).to(mixture)
        return torch.lerp(mixture, colour, (2 * (alpha / sigma) ** 2).clamp(max=1))
