"""What a temperature makes of the same noise: plainer insides, at the price of variety.

    OMP_NUM_THREADS=1 python benchmarks/temperature.py runs/mine --n 1024
    OMP_NUM_THREADS=1 python benchmarks/temperature.py runs/mine --picture temperature.png

A row for each number of evaluations and temperature, against the training sprites; of procedural
characters also the share that is right to the pixel, and in which all attributes can be read.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from judging import COLUMNS
from PIL import Image
from samplers import print_row, sprites

from diffusion import pictures
from diffusion.judge import Judge
from diffusion.metrics.pixel_art import PixelArt
from diffusion.metrics.sprite_features import SpriteFeatures
from diffusion.runs.loading import Loaded, checkpoint_file, load
from diffusion.runs.training_data import training_data

SHOWN = 14  # sprites in a row of the picture
READ = {"valid_exact": "to the pixel", "readable": "readable"}


def main() -> None:
    """Prints a row for each way to sample, or draws one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--n", type=int, default=512)
    parser.add_argument("--steps", nargs="+", type=int, default=[10, 25])
    parser.add_argument("--temperatures", nargs="+", type=float, default=[1.0, 0.7, 0.5, 0.33])
    parser.add_argument("--data", help="where the training data is now")
    parser.add_argument(
        "--all-colours",
        action="store_true",
        help="judge by the sprites as they are, where the run learned them in few colours",
    )
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    loaded = load(checkpoint_file(arguments.run, "last"))
    ways = [(steps, each) for steps in arguments.steps for each in arguments.temperatures]
    if arguments.picture:
        draw(loaded, ways).save(arguments.picture, optimize=True)
        return
    data = training_data(loaded.card, arguments.data)
    if arguments.all_colours:
        data.most_colours = None
        del data.card  # so that they are read again
        data.setup()
    judge = Judge.of(data, {"features": SpriteFeatures(), "art": PixelArt()}, arguments.n)
    real = data.validity(data.images(data.split["val"][:8]))
    read = {key: name for key, name in READ.items() if key in real}
    print_row("evaluations", "temperature", *COLUMNS.values(), *read.values())
    print_row(*["---"] * (len(COLUMNS) + len(read) + 2))
    for steps, temperature in ways:
        images = made(loaded, steps, temperature, arguments.n)
        told = judge.told_apart(images, with_floor=False)
        scores = judge.scores(images) | ({"told_apart": told.value} if told else {})
        values = [scores.get(key) for key in COLUMNS]
        if read:
            values += [data.validity(images).get(key) for key in read]
        cells = ["-" if value is None else f"{value:.3g}" for value in values]
        print_row(str(steps), f"{temperature:g}", *cells)


def made(loaded: Loaded, steps: int, temperature: float, n: int) -> torch.Tensor:
    """The first n sprites of seed 0, uint8 `(n, C, H, W)`."""
    sampler, _ = loaded.sampler({"steps": steps, "temperature": temperature})
    return sprites(loaded, sampler, 0, n)


def draw(loaded: Loaded, ways: list[tuple[int, float]]) -> Image.Image:
    """The same noise under each of them, in rows."""
    rows = [pictures.grid(made(loaded, *way, SHOWN), columns=SHOWN, scale=3) for way in ways]
    names = [f"temperature {each:g}, {steps} evaluations" for steps, each in ways]
    return pictures.named_rows(rows, names)


if __name__ == "__main__":
    main()
