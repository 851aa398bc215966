"""Between sprites as files hold them (uint8) and as the network sees them (about [-1, 1]).

    x0 = 2 * byte / 255 - 1         byte = round(255 (x0 + 1) / 2)

Alpha is one more channel. Where it is zero the colour is zero too, on both sides, because a colour
that nobody sees must not be learned.
"""

import torch
from torch import Tensor

SHARPEST = 1e-4  # a smaller sigma counts as this; a step of one byte is 80 times as large


class PixelCodec:
    """uint8 sprites <-> model range; the identity on sprites when encoded and decoded.

    Args:
        hard_alpha: the data knows only full and no transparency, and so will decoded sprites.
    """

    def __init__(self, hard_alpha: bool = False) -> None:
        self.hard_alpha = hard_alpha

    def encode(self, image: Tensor) -> Tensor:
        """uint8 `(B, C, H, W)` -> float32 in [-1, 1]."""
        return image.float().div(127.5).sub(1)

    def decode(self, x0: Tensor) -> Tensor:
        """Model range `(B, C, H, W)` -> uint8; values beyond [-1, 1] are clamped."""
        image = x0.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
        if image.shape[1] != 4:
            return image
        colour, alpha = image[:, :3], image[:, 3:]
        if self.hard_alpha:
            alpha = (alpha >= 128).to(torch.uint8) * 255
        return torch.cat([colour * (alpha > 0), alpha], dim=1)
