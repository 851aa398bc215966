"""What an eye stumbles over when frames are played as one motion, and in which frame.

A figure that walks, breathes or strikes on its place, over and over: each frame has much in common
with another, up to a pixel's step; the last leads to the first; the body stays where it is.
"""

from dataclasses import dataclass

import torch
from scipy.ndimage import label
from torch import Tensor
from torch.nn.functional import max_pool2d

from diffusion.metrics.figure import opaque
from diffusion.novelty.moves import MOVES, grounded, moved

STEP = [move for move in MOVES if max(map(abs, move)) <= 1]  # a figure may bob by a pixel
ALIEN = 0.5  # share of pixels in which a frame differs from the frame that is nearest to it
CHANGE, TIMES = 0.25, 2.25  # share of pixels, and times the widest other step: a leap of drawing
PLACE, FURTHER = 2.0, 1.25  # pixels, and times the widest other step: a leap of place
SIDEWAYS = 1.5  # pixels between the places where the body is
NEAR = (5, 1, 2)  # a square of 5 pixels, and how it goes over the canvas
TOUCHING = [[1, 1, 1]] * 3  # pixels touch also by corners
KINDS = ("duplicate", "pop", "open loop", "detached part", "drift")


@dataclass(frozen=True)
class Fault:
    """One of `KINDS`, the frame that has it, from 1, and a sentence."""

    kind: str
    frame: int
    sentence: str


def faults(frames: Tensor) -> list[Fault]:
    """What is wrong with a strip, in the order of `KINDS`.

    Args:
        frames: uint8 `(F, C, H, W)`, two or more, in the order in which they are played.
    """
    apart, figure = _apart(frames), opaque(frames)
    return [
        *_duplicates(frames),
        *_pops(apart),
        *_open_loop(apart, figure),
        *_detached(figure),
        *_drift(figure),
    ]


def _apart(frames: Tensor) -> Tensor:
    """Share of pixels in which two frames differ, after the best step: float32 `(F, F)`.

    Of pixels that either covers, so that a small figure counts as a large one does.
    """
    pixels, _, _ = grounded(frames)
    covered = pixels.ne(0).any(1)
    found = torch.ones(len(frames), len(frames))
    for move in STEP:
        other, under = moved(pixels, move), moved(covered, move)
        for k, (frame, own) in enumerate(zip(pixels, covered, strict=True)):
            differ = (frame != other).any(1).sum((1, 2))
            found[k] = found[k].minimum(differ / (own | under).sum((1, 2)).clamp(min=1))
    return found


def _duplicates(frames: Tensor) -> list[Fault]:
    again = (frames == frames.roll(1, 0)).flatten(1).all(1)
    if len(frames) == 2:
        again[0] = False  # it would be told twice
    return [
        Fault("duplicate", k + 1, f"frame {k + 1} is frame {k or len(frames)} again")
        for k in again.nonzero().flatten().tolist()
    ]


def _pops(apart: Tensor) -> list[Fault]:
    if len(apart) < 3:  # of two frames neither is the odd one; wings and tentacles differ as much
        return []
    nearest = (apart + torch.eye(len(apart))).amin(1)
    alien = (nearest > ALIEN).nonzero().flatten().tolist()
    if 2 * len(alien) >= len(apart):
        return [Fault("pop", 1, "the frames have too little in common to be one motion")]
    return [
        Fault("pop", k + 1, f"frame {k + 1} has little in common with any other") for k in alien
    ]


def _open_loop(apart: Tensor, figure: Tensor) -> list[Fault]:
    """Whether the step back to the first frame is wider than any other, in drawing or place."""
    if len(apart) < 3:  # both steps are between the same frames
        return []
    rows, columns = (torch.arange(side, dtype=torch.float32) for side in figure.shape[1:])
    area = figure.sum((1, 2)).clamp(min=1)
    middle = torch.stack(
        [figure.sum(2).float() @ rows / area, figure.sum(1).float() @ columns / area], 1
    )
    place = (middle - middle.roll(-1, 0)).norm(dim=1)
    turns = apart[-1, 0] > (TIMES * apart.diagonal(1).max()).clamp(min=CHANGE)
    leaps = place[-1] > (FURTHER * place[:-1].max()).clamp(min=PLACE)
    if not turns and not leaps:
        return []
    sentence = (
        f"from frame {len(apart)} back to the first the figure {'leaps' if leaps else 'turns'}"
    )
    return [Fault("open loop", len(apart), sentence)]


def _detached(figure: Tensor) -> list[Fault]:
    """Frames with a part that lies apart, and in no other frame any does near that place."""
    loose = [_loose(frame) for frame in figure]
    if 2 * sum(len(parts) > 1 for parts in loose) >= len(loose):  # an effect of many parts
        return []
    near = [max_pool2d(sum(parts, 0 * figure[0]).float()[None], *NEAR)[0] > 0 for parts in loose]
    odd = [
        k
        for k, parts in enumerate(loose)
        if any(not (part & torch.stack(near[:k] + near[k + 1 :]).any(0)).any() for part in parts)
    ]
    return [
        Fault("detached part", k + 1, f"in frame {k + 1} a part lies apart from the figure")
        for k in odd
    ]


def _loose(frame: Tensor) -> list[Tensor]:
    """The parts of a figure bool `(H, W)` but the largest."""
    numbered, count = label(frame.numpy(), TOUCHING)
    parts = [torch.from_numpy(numbered == k + 1) for k in range(count)]
    return sorted(parts, key=lambda part: -int(part.sum()))[1:]


def _drift(figure: Tensor) -> list[Fault]:
    """How far the body's core strays: the columns at least half as full as the fullest."""
    full = figure.sum(1).float()
    full = full[full.any(1)]
    if not len(full):
        return []
    core = full >= full.amax(1, keepdim=True) / 2
    at = (core * torch.arange(full.shape[1])).sum(1) / core.sum(1)
    wide = float(at.max() - at.min())
    if wide <= SIDEWAYS:
        return []
    shown = figure.flatten(1).any(1).nonzero().flatten()
    frame = int(shown[(at - at.median()).abs().argmax()]) + 1
    return [Fault("drift", frame, f"the body strays by {wide:.2g} pixels sideways")]
