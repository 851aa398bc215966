"""The network: a UNet (Ronneberger et al. 2015; Ho et al. 2020, appendix B) for small sprites."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.errors import UserError
from diffusion.models.blocks import Attention, ChannelNorm, ResidualBlock, silence
from diffusion.models.embeddings import (
    AttributeEmbedding,
    LabelEmbedding,
    Layout,
    TimeEmbedding,
)
from diffusion.models.looks import Looks

MAX_WIDTH = 4096  # channels
MAX_LAYOUT = 16  # pixels a side


class UNet(nn.Module):
    """Residual blocks at falling, then rising resolution, with skips and attention at the bottom.

    Any height and width are taken: sprites are padded at the right and bottom to a multiple of the
    coarsest pixel and cropped again.

    Args:
        channels: channels of the sprites.
        classes: number of labels, 0 for an unconditional network; or the numbers of values of
            several attributes, of which any may be told.
        widths: channels of each resolution, the finest first; each next one has half the pixels a
            side.
        blocks: residual blocks per resolution on the way down; one more on the way up.
        dropout: share of activations dropped in each residual block.
        patch: side of the square of pixels that the finest resolution takes as one position.
        outputs: channels of the result; as many as the sprites have, unless said.
        layout: side of a coarse picture that is learned of each label or value, 0 for none.
        looks: height and width of the sprites, where the network sees the mean sprite of what it
            is told beside the noise; empty where it does not.
        points: whether it can point at the usual colours of what it sees there, where outputs are
            scores of colours.
    """

    mixes_labels = True

    def __init__(
        self,
        channels: int,
        classes: int | Sequence[int] = 0,
        widths: Sequence[int] = (32, 64, 64),
        blocks: int = 1,
        dropout: float = 0.0,
        patch: int = 1,
        outputs: int | None = None,
        layout: int = 0,
        looks: Sequence[int] = (),
        points: bool = False,
    ) -> None:
        super().__init__()
        wrong = [width for width in widths if width % 32 or not 32 <= width <= MAX_WIDTH]
        if not widths or wrong or not 1 <= blocks <= 64 or not 1 <= patch <= 64:
            raise UserError(
                f"model.widths={list(widths)} must be multiples of 32 up to {MAX_WIDTH}, and "
                f"model.blocks={blocks} and model.patch={patch} from 1 to 64."
            )
        if not 0 <= dropout < 1:
            raise UserError(f"model.dropout={dropout} must be 0 or more, and less than 1.")
        if not 0 <= layout <= MAX_LAYOUT:
            raise UserError(f"model.layout={layout} must be from 0 to {MAX_LAYOUT}.")
        embedding = 4 * widths[0]
        self.patch = patch
        self.multiple = patch * 2 ** (len(widths) - 1)
        self.time = TimeEmbedding(embedding)
        self.attributes = () if isinstance(classes, int) else tuple(classes)
        self.classes = classes if isinstance(classes, int) else 0
        self.label: LabelEmbedding | AttributeEmbedding | None = None
        if self.attributes:
            self.label = AttributeEmbedding(self.attributes, embedding)
        elif self.classes:
            self.label = LabelEmbedding(self.classes, embedding)

        def block(channels_in: int, channels_out: int) -> ResidualBlock:
            return ResidualBlock(channels_in, channels_out, embedding, dropout)

        self.looks: Looks | None = None
        if looks and self.label is not None:
            pointers = points and outputs is not None
            self.looks = Looks(self.attributes or self.classes, channels, looks, pointers)
        seen = channels + (self.looks.channels if self.looks else 0)
        self.stem = nn.Conv2d(seen * patch**2, widths[0], 3, padding=1)
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        skips, width = [widths[0]], widths[0]
        for level, wider in enumerate(widths):
            if level:
                self.shrink.append(nn.Conv2d(width, width, 3, stride=2, padding=1))
                skips.append(width)
            stage = nn.ModuleList()
            for _ in range(blocks):
                stage.append(block(width, wider))
                width = wider
                skips.append(width)
            self.down.append(stage)

        self.layout: Layout | None = None
        if layout and self.label is not None:
            self.layout = Layout(self.attributes or self.classes, width, layout)
        self.middle_in, self.attention = block(width, width), Attention(width)
        self.middle_out = block(width, width)

        self.up, self.grow = nn.ModuleList(), nn.ModuleList()
        for level, wider in reversed(list(enumerate(widths))):
            stage = nn.ModuleList()
            for _ in range(blocks + 1):
                stage.append(block(width + skips.pop(), wider))
                width = wider
            self.up.append(stage)
            if level:
                self.grow.append(nn.Conv2d(width, width, 3, padding=1))

        self.norm = ChannelNorm(width)
        self.outputs, self.pointers = outputs or channels, self.looks.pointers if self.looks else 0
        out = self.outputs + self.pointers
        self.out = nn.Conv2d(width, out * patch**2, 3, padding=1)
        silence(self.out)
        self.to(memory_format=torch.channels_last)

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """Noised sprites `(B, C, H, W)`, times `(B,)`, labels -> `(B, C, H, W)`.

        Args:
            x_t, t: noised sprites and their times.
            label: int64 `(B,)`, -1 for none, or weights of classes and of none `(B, classes + 1)`;
                of a network with attributes their values, int64 `(B, A)`, -1 for one not told.
        """
        if self.looks is not None:
            x_t = torch.cat([x_t, self.looks(label, x_t)], dim=1)
        height, width = x_t.shape[-2:]
        bottom, right = -height % self.multiple, -width % self.multiple
        x = F.pixel_unshuffle(F.pad(x_t, (0, right, 0, bottom)), self.patch)
        x = x.contiguous(memory_format=torch.channels_last)
        embedding = self.time(t)
        if self.label is not None:
            embedding = embedding + self.label(label, len(x))
        embedding = F.silu(embedding)

        x = self.stem(x)
        skips = [x]
        for level, stage in enumerate(self.down):
            if level:
                x = self.shrink[level - 1](x)
                skips.append(x)
            for block in stage:  # type: ignore[attr-defined]
                x = block(x, embedding)
                skips.append(x)
        if self.layout is not None:
            x = self.layout(label, x)
        x = self.middle_out(self.attention(self.middle_in(x, embedding)), embedding)
        for level, stage in enumerate(self.up):
            if level:
                x = self.grow[level - 1](F.interpolate(x, scale_factor=2.0))
            for block in stage:  # type: ignore[attr-defined]
                x = block(torch.cat([x, skips.pop()], dim=1), embedding)
        x = F.pixel_shuffle(self.out(F.silu(self.norm(x))), self.patch)[..., :height, :width]
        if self.looks is None or not self.pointers:
            return x
        return self.looks.point(label, x[:, : self.outputs], x[:, self.outputs :])
