"""Some pixels of a sprite are known, and the network finishes the rest.

Where pixels are known the clean estimate is what is known. Every sampler then leads them there by
itself, through exactly the noise that a step from a known sprite has: this is the replacement of
Song et al. 2021, "Score-Based Generative Modeling through SDEs", section 5 and appendix I.2, for
any sampler and without a step of its own.
"""

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.palette import Palette
from diffusion.steering.steered import Steered

NEVER = (
    -1e30
)  # as a score; where another hand forbids all that fits, the kept value wins at the end


class Kept(Steered):
    """A denoiser that knows some values of the sprite.

    A palette network chooses, at each pixel, only among colours that agree with what is known
    there: with a kept alpha it puts no transparent colour inside the silhouette.

    Args:
        denoiser: that finishes the rest.
        known: the sprite `(C, H, W)` in the model range.
        kept: bool `(C, H, W)`, which of its values stay.
    """

    known: Tensor
    kept: Tensor
    fits: Tensor

    def __init__(self, denoiser: Denoiser, known: Tensor, kept: Tensor) -> None:
        super().__init__(denoiser)
        self.register_buffer("known", known.float(), persistent=False)
        self.register_buffer("kept", kept, persistent=False)
        if isinstance(denoiser.prediction, Palette):
            colours = denoiser.prediction.colours[:, :, None, None]
            agrees = ((colours - self.known).abs() < 1e-3) | ~kept
            fits = agrees.all(dim=1)  # (K, H, W)
            unheard = ~fits.any(dim=0)  # a colour that the palette lacks is put there at the end
            self.register_buffer("fits", fits | unheard, persistent=False)

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        output = super().output(x_t, t, label)
        if not isinstance(self.prediction, Palette):
            return output
        return output.masked_fill(~self.fits, NEVER)

    def estimate(self, output: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        estimate = super().estimate(output, x_t, t)
        return torch.where(self.kept, self.known.to(estimate), estimate)


HALVES = ("top", "bottom", "left", "right")
WORDS = ("alpha", "outline", *HALVES)


def kept_values(image: Tensor, what: str) -> Tensor:
    """Which values of a sprite a word keeps: bool `(C, H, W)`.

    Args:
        image: uint8 `(C, H, W)`.
        what: `alpha` (the silhouette: where it is transparent, and how much), `outline` (the
            silhouette, and the colours of its outermost pixels), or a half: `top bottom left
            right`. Without alpha every pixel belongs to the figure.
    """
    _, height, width = image.shape
    kept = torch.zeros_like(image, dtype=torch.bool)
    if what in HALVES:
        rows, columns = (height + 1) // 2, (width + 1) // 2
        part = {
            "top": (slice(None, rows), slice(None)),
            "bottom": (slice(height - rows, None), slice(None)),
            "left": (slice(None), slice(None, columns)),
            "right": (slice(None), slice(width - columns, None)),
        }[what]
        kept[:, *part] = True
        return kept
    shown = image[3] > 0 if len(image) == 4 else torch.ones_like(image[0], dtype=torch.bool)
    kept[3:] = True
    kept |= ~shown
    if what == "outline":
        padded = torch.nn.functional.pad(shown[None].float(), (1, 1, 1, 1))[0] > 0
        sides = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
        kept |= shown & ~torch.stack(sides).all(dim=0)
    return kept
