"""What a budget of training makes, by the rows that were looked at; nothing finer is known."""

import math

SEEN = {  # images -> what the sprites of a network look like that was told no kinds
    33_664: "outlines are right, and insides are specks",
    115_968: "bodies and light are there, and insides are speckled",
    322_240: "bodies, limbs and light in few colours, with some specks left",
}
FEWEST = 10_000  # images; so few are near to no row
WHERE = "docs/performance.md#what-to-expect"


def expectation(images: float) -> str:
    """A sentence for a training that will have seen so many images by its end."""
    if images < FEWEST:
        return (
            f"about {_rounded(images)} images by the end; the fewest that were looked at are "
            f"{min(SEEN):,} ({WHERE})"
        )
    nearest = min(SEEN, key=lambda row: abs(math.log(row / images)))
    return (
        f"about {_rounded(images)} images by the end; the nearest that was looked at are "
        f"{nearest:,}, of 1,685 sprites of 16 pixels, without kinds: {SEEN[nearest]} "
        f"({WHERE})"
    )


def _rounded(images: float) -> str:
    """Two digits of it."""
    scale = 10 ** max(0, math.floor(math.log10(max(images, 1))) - 1)
    return f"{round(images / scale) * scale:,}"
