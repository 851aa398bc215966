"""A stand-in for the course's data in its exact format, drawn by data=forge.

    python benchmarks/course/stand_in.py FOLDER

`sprites_1788_16x16.npy` uint8 (89400, 16, 16, 3), 50 rows of each of 1,788 sprites on white in
random order, and `sprite_labels_nc_1788_16x16.npy`, float64 one-hot (89400, 5). The course's own
files may not be passed on; who has them can use them in place of these.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

SPRITES, REPEATS, LABELS = 1788, 50, 5
NAMES = "sprites_1788_16x16.npy", "sprite_labels_nc_1788_16x16.npy"


def main() -> None:
    from datamodules.forge import ForgeData

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    drawn = ForgeData(n=3000).read()
    rows = np.flatnonzero(drawn.labels < LABELS)[:SPRITES]
    pixels = drawn.images[rows]
    pixels = np.where(pixels[..., 3:] > 0, pixels[..., :3], 255).astype(np.uint8)
    order = np.random.default_rng(0).permutation(np.repeat(np.arange(SPRITES), REPEATS))
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / NAMES[0], pixels[order])
    np.save(folder / NAMES[1], np.eye(LABELS)[drawn.labels[rows]][order])
    print(f"{folder}: {len(order):,} rows of {len(np.unique(pixels, axis=0)):,} sprites")


if __name__ == "__main__":
    main()
