"""Sprites that go on at their far edge, for floors and walls."""

from copy import deepcopy

import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.models.embeddings import Layout
from diffusion.models.looks import Looks
from diffusion.steering.steered import Steered

AXES = ("x", "y", "xy")


class Tiled(Steered):
    """A denoiser to which the sprite is a ring, or with both axes a torus.

    Its convolutions find beyond an edge what lies at the opposite one, instead of nothing. What it
    is told has the same look everywhere.

    Args:
        denoiser: of a network of plain convolutions; a copy of it is made.
        axes: `x` (left meets right), `y` (top meets bottom) or `xy`.

    Raises:
        UserError: axes of another name.
    """

    def __init__(self, denoiser: Denoiser, axes: str) -> None:
        if axes not in AXES:
            raise UserError(f"tile={axes} must be one of {', '.join(AXES)}.")
        super().__init__(deepcopy(denoiser))
        for layer in self.denoiser.modules():
            if isinstance(layer, nn.Conv2d) and any(layer.padding):
                _make_ring(layer, axes)
            elif isinstance(layer, Layout):
                _even_out(layer, axes)
            elif isinstance(layer, Looks):
                layer.pictures = _even(layer.pictures, axes)
                if layer.pointers:
                    _even_pointers(layer, axes)


def _make_ring(layer: nn.Conv2d, axes: str) -> None:
    down, across = (int(width) for width in layer.padding)
    ring = (across, across) if "x" in axes else (0, 0), (down, down) if "y" in axes else (0, 0)
    layer.padding = (0 if "y" in axes else down, 0 if "x" in axes else across)

    def meet(_: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        return F.pad(inputs[0], (*ring[0], *ring[1]), mode="circular")

    layer.register_forward_pre_hook(meet)


def _even_out(layout: Layout, axes: str) -> None:
    weight = layout.pictures.table.weight.detach()
    pictures = weight.unflatten(1, (-1, layout.side, layout.side))
    even = _even(pictures, axes).flatten(1)
    layout.pictures.table.weight = nn.Parameter(even, requires_grad=False)


def _even_pointers(looks: Looks, axes: str) -> None:
    """Each row or column, or all of it, in its most usual colour, by the mean share of that."""
    shape = looks.usual.shape
    order = {"x": (0, 1, 2), "y": (0, 2, 1), "xy": (0, 1, 2)}[axes]
    usual, share = looks.usual.permute(order), looks.share.permute(order)
    if axes == "xy":
        usual, share = usual.reshape(shape[0], 1, -1), share.reshape(shape[0], 1, -1)
    most = usual.mode(dim=-1, keepdim=True).values
    mean = (share * (usual == most)).mean(dim=-1, keepdim=True)
    sides = (shape[order[1]], shape[order[2]])
    looks.usual = most.expand(-1, *sides).permute(order).contiguous()
    looks.share = mean.expand(-1, *sides).permute(order).contiguous()


def _even(pictures: Tensor, axes: str) -> Tensor:
    """Pictures `(N, C, H, W)`, each row or column, or all of it, in its mean."""
    over = [dim for axis, dim in (("y", 2), ("x", 3)) if axis in axes]
    return pictures.mean(over, keepdim=True).expand_as(pictures).contiguous()
