"""What averaged weights are worth beside the raw ones, all along one training.

    OMP_NUM_THREADS=1 python benchmarks/averages.py sprites.npz "experiment=best" --steps 1500

One training keeps every average at once, so that rows differ in nothing else. A row per share of
the run and average: squared error (times 1000) of the clean estimate of held-out sprites, summed
over the levels of `recipes.py`; Frechet distance and share of opaque pixels of 128 sprites; and,
in pure noise, RMS distance of 256 answers to the mean training sprite and RMS spread among them,
in model range.
"""

import argparse
import copy
from pathlib import Path

MARKS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
MADE = 128  # sprites
AVERAGES = {  # name -> arguments of callbacks.ema; the raw weights have decay 0
    "raw": {"decay": 0.0},
    "decay 0.999": {"decay": 0.999},
    "decay 0.99": {"decay": 0.99},
    "decay 0.98": {"decay": 0.98},
    "decay 0.9": {"decay": 0.9},
}


def in_pure_noise(denoiser, mean) -> tuple[float, float]:
    """RMS distance of 256 answers at t = 1 to the mean sprite `(C, H, W)`, and RMS spread."""
    import torch

    noise = torch.randn(256, *mean.shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        answers = denoiser(noise, torch.ones(len(noise)))
    distances = answers - mean, answers - answers.mean(dim=0)
    return tuple(each.square().mean().sqrt().item() for each in distances)


def main() -> None:
    """Trains once and prints a row per mark and average."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--until", type=float, default=1.0, help="share of the steps to do")
    arguments = parser.parse_args()

    import numpy as np
    import torch
    from contestants import Ours
    from judging import Judging
    from recipes import SPRITES, clean_errors

    from datamodules.array import ArrayData
    from diffusion.averages import MovingAverage
    from diffusion.pixels import PixelCodec

    data = ArrayData(str(arguments.data))
    data.setup()
    codec = PixelCodec(data.card["hard_alpha"])
    images = data.images(data.split["train"])
    mean = images.float().div(127.5).sub(1).mean(dim=0)
    held_out = np.concatenate([data.split["val"], data.split["test"]])[:SPRITES]
    x0 = data.images(held_out).float().div(127.5).sub(1)
    trained, rows = Ours(arguments.recipe, data), np.random.default_rng(0)
    rules = {name: MovingAverage(**values) for name, values in AVERAGES.items()}
    own = trained.average
    kept = {name: copy.deepcopy(trained.denoiser).requires_grad_(False) for name in rules}
    marks = {round(mark * arguments.steps): mark for mark in MARKS if mark <= arguments.until}
    judge = Judging(arguments.data, MADE).judge
    print("| of the run | weights | error | FD | opaque | pure noise: to the mean | spread |")
    print("|" + "---|" * 7)
    for step in range(1, max(marks) + 1):
        batch = images[rows.choice(len(images), trained.batch)]
        trained.step(batch, (step - 1) / arguments.steps)
        for name, rule in rules.items():
            rule.move(kept[name].parameters(), trained.denoiser.parameters(), step)
        for name, denoiser in kept.items() if step in marks else ():
            trained.average = denoiser.eval()
            made = torch.cat([codec.decode(trained.sample(64, 12, k)) for k in range(0, MADE, 64)])
            opaque = (made[:, -1] > 127).float().mean().item()
            distance = judge.scores(made)["sprite_fd"]
            values = [sum(clean_errors(denoiser, x0)), distance, opaque]
            values += in_pure_noise(denoiser, mean)
            cells = [f"{marks[step]:.0%}", name, *(f"{value:.3g}" for value in values)]
            print(f"| {' | '.join(cells)} |", flush=True)
        trained.average = own


if __name__ == "__main__":
    main()
