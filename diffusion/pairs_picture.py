"""Samples beside the training sprites they are nearest to, the closest pairs first."""

from PIL import Image, ImageDraw
from torch import Tensor

from diffusion import pictures
from diffusion.metrics.passport import Findings, Verdict
from diffusion.pictures import INK, PAPER, write

SIDE = 64  # about this many screen pixels for a sprite
COLUMNS, MOST = 6, 36
GAP, BELOW = 24, 40
WARNING = (178, 52, 36)


def pairs(samples: Tensor, nearest: Tensor, findings: Findings) -> Image.Image:
    """Each sample on the left, its nearest training sprite on the right, the verdict below.

    Args:
        samples: uint8 `(N, C, H, W)`.
        nearest: uint8 `(N, C, H, W)`, the training sprite of each finding.
        findings: the passports of the samples.
    """
    order = list(Verdict)
    closest = sorted(
        range(len(samples)),
        key=lambda k: (order.index(findings.verdict[k]), float(findings.distance[k])),
    )[:MOST]
    height, width = samples.shape[2:]
    scale = max(1, round(SIDE / max(height, width)))
    wide, high = 2 * scale * width + 2 + GAP, scale * height + BELOW
    rows = -(-len(closest) // COLUMNS)
    page = Image.new("RGB", (GAP + COLUMNS * wide, GAP + rows * high), PAPER)
    draw = ImageDraw.Draw(page)
    for place, k in enumerate(closest):
        x, y = GAP + place % COLUMNS * wide, GAP + place // COLUMNS * high
        page.paste(pictures.tile(samples[k], scale), (x, y))
        page.paste(pictures.tile(nearest[k], scale), (x + scale * width + 2, y))
        verdict, distance = findings.verdict[k], float(findings.distance[k])
        colour = INK if verdict in (Verdict.NEW, Verdict.VARIANT) else WARNING
        room = wide - GAP
        write(
            draw, (x, y + scale * height + 12), f"{verdict}, {distance:.0f}", 12, colour, room=room
        )
    return page
