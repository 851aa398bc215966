"""Sampling with and without the extra noise of DDPM, and by samplers that need none or little.

    OMP_NUM_THREADS=1 python benchmarks/course/extra_noise.py runs/first --picture extra_noise.png

256 sprites each, of the same first noise, against the training sprites; 16 of each in the picture.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[2]))

from diffusion import pictures  # noqa: E402
from diffusion.judge import Judge  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402
from diffusion.noise import ImageNoise  # noqa: E402
from diffusion.runs.loading import checkpoint_file, load  # noqa: E402
from diffusion.runs.training_data import training_data  # noqa: E402
from diffusion.samplers.ddim import DDIM  # noqa: E402
from diffusion.samplers.ddpm import DDPM  # noqa: E402
from diffusion.samplers.dpm_solver import DPMSolver  # noqa: E402

N, SHOWN, AT_ONCE = 256, 16, 64
SCORES = "sprite_fd", "precision", "recall", "coverage"
WAYS = {
    "ddpm, 100 steps": (DDPM(100, "beta"), True),
    "the same without the extra noise": (DDPM(100, "beta"), False),
    "ddim, 25 steps": (DDIM(25), True),
    "dpm_solver, 10 steps": (DPMSolver(), True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("--picture", type=Path, required=True)
    asked = parser.parse_args()
    loaded = load(checkpoint_file(asked.run, "last"))
    judge = Judge.of(training_data(loaded.card), {"sprite_features": SpriteFeatures()}, N)
    sprites, shape = loaded.sprites(loaded.sampler()[0], 0), loaded.card["sprites"]["shape"]
    print(f"{'held-out sprites':34}" + "  ".join(f"{judge.floors[key]:6.2f}" for key in SCORES))
    rows = []
    for name, (sampler, fresh) in WAYS.items():
        made = []
        for first in range(0, N, AT_ONCE):
            some = range(first, first + AT_ONCE)
            noise = ImageNoise(0, some, shape)
            draw = noise if fresh else first_alone(noise)
            made.append(sampler(loaded.denoiser, draw, sprites.labels(some)))
        images = sprites.codec.decode(torch.cat(made))
        scores = judge.scores(images)
        print(f"{name:34}" + "  ".join(f"{scores[key]:6.2f}" for key in SCORES), flush=True)
        rows.append(pictures.grid(images[:SHOWN], columns=SHOWN, scale=3))
    page = pictures.named_rows(rows, list(WAYS))
    asked.picture.write_bytes(pictures.png(page))


def first_alone(noise: ImageNoise) -> Callable[[int], Tensor]:
    """The noise that sprites begin with, and none afterwards."""
    return lambda draw: noise(draw) * (draw == 0)


if __name__ == "__main__":
    main()
