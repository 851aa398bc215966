"""The network of the well-known short course on diffusion models, in a sound version.

Two down steps, a bottleneck that averages the whole picture, two up steps, and time and label as
scale and shift on the way up, after minDiffusion's UNet. Two faults of the circulating copies are
not repeated: the 1x1 convolution of the first skip is a trained layer, not a new random one in
every forward, and sizes other than 16 work.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.errors import UserError

MAX_WIDTH = 4096  # features


def double_conv(channels_in: int, channels_out: int) -> nn.Sequential:
    """Twice: 3x3 convolution, BatchNorm, GELU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.GELU(),
        nn.Conv2d(channels_out, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.GELU(),
    )


class Up(nn.Module):
    """Doubles the resolution of x beside its skip, then convolves."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.grow = nn.ConvTranspose2d(channels_in, channels_out, 2, 2)
        self.convs = nn.Sequential(
            double_conv(channels_out, channels_out), double_conv(channels_out, channels_out)
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """`(B, C/2, H, W)` each, channels_in together -> `(B, channels_out, 2H, 2W)`."""
        return self.convs(self.grow(torch.cat([x, skip], dim=1)))


class ContextUNet(nn.Module):
    """The course's ContextUnet: 1.5 million parameters at 64 features.

    Args:
        channels: channels of the sprites.
        classes: number of labels, 0 for an unconditional network.
        features: channels of the finest resolution.
    """

    mixes_labels = True

    def __init__(self, channels: int, classes: int = 0, features: int = 64) -> None:
        super().__init__()
        if features % 8 or not 8 <= features <= MAX_WIDTH:
            raise UserError(
                f"model.features={features} must be a multiple of 8, from 8 to {MAX_WIDTH}."
            )
        if not isinstance(classes, int):
            raise UserError("model=course is told a label and no attributes; give another model=.")
        self.classes, wide = classes, 2 * features
        self.stem = double_conv(channels, features)
        self.stem_skip = nn.Conv2d(channels, features, 1)
        self.down1 = nn.Sequential(
            double_conv(features, features), double_conv(features, features), nn.MaxPool2d(2)
        )
        self.down2 = nn.Sequential(
            double_conv(features, wide), double_conv(wide, wide), nn.MaxPool2d(2)
        )
        self.spread = nn.Sequential(
            nn.ConvTranspose2d(wide, wide, 4, 4), nn.GroupNorm(8, wide), nn.ReLU()
        )
        self.time1, self.time2 = embed(1, wide), embed(1, features)
        self.label1 = embed(classes, wide) if classes else None
        self.label2 = embed(classes, features) if classes else None
        self.up1, self.up2 = Up(2 * wide, features), Up(wide, features)
        self.out = nn.Sequential(
            nn.Conv2d(wide, features, 3, padding=1),
            nn.GroupNorm(8, features),
            nn.ReLU(),
            nn.Conv2d(features, channels, 3, padding=1),
        )

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """Noised sprites `(B, C, H, W)`, times `(B,)`, labels -> `(B, C, H, W)`.

        Args:
            x_t, t: noised sprites and their times.
            label: int64 `(B,)`, -1 for none, or weights of classes and of none `(B, classes + 1)`.
        """
        height, width = x_t.shape[-2:]
        x = F.pad(x_t, (0, -width % 4, 0, -height % 4))
        stem = (self.stem_skip(x) + self.stem(x)) / 2**0.5
        down1 = self.down1(stem)
        down2 = self.down2(down1)
        middle = self.spread(F.gelu(down2.mean(dim=(2, 3), keepdim=True)))
        middle = F.interpolate(middle, size=down2.shape[-2:])  # nothing to do at 16 pixels
        time = t.float()[:, None]
        time1, time2 = self.time1(time)[..., None, None], self.time2(time)[..., None, None]
        scale1, scale2 = self._scales(label, x)
        up1 = self.up1(scale1 * middle + time1, down2)
        up2 = self.up2(scale2 * up1 + time2, down1)
        return self.out(torch.cat([up2, stem], dim=1))[..., :height, :width]

    def _scales(self, label: Tensor | None, x: Tensor) -> tuple[Tensor | float, Tensor | float]:
        """Factors from the label; "no label" (None or -1) is the vector of zeros, as taught."""
        if self.label1 is None or self.label2 is None:
            return 1.0, 1.0
        label = torch.full((len(x),), -1, device=x.device) if label is None else label
        if label.is_floating_point():
            told = label[:, : self.classes]
        else:
            told = (F.one_hot(label.clamp(min=0), self.classes) * (label >= 0)[:, None]).float()
        return self.label1(told)[:, :, None, None], self.label2(told)[:, :, None, None]


def embed(width_in: int, width_out: int) -> nn.Sequential:
    """The course's two-layer embedding of a number or a one-hot label."""
    return nn.Sequential(
        nn.Linear(width_in, width_out), nn.GELU(), nn.Linear(width_out, width_out)
    )
