"""How often the intervals of the scores hold what they should.

    OMP_NUM_THREADS=1 python benchmarks/intervals.py sprite_features 128 256
    OMP_NUM_THREADS=1 python benchmarks/intervals.py pixel_art 128 256

Generators that sprites can be drawn from without end: procedural ones, the same with damage, and a
few of them over and over. Of each 200 sets are drawn and judged against 1,200 others; printed is
the mean of each score and the share of 95% intervals that hold it.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from damage import noise, swapped_pixels

sys.path.insert(0, str(Path(__file__).parents[1]))
from datamodules.forge import ForgeData  # noqa: E402
from diffusion.metrics.base import Metric  # noqa: E402
from diffusion.metrics.pixel_art import PixelArt  # noqa: E402
from diffusion.metrics.scale import Scale  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402

METRICS = {"sprite_features": SpriteFeatures, "pixel_art": PixelArt}
SETS = 200
REFERENCE, POOL = 1_200, 8_000


def damaged(images: torch.Tensor, damage, strength: float) -> torch.Tensor:
    """The sprites after the damage, uint8."""
    done = damage(images.double().numpy(), strength, np.random.default_rng(0))
    return torch.from_numpy(done.round().clip(0, 255).astype("uint8"))


def held(scale: Scale, pool: torch.Tensor, n: int) -> dict[str, str]:
    """By score its mean, and the share of the intervals that are known which hold it."""
    rng, found = np.random.default_rng(n), []
    for _ in range(SETS):
        rows = rng.choice(len(pool), n, replace=len(pool) < POOL / 4)
        found.append(scale.scored(pool[rows]))
    cells = {}
    for name in found[0]:
        truth = np.mean([each[name].value for each in found])
        known = [each[name] for each in found if each[name].low is not None]
        inside = np.mean([score.low <= truth <= score.high for score in known]) if known else None
        cells[name] = f"{truth:.3g}: " + ("-" if inside is None else f"{inside:.0%}")
    return cells


def main(metric: Metric, numbers: list[int]) -> None:
    data = ForgeData(n=REFERENCE + POOL)
    data.setup()
    images = data.images(np.concatenate(list(data.split.values())))
    reference, unseen = images[:REFERENCE], images[REFERENCE:]
    scale = Scale(metric, reference, unseen[:0], 16)
    generators = {
        "unseen sprites": unseen,
        "150 of them, over and over": unseen[:150],
        "pixels swapped, 20%": damaged(unseen, swapped_pixels, 0.2),
        "noise, sigma 3": damaged(unseen, noise, 3.0),
        "noise, sigma 5": damaged(unseen, noise, 5.0),
    }
    described = {name: metric.describe(pool) for name, pool in generators.items()}
    titles = None
    for n in numbers:
        for name, pool in described.items():
            cells = held(scale, pool, n)
            if titles is None:
                titles = ["n", "generator", *cells]
                print("| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|")
            print(f"| {n:,} | {name} | " + " | ".join(cells.values()) + " |", flush=True)


if __name__ == "__main__":
    main(METRICS[sys.argv[1]](), [int(word) for word in sys.argv[2:]])
