"""What one training makes along the way: the same noise, after 1, 4 and more epochs.

    OMP_NUM_THREADS=1 python benchmarks/course/epochs.py 894.ckpt 3576.ckpt --picture epochs.png

The checkpoints are copies of a run's `checkpoints/last.ckpt`, made while it trains; an epoch of
the course is 894 steps of 100 sprites. 128 sprites each by the run's own sampler, against the
training sprites; 16 of each in the picture.
"""

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from diffusion import pictures  # noqa: E402
from diffusion.judge import Judge  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402
from diffusion.runs.loading import load  # noqa: E402
from diffusion.runs.training_data import training_data  # noqa: E402

N, SHOWN, ROWS, BATCH = 128, 16, 89_400, 100
SCORES = "sprite_fd", "precision", "recall", "coverage"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--picture", type=Path, required=True)
    asked = parser.parse_args()
    rows, names, judge = [], [], None
    for checkpoint in asked.checkpoints:
        loaded = load(checkpoint)
        if judge is None:
            judge = Judge.of(training_data(loaded.card), {"sprite_features": SpriteFeatures()}, N)
            values = "  ".join(f"{judge.floors[key]:6.2f}" for key in SCORES)
            print(f"{'held-out sprites':20}{values}", flush=True)
        images = torch.cat(list(loaded.sprites(loaded.sampler()[0], 0).batches(range(N))))
        step = torch.load(checkpoint, map_location="cpu", weights_only=True)["global_step"]
        names.append(f"{step * BATCH / ROWS:.0f} epochs".replace("1 epochs", "1 epoch"))
        scores = judge.scores(images)
        print(f"{names[-1]:20}" + "  ".join(f"{scores[key]:6.2f}" for key in SCORES), flush=True)
        rows.append(pictures.grid(images[:SHOWN], columns=SHOWN, scale=3))
    asked.picture.write_bytes(pictures.png(pictures.named_rows(rows, names)))


if __name__ == "__main__":
    main()
