"""Detail or outline: the network's error at every noise level, split into coarse and fine parts.

The coarse part of an error is its average over each block of a 4 x 4 grid, the fine part the rest.
The two are orthogonal, so their mean squares sum to that of the whole (Parseval):

    |e|^2 = |coarse(e)|^2 + |e - coarse(e)|^2
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.levels.noising import noised
from diffusion.pixels import PixelCodec

GRID = 4  # blocks a side
TIMES = tuple(k / 20 for k in range(1, 21))


@dataclass(frozen=True)
class Detail:
    """Mean squared error of the clean estimate at each noise level, float64 `(K,)`.

    Args:
        t: noise levels, rising.
        coarse: of the average over each block: the outline.
        fine: of all that blocks hide: the detail.
    """

    t: Tensor
    coarse: Tensor
    fine: Tensor

    @property
    def whole(self) -> Tensor:
        """Mean squared error of all pixels and channels, float64 `(K,)`."""
        return self.coarse + self.fine

    def plain(self) -> dict[str, list[float]]:
        """Plain lists for JSON."""
        curves = {"t": self.t, "coarse": self.coarse, "fine": self.fine}
        return {name: curve.tolist() for name, curve in curves.items()}


@torch.no_grad()
def detail(
    images: Tensor,
    denoiser: Denoiser,
    labels: Tensor | None = None,
    times: tuple[float, ...] = TIMES,
    seed: int = 0,
    batch_size: int = 64,
) -> Detail:
    """The errors of some sprites, each with one noise at all levels.

    Estimates are clamped to the model range, as samplers do: an error is one that can be seen.

    Args:
        images: uint8 `(N, C, H, W)`, best held-out ones.
        denoiser: the network, in evaluation mode on any device, or the exact one.
        labels: classes `(N,)`, for a network with classes.
        times: K noise levels in [1/steps, 1].
        seed: address of the noise.
        batch_size: sprites that are noised together; the result does not depend on it.
    """
    device = next(denoiser.parameters()).device
    t = torch.tensor(times, dtype=torch.float64)
    x0 = PixelCodec().encode(images)
    x_t = noised(x0, denoiser.schedule, t.float(), seed).flatten(0, 1)
    rows = torch.arange(len(x0)).repeat_interleave(len(t))
    levels = t.float().repeat(len(x0))
    parts = []
    for k in torch.arange(len(rows)).split(batch_size):
        label = None if labels is None else labels[rows[k]].to(device)
        estimate = denoiser(x_t[k].to(device), levels[k].to(device), label).clamp(-1, 1).cpu()
        error = (estimate - x0[rows[k]]).double()
        outline = coarse(error)
        parts.append(torch.stack([_mean_square(outline), _mean_square(error - outline)]))
    outline, rest = torch.cat(parts, dim=1).unflatten(1, (len(x0), len(t))).mean(1)
    return Detail(t, outline, rest)


def coarse(images: Tensor) -> Tensor:
    """Each pixel replaced by the mean of its block of the grid; same shape `(..., H, W)`."""
    height, width = images.shape[-2:]
    return _means(height).to(images) @ images @ _means(width).to(images)


def _means(n: int) -> Tensor:
    """Projection `(n, n)` onto what is constant within each of the blocks of a line."""
    block = torch.arange(n) * GRID // n
    same = (block[:, None] == block).double()
    return same / same.sum(1, keepdim=True)


def _mean_square(error: Tensor) -> Tensor:
    return error.square().mean(dim=(1, 2, 3))
