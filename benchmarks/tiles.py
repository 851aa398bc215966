"""Whether tiles meet at their edges as well as they hold together inside.

    OMP_NUM_THREADS=1 python benchmarks/tiles.py

Trains on textures that repeat every 16 pixels, made here: waves that fit the tile, in six colours.
A row each for real ones, for sprites as they come, and with `tile=xy`: the mean step of the
colours across the seam, beside the mean step between neighbours inside.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from judging import ROOT  # noqa: F401

import sprite_diffusion as sd

SIDE, WAVES = 16, 4
COLOURS = np.array(
    [
        [26, 28, 44, 255],
        [51, 60, 87, 255],
        [37, 113, 121, 255],
        [56, 183, 100, 255],
        [167, 240, 112, 255],
        [244, 244, 244, 255],
    ],
    np.uint8,
)


def textures(n: int, rng: np.random.Generator) -> np.ndarray:
    """Sums of waves with whole numbers of periods, uint8 `(n, S, S, 4)`."""
    places = 2 * np.pi * np.arange(SIDE) / SIDE
    height = np.zeros((n, SIDE, SIDE))
    for _ in range(WAVES):
        across, down = rng.integers(-3, 4, (2, n, 1, 1))
        phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
        height += np.cos(across * places + down * places[:, None] + phase)
    shares = np.linspace(0, 1, len(COLOURS) + 1)[1:-1]
    limits = np.quantile(height.reshape(n, -1), shares, axis=1)
    return COLOURS[(height[..., None] > limits.T[:, None, None]).sum(-1)]


def steps(images: np.ndarray) -> tuple[float, float]:
    """The mean absolute step across the seam, and inside, over both axes."""
    pixels = images.astype(np.float64)
    seam, inside = [], []
    for axis in (1, 2):
        change = np.abs(np.roll(pixels, -1, axis) - pixels)
        seam.append(change.take(SIDE - 1, axis).mean())
        inside.append(change.take(np.arange(SIDE - 1), axis).mean())
    return float(np.mean(seam)), float(np.mean(inside))


def main() -> None:
    """Trains, and prints a row for each kind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=512)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--run", type=Path, help="where the run is, or shall be")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file, run = Path(folder) / "textures.npz", arguments.run or Path(folder) / "run"
        real = textures(2000, np.random.default_rng(0))
        np.savez(file, images=real)
        words = {"data": "array", "data.path": str(file), "logger": "csv", "closing": False}
        trained = sd.train(words | {"trainer.max_steps": arguments.steps}, run)
        made = {
            "real": real[: arguments.n],
            "made": trained.sample(arguments.n).images,
            "made, `tile=xy`": trained.sample(arguments.n, tile="xy").images,
        }
    print("| | across the seam | inside | ratio |\n|---|---|---|---|")
    for name, images in made.items():
        seam, inside = steps(images)
        print(f"| {name} | {seam:.1f} | {inside:.1f} | {seam / inside:.2f} |")


if __name__ == "__main__":
    main()
