"""What comes out of a set after so much training: a row of sprites for each run, none chosen.

    OMP_NUM_THREADS=1 python benchmarks/budgets.py budgets.png "33,664 images=runs/short" ...

The first sprites of seed 0, as `sampler=low_temperature` makes them, the name at the left.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image
from samplers import sprites

from diffusion import pictures
from diffusion.commands.reporting import recipe_of
from diffusion.runs.loading import checkpoint_file, load

WIDTH, HEIGHT = 700, 70  # pixels of a row


def main() -> None:
    """Draws the runs and writes the picture."""
    parser = argparse.ArgumentParser()
    parser.add_argument("picture", type=Path)
    parser.add_argument("runs", nargs="+", help='such as "90 seconds=runs/short"')
    arguments = parser.parse_args()
    names, runs = zip(*(each.split("=", 1) for each in arguments.runs), strict=True)
    pictures.named_rows([row(run) for run in runs], names).save(arguments.picture, optimize=True)


def row(run: str) -> Image.Image:
    """The first sprites of a run, side by side."""
    loaded = load(checkpoint_file(run, "last"))
    sampler, _ = loaded.sampler(recipe_of("low_temperature"))
    side = loaded.card["sprites"]["shape"][-1] + 1
    scale = (HEIGHT - 4) // side
    shown = WIDTH // (side * scale)
    there = pictures.grid(sprites(loaded, sampler, 0, shown), columns=shown, scale=scale)
    page = Image.new("RGB", (WIDTH + scale, HEIGHT), pictures.PAPER)  # all rows are of one size
    page.paste(there, (0, (HEIGHT - there.height) // 2))
    return page


if __name__ == "__main__":
    main()
