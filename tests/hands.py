"""A network with opinions about six colours, for hands to be laid on."""

import torch
from torch import nn

from diffusion.denoiser import Denoiser
from diffusion.palette import Palette
from diffusion.pixels import PixelCodec
from diffusion.predictions import Epsilon
from diffusion.schedules.cosine import Cosine
from diffusion.weightings import Uniform

COLOURS = [[0, 0, 0, 0], [10, 10, 20, 255], [200, 30, 30, 255], [30, 200, 30, 255]]
COLOURS += [[30, 30, 200, 255], [240, 240, 250, 255]]
CODEC = PixelCodec(hard_alpha=True)


class Opinions(nn.Module):
    """Scores that depend on place, time, label and what is seen; no two pixels are alike."""

    classes, mixes_labels, attributes = 2, True, (2,)

    def __init__(self, outputs):
        super().__init__()
        torch.manual_seed(0)
        self.look = nn.Conv2d(4, outputs, 3, padding=1)
        self.place = nn.Parameter(torch.randn(outputs, 8, 8))
        self.label = nn.Parameter(torch.randn(3, outputs))

    def forward(self, x_t, t, label=None):
        if label is not None and label.ndim == 2 and not label.is_floating_point():
            label = label[:, 0]  # the only attribute
        if label is not None and label.is_floating_point():
            told = label @ self.label
        else:
            told = self.label[torch.full((len(x_t),), -1) if label is None else label]
        return self.look(x_t) + (1 - t)[:, None, None, None] * self.place + told[:, :, None, None]


def network(prediction=Palette):
    if prediction is Epsilon:
        return Denoiser(Opinions(4), Cosine(), Epsilon(), Uniform()).requires_grad_(False)
    denoiser = Denoiser(Opinions(len(COLOURS)), Cosine(), prediction(COLOURS), Uniform())
    return denoiser.requires_grad_(False)


BOB = torch.tensor(COLOURS, dtype=torch.uint8)[
    torch.randint(0, 6, (8, 8), generator=torch.Generator().manual_seed(3))
].permute(2, 0, 1)


def colours_of(image):
    return {tuple(pixel) for pixel in image.permute(1, 2, 0).reshape(-1, 4).tolist()}
