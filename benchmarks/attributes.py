"""Whether attributes that are asked for can be read in the sprites: `hair=long tool=sword`.

    python train.py model.classes=attributes hydra.run.dir=runs/attributes
    OMP_NUM_THREADS=1 python benchmarks/attributes.py runs/attributes

The run is one on procedural characters or on Nouns, in which attributes can be read back; of Nouns
those of the nearest of all combinations. A row per attribute: how many sprites in a hundred show
the value that was asked for, of those in which it can be read, at each guidance; and how many can
be read. The last row asks for all attributes at once. For pairs of values that no training sprite
has:

    python benchmarks/attributes.py --without-pairs pairs.npz
    python train.py data=array data.path=pairs.npz model.classes=attributes \
        hydra.run.dir=runs/pairs
    OMP_NUM_THREADS=1 python benchmarks/attributes.py runs/pairs --pairs
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
import sprite_diffusion as sd  # noqa: E402
from datamodules.characters.attributes import read_attributes  # noqa: E402
from datamodules.characters.people import ATTRIBUTES, Character, characters  # noqa: E402
from datamodules.forge import ForgeData  # noqa: E402
from datamodules.nouns import NounsData  # noqa: E402
from diffusion import pictures  # noqa: E402
from diffusion.runs.loading import checkpoint_file, load  # noqa: E402
from diffusion.runs.training_data import training_data  # noqa: E402

PAIRS = (  # values that together no training sprite has
    {"hair": "long", "tool": "sword"},
    {"clothes": "robe", "cloth_colour": "red"},
    {"hair_colour": "silver", "skin": "deep"},
    {"hat": "none", "belt": "plain"},
    {"body": "stout", "head": "square"},
)


MOST = 48  # values of an attribute that are asked for; where it has more, some of them by chance

SHOWN: tuple[dict[str, str], ...] = (  # rows of the picture: more and more of the same sprites
    {},
    {"hair": "long"},
    {"hair": "long", "tool": "sword"},
    {"hair": "long", "tool": "sword", "clothes": "robe"},
    {"hair": "long", "tool": "sword", "clothes": "robe", "cloth_colour": "red", "hat": "crown"},
)


def draw(run: sd.Run) -> Image.Image:
    """Twelve sprites of one seed under each of `SHOWN`."""
    made = [torch.from_numpy(run.sample(12, seed=0, **words).images) for words in SHOWN]
    rows = [pictures.grid(images.permute(0, 3, 1, 2), columns=12, scale=3) for images in made]
    names = [" ".join(f"{name}={value}" for name, value in words.items()) for words in SHOWN]
    return pictures.named_rows(rows, [name or "nothing" for name in names])


def has(character: Character, pair: Mapping[str, str]) -> bool:
    """Whether the character has all these values."""
    return all(getattr(character, name) == value for name, value in pair.items())


def without_pairs(file: Path, n: int = 4000) -> None:
    """Characters of the forge with none of the pairs, and their attributes, as an `.npz`."""
    for pair in PAIRS:
        for name, value in pair.items():
            assert value in ATTRIBUTES[name], (name, value, ATTRIBUTES[name])
    data = ForgeData(n=n)
    data.setup()
    kept = [
        k for k, each in enumerate(characters(n)) if not any(has(each, pair) for pair in PAIRS)
    ]
    told = data.attribute_values(np.array(kept)).numpy().T
    columns = {
        f"attribute.{name}": np.array(values)[numbers]
        for (name, values), numbers in zip(ATTRIBUTES.items(), told, strict=True)
    }
    np.savez(file, images=data.sprites.images[kept], groups=np.arange(len(kept)), **columns)
    print(f"{len(kept):,} of {n:,} characters in {file}")


class Reader:
    """Makes sprites of a run, and reads their attributes.

    Args:
        run: its directory.
        temperature: of the sampler; below 1 by `sampler=low_temperature`.
    """

    def __init__(self, run: str, temperature: float = 1.0) -> None:
        card = load(checkpoint_file(run, "last")).card
        self.run, self.known = sd.load(run), card["sprites"]["attributes"]
        self.data = training_data(card)
        self.words: dict[str, Any] = {}
        if temperature < 1:
            self.words = {"sampler": "low_temperature", "sampler.temperature": temperature}

    def __call__(
        self, n: int, guidance: float, words: Mapping[str, str], seed: int
    ) -> list[dict[str, str]]:
        """What n sprites of a seed show that were made with these words."""
        images = self.run.sample(n, seed=seed, guidance=guidance, **self.words, **words).images
        if not isinstance(self.data, NounsData):
            return read_attributes(images)
        numbers, _ = self.data.layers.nearest(images)
        return [
            {name: values[k] for (name, values), k in zip(self.known.items(), row, strict=True)}
            for row in numbers
        ]

    def rows(self, pairs: bool) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """What is asked for in each row of the table."""
        if pairs:
            for pair in PAIRS:
                yield " ".join(f"{name}={value}" for name, value in pair.items()), [pair]
            return
        rng = np.random.default_rng(0)
        for name, values in self.known.items():
            some = rng.permutation(values)[:MOST].tolist()
            yield f"{name}, {len(values)} values", [{name: value} for value in some]
        drawn = [
            {name: str(rng.choice(values)) for name, values in self.known.items()}
            for _ in range(MOST)
        ]
        yield "all at once", drawn


def shares(found: list[dict[str, str]], words: Mapping[str, str]) -> tuple[float, float]:
    """Of sprites in which all these can be read, how many show them; and how many can be read."""
    legible = [each for each in found if words.keys() <= each.keys()]
    right = sum(all(each[name] == value for name, value in words.items()) for each in legible)
    return right / max(1, len(legible)), len(legible) / len(found)


def main() -> None:
    """Prints the table, or writes sprites without the pairs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", nargs="?")
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--without-pairs", type=Path)
    parser.add_argument("--picture", type=Path, help="a PNG in place of the table")
    parser.add_argument("--n", type=int, default=96, help="sprites of a row and guidance")
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 2.0, 3.0])
    parser.add_argument("--temperature", type=float, default=1.0)
    arguments = parser.parse_args()
    if arguments.without_pairs:
        without_pairs(arguments.without_pairs)
        return
    if arguments.picture:
        draw(sd.load(arguments.run)).save(arguments.picture, optimize=True)
        return
    heads = [f"guidance {scale:g}" for scale in arguments.guidance]
    print(f"| asked for | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}", flush=True)
    total = np.zeros((len(heads), 2))
    read = Reader(arguments.run, arguments.temperature)
    table = [*read.rows(arguments.pairs)]
    for name, asked in table:
        cells = []
        for k, scale in enumerate(arguments.guidance):
            each = [
                shares(read(max(1, arguments.n // len(asked)), scale, words, seed), words)
                for seed, words in enumerate(asked)  # or what is drawn beside were always the same
            ]
            right, legible = np.mean(each, axis=0)
            total[k] += right / len(table), legible / len(table)
            cells.append(f"{right:.0%} of {legible:.0%}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    cells = [f"{right:.0%} of {legible:.0%}" for right, legible in total]
    print(f"| mean | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
