"""How unlikely a network finds a sprite: a speck where no colour is expected costs it dearly."""

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.pixels import PixelCodec

LOG_SNR = (2.0, 1.0, 0.0, -1.0)  # from specks to limbs; all four count alike
BATCH = 256


@torch.no_grad()
def surprise(denoiser: Denoiser, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """What estimates cost above those of other sprites of that size, float32 `(N,)`.

    The loss is that of training, at four noise levels, with the same noise for every sprite. Large
    sprites cost more than small ones; a parabola over the share of seen pixels takes that off.

    Args:
        denoiser: in evaluation mode, on any device.
        images: uint8 `(N, C, H, W)`.
        labels: what each is told to be, `(N,)` or `(N, A)`.
    """
    device = next(denoiser.parameters()).device
    times = denoiser.schedule.times_of(torch.tensor(LOG_SNR))
    noise = torch.randn(len(times), *images.shape[1:], generator=torch.Generator().manual_seed(0))
    costs = torch.zeros(len(images))
    for rows in torch.arange(len(images)).split(BATCH):
        x0 = PixelCodec().encode(images[rows].to(device))
        label = None if labels is None else labels[rows].to(device)
        for t, eps in zip(times.to(device), noise.to(device), strict=True):
            loss = denoiser.training_loss(x0, t.expand(len(x0)), eps.expand_as(x0), label)
            costs[rows] += loss.float().cpu() / len(times)
    seen = images[:, 3].gt(0).flatten(1).float().mean(1) if images.shape[1] == 4 else costs * 0
    sizes = torch.stack([torch.ones_like(seen), seen, seen.square()], dim=1).double()
    usual = sizes @ torch.linalg.lstsq(sizes, costs.double()[:, None], driver="gelsd").solution
    return (costs - usual.squeeze(1)).float()
