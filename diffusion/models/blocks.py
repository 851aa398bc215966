"""The parts of the UNet, in channels-last memory: residual block, attention, norm."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def silence(layer: nn.Module) -> None:
    """Starts a layer at zero, so that its block begins as the identity."""
    for weight in layer.parameters():
        nn.init.zeros_(weight)


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each pixel of `(B, C, H, W)`.

    In channels-last memory the two permutations move nothing, and no statistic crosses pixels,
    sprites or devices.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """norm, SiLU, conv, norm (scaled and shifted by the embedding), SiLU, conv; plus its input.

    Args:
        channels_in: channels of x.
        channels_out: channels of the result.
        width: length of the embedding.
        dropout: share of activations dropped before the second convolution.
    """

    def __init__(self, channels_in: int, channels_out: int, width: int, dropout: float) -> None:
        super().__init__()
        self.norm_in = ChannelNorm(channels_in)
        self.conv_in = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.modulation = nn.Linear(width, 2 * channels_out)
        self.norm_out = ChannelNorm(channels_out, elementwise_affine=False)
        self.dropout = nn.Dropout(dropout)
        self.conv_out = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.skip = (
            nn.Identity()
            if channels_in == channels_out
            else nn.Conv2d(channels_in, channels_out, 1)
        )
        silence(self.conv_out)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """`(B, channels_in, H, W)` and `(B, width)` -> `(B, channels_out, H, W)`."""
        h = self.conv_in(F.silu(self.norm_in(x)))
        scale, shift = self.modulation(embedding)[:, :, None, None].chunk(2, dim=1)
        h = torch.addcmul(shift, self.norm_out(h), 1 + scale)
        return self.skip(x) + self.conv_out(self.dropout(F.silu(h)))


class Attention(nn.Module):
    """Every pixel looks at every other one (Vaswani et al. 2017); plus its input.

    Args:
        channels: channels of x, a multiple of `head`.
        head: channels of one attention head.
    """

    def __init__(self, channels: int, head: int = 32) -> None:
        super().__init__()
        self.heads = channels // head
        self.norm = ChannelNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        silence(self.out)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, C, H, W)` -> `(B, C, H, W)`."""
        b, c, h, w = x.shape
        tokens = self.norm(x).permute(0, 2, 3, 1).reshape(b, h * w, c)
        qkv = self.qkv(tokens).view(b, h * w, 3, self.heads, c // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, h * w, c)
        return x + self.out(seen).view(b, h, w, c).permute(0, 3, 1, 2)
