"""How often the intervals of the scores hold what they should.

    OMP_NUM_THREADS=1 python benchmarks/intervals.py [n ...]

Generators that sprites can be drawn from without end: procedural ones, the same with damage, and a
few of them over and over. Of each 200 sets are drawn and judged against 1,200 others; printed is
the share of 95% intervals that hold the mean over all sets.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from damage import noise, swapped_pixels

sys.path.insert(0, str(Path(__file__).parents[1]))
from datamodules.forge import ForgeData  # noqa: E402
from diffusion.metrics.scale import Scale  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402

NUMBERS = (128, 256, 512, 1024)
SETS = 200
REFERENCE, POOL = 1_200, 8_000
SCORES = ("sprite_fd", "sprite_kd", "precision", "recall", "density", "coverage")


def described(images: torch.Tensor, damage, strength: float) -> torch.Tensor:
    """Features of the sprites after the damage."""
    done = damage(images.double().numpy(), strength, np.random.default_rng(0))
    return SpriteFeatures().describe(torch.from_numpy(done.round().clip(0, 255).astype("uint8")))


def held(scale: Scale, pool: torch.Tensor, n: int) -> dict[str, str]:
    """Mean of each score and the share of intervals that hold it."""
    rng, found = np.random.default_rng(n), []
    for _ in range(SETS):
        rows = rng.choice(len(pool), n, replace=len(pool) < POOL / 4)
        found.append(scale.scored(pool[rows]))
    cells = {}
    for name in SCORES:
        truth = np.mean([each[name].value for each in found])
        inside = np.mean([each[name].low <= truth <= each[name].high for each in found])
        cells[name] = f"{truth:.3g}: {inside:.0%}"
    return cells


def main(numbers: list[int]) -> None:
    data = ForgeData(n=REFERENCE + POOL)
    data.setup()
    images = data.images(np.concatenate(list(data.split.values())))
    reference, unseen = images[:REFERENCE], images[REFERENCE:]
    scale = Scale(SpriteFeatures(), reference, unseen[:0], 16)
    features = SpriteFeatures().describe(unseen)
    generators = {
        "unseen sprites": features,
        "150 of them, over and over": features[:150],
        "pixels swapped, 20%": described(unseen, swapped_pixels, 0.2),
        "noise, sigma 3": described(unseen, noise, 3.0),
        "noise, sigma 5": described(unseen, noise, 5.0),
    }
    print("| n | generator | " + " | ".join(SCORES) + " |\n" + "|---" * (2 + len(SCORES)) + "|")
    for n in numbers:
        for name, pool in generators.items():
            cells = held(scale, pool, n)
            print(f"| {n:,} | {name} | " + " | ".join(cells.values()) + " |", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(NUMBERS))
