"""Only these colours, or only so many: at every step the others stand for the nearest of them.

Where colours are one, so are their probabilities: p(c) is the sum over all that have become c.
That is the network's own answer for sprites of fewer colours, and an outline stays one in the
darkest that is left. A way of few steps can end between two; `PaletteCodec` then takes the nearer.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.pixels import PixelCodec
from diffusion.steering.repainting import oklab
from diffusion.steering.steered import Steered, palette_of

LEAST = -1e30  # below every score
UNLIKE = 10.0  # beside distances in Oklab: no colour stands for none, or none for one


class AllowedColours(Steered):
    """A palette network that knows only some of its colours.

    What it would give the others is given to the nearest allowed ones, so an estimate is a mean of
    these and a finished sprite holds no other.

    Args:
        denoiser: with a palette.
        allowed: bool `(K,)`, one for each colour of its palette.

    Raises:
        UserError: it has no palette, or no colour is allowed.
    """

    allowed: Tensor
    nearest: Tensor

    def __init__(self, denoiser: Denoiser, allowed: Tensor) -> None:
        super().__init__(denoiser)
        known = palette_of(denoiser, "colours=")
        if not allowed.any():
            raise UserError("colours= leaves no colour at all; allow at least one.")
        self.register_buffer("allowed", allowed.nonzero().flatten(), persistent=False)
        stands_for = nearest(distances(known.colours), allowed[None])
        self.register_buffer("nearest", stands_for, persistent=False)
        levels = known.colours[self.allowed].add(1).mul(127.5).round().int().tolist()
        self.prediction = type(known)(levels)

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        output = super().output(x_t, t, label)
        if len(self.allowed) == output.shape[1]:
            return output
        return handed_over(output, self.nearest)[:, self.allowed]

    def estimate(self, output: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        return self.prediction.to_clean(output, x_t, *self.schedule.of_sprites(t))


class FewColours(Steered):
    """A palette network that gives each sprite at most so many opaque colours.

    At every step the colours with the largest shares in the whole sprite stay, and the others
    stand for the nearest of them; what is transparent is not counted. Which they are is the
    network's choice, made anew until it is settled.

    Args:
        denoiser: with a palette.
        most: number of colours, 1 or more.

    Raises:
        UserError: it has no palette, or the number is below 1.
    """

    opaque: Tensor
    distances: Tensor

    def __init__(self, denoiser: Denoiser, most: int) -> None:
        super().__init__(denoiser)
        self.most, known = most, palette_of(denoiser, "max_colours=").colours
        if most < 1:
            raise UserError(f"max_colours={most} must be 1 or more.")
        self.register_buffer("opaque", opaque(known), persistent=False)
        self.register_buffer("distances", distances(known), persistent=False)

    def output(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        output, palette = super().output(x_t, t, label), palette_of(self, "max_colours=")
        scores = palette.scores(output, x_t, *self.schedule.of_sprites(t))
        mass = scores.softmax(dim=1).mean(dim=(2, 3)).masked_fill(~self.opaque, -1)
        if self.most >= int(self.opaque.sum()):
            return output
        least = mass.topk(self.most, dim=1).values[:, -1:]
        return handed_over(output, nearest(self.distances, (mass >= least) | ~self.opaque))


class PaletteCodec(PixelCodec):
    """uint8 sprites of a palette alone; where asked, painted with another.

    Args:
        hard_alpha: as of `PixelCodec`.
        colours: `(K, C)` in the model range.
        most: opaque colours of a sprite; those that it has most of stay. None for all.
        painted: uint8 `(K, C)`, what each colour becomes; None for itself.
    """

    def __init__(
        self,
        hard_alpha: bool,
        colours: Tensor,
        most: int | None = None,
        painted: Tensor | None = None,
    ) -> None:
        super().__init__(hard_alpha)
        self.colours, self.most = colours.cpu(), most
        self.painted = super().decode(self.colours[:, :, None, None]).flatten(1)
        self.painted = self.painted if painted is None else painted

    def decode(self, x0: Tensor) -> Tensor:
        return self.painted.to(x0.device)[self.indices(x0)].permute(0, 3, 1, 2)

    def indices(self, x0: Tensor) -> Tensor:
        """Which colour each pixel of model range `(B, C, H, W)` is nearest to, `(B, H, W)`."""
        colours = self.colours.to(x0)
        distance = (x0[:, None] - colours[:, :, None, None]).square().sum(dim=2)  # (B, K, H, W)
        index = distance.argmin(dim=1)
        shown = opaque(colours)
        if self.most is None or self.most >= int(shown.sum()):
            return index
        counts = torch.nn.functional.one_hot(index, len(colours)).sum(dim=(1, 2))
        rank = counts.masked_fill(~shown, -1).argsort(dim=1, descending=True, stable=True)
        dropped = shown.expand_as(counts).clone().scatter(1, rank[:, : self.most], False)
        return distance.masked_fill(dropped[:, :, None, None], torch.inf).argmin(dim=1)


def places(colours: Tensor) -> Tensor:
    """Where each colour lies in Oklab, and its alpha, float32 `(K, 3 or 4)`.

    Args:
        colours: `(K, C)` in the model range.
    """
    levels = PixelCodec().decode(colours[:, :, None, None])[:, :, 0, 0].cpu().numpy()
    seen = oklab(levels if levels.shape[1] > 1 else levels.repeat(3, axis=1))
    alpha = levels[:, 3:] / 255 if levels.shape[1] == 4 else np.zeros((len(levels), 0))
    apart = np.hstack([seen, alpha + UNLIKE * (alpha > 0)])
    return torch.from_numpy(apart).float().to(colours.device)


def distances(colours: Tensor) -> Tensor:
    """Squared distance between the places of each two of K colours, `(K, K)`."""
    there = places(colours)
    return (there[:, None] - there).square().sum(dim=-1)


def nearest(distances: Tensor, allowed: Tensor) -> Tensor:
    """Which allowed colour each colour stands for, int64 `(B, K)`; an allowed one for itself.

    Args:
        distances: `(K, K)`.
        allowed: bool `(B, K)`, at least one of each row.
    """
    return distances.masked_fill(~allowed[:, None], torch.inf).argmin(dim=-1)


def handed_over(scores: Tensor, nearest: Tensor) -> Tensor:
    """Scores in which each colour has those of all that stand for it; minus infinity for none.

    Args:
        scores: log-probabilities up to a constant, `(B, K, H, W)`.
        nearest: what each colour stands for, int64 `(B, K)` or `(1, K)`.
    """
    count = scores.shape[1]
    with torch.autocast(scores.device.type, enabled=False):
        scores, there = scores.float(), nearest[:, :, None, None].expand_as(scores)
        most = torch.full_like(scores, LEAST).scatter_reduce(1, there, scores, "amax")
        moves = F.one_hot(nearest, count).to(scores).expand(len(scores), -1, -1)
        shares = (scores - most.gather(1, there)).exp()
        return torch.einsum("bkhw,bkc->bchw", shares, moves).log() + most


def opaque(colours: Tensor) -> Tensor:
    """Which of colours `(K, C)` in the model range can be seen, bool `(K,)`."""
    return colours[:, 3] > -1 if colours.shape[1] == 4 else torch.ones_like(colours[:, 0]) > 0
