"""What each choice of a recipe is worth at equal CPU seconds of training.

    OMP_NUM_THREADS=1 python benchmarks/recipes.py sprites.npz --seconds 45 \
        "experiment=best" "experiment=best optimizer=adamw" "experiment=best data.batch_size=64"

A row per command line: squared error (times 1000) of the clean estimate of held-out sprites, at
six noise levels and summed over them. It compares predictions, schedules and networks with each
other, has the same noise for all rows, and needs no sampling.
"""

import argparse
import time
from pathlib import Path

LOG_SNRS = (-4, -2, -1, 0, 1, 2)
SPRITES = 192


def clean_errors(denoiser, x0) -> list[float]:
    """1000 times the mean squared error of the clean estimate at each of LOG_SNRS."""
    import torch

    times = torch.linspace(1 / denoiser.schedule.steps, 1, 2001, dtype=torch.float64)
    errors = []
    for level in LOG_SNRS:
        nearest = times[(denoiser.schedule.log_snr(times) - level).abs().argmin()]
        t = nearest.float().expand(len(x0))
        alpha, sigma = (part.view(-1, 1, 1, 1) for part in denoiser.schedule(t))
        noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(50 + level))
        with torch.no_grad():
            clean = denoiser(alpha * x0 + sigma * noise, t).clamp(-1, 1)
        errors.append(1000 * (clean - x0).square().mean().item())
    return errors


def main() -> None:
    """Trains every recipe in turn and prints its row."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("recipes", nargs="+")
    parser.add_argument("--seconds", type=float, default=45)
    arguments = parser.parse_args()

    import numpy as np
    from contestants import Ours

    from datamodules.array import ArrayData

    data = ArrayData(str(arguments.data))
    data.setup()
    images = data.images(data.split["train"])
    held_out = np.concatenate([data.split["val"], data.split["test"]])[:SPRITES]
    x0 = data.images(held_out).float().div(127.5).sub(1)
    print("| recipe | images | " + " | ".join(f"log-SNR {k}" for k in LOG_SNRS) + " | sum |")
    print("|" + "---|" * (3 + len(LOG_SNRS)))
    for recipe in arguments.recipes:
        trained, rows = Ours(recipe, data), np.random.default_rng(0)
        used = 0.0
        while used < arguments.seconds:
            start = time.process_time()
            trained.step(images[rows.choice(len(images), trained.batch)], used / arguments.seconds)
            used += time.process_time() - start
        errors = clean_errors(trained.average.eval(), x0)
        cells = [f"{error:.3g}" for error in (*errors, sum(errors))]
        print(
            f"| `{recipe}` | {trained.steps * trained.batch:,} | {' | '.join(cells)} |", flush=True
        )


if __name__ == "__main__":
    main()
