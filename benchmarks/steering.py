"""What each word that steers makes of the same noise, whether it is obeyed, and what it costs.

    python train.py model.classes=attributes trainer.max_steps=2400 hydra.run.dir=runs/forge
    OMP_NUM_THREADS=1 python benchmarks/steering.py runs/forge --picture steering.png
    OMP_NUM_THREADS=1 python benchmarks/steering.py runs/forge --promises

A row per word: the share of sprites that obey it, their distance to unseen real sprites, the share
that repeats a training sprite, CPU seconds of 16 sprites after start-up; and of procedural
characters, whose attributes can be read back, the share in which all and the mean share that can.
It needs sprites with alpha and a palette. Labels have rows where the run learned some, and so has
another tool for sprite 0. `--promises` compares half a palette with real sprites that have only
these colours too, and looks into the kept halves of many sprites.
"""

import argparse
import sys
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
import sprite_diffusion as sd  # noqa: E402
from datamodules.characters.attributes import read_attributes  # noqa: E402
from datamodules.characters.drawing import draw_all  # noqa: E402
from datamodules.characters.people import ATTRIBUTES, characters  # noqa: E402
from datamodules.forge import ForgeData  # noqa: E402
from diffusion import pictures  # noqa: E402
from diffusion.judge import Judge  # noqa: E402
from diffusion.metrics.pixel_art import PixelArt  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402
from diffusion.pixels import PixelCodec  # noqa: E402
from diffusion.runs.loading import checkpoint_file, load  # noqa: E402
from diffusion.runs.training_data import training_data  # noqa: E402
from diffusion.steering.repainting import oklab  # noqa: E402

WORDS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "max_colours=5": {"max_colours": 5},
    "from=0 keep=top": {"from_": 0, "keep": "top"},
    "from=0 keep=alpha": {"from_": 0, "keep": "alpha"},
    "from=0 keep=outline": {"from_": 0, "keep": "outline"},
    "from=0 keep=colours": {"from_": 0, "keep": "colours"},
    "from=0 noise_level=0.4": {"from_": 0, "noise_level": 0.4},
    "mirror=true": {"mirror": True},
    "tile=xy": {"tile": "xy"},
}
AXE: dict[str, dict[str, Any]] = {  # of characters whose attributes the network was told
    "from=0 noise_level=0.7 tool=axe": {"from_": 0, "noise_level": 0.7, "tool": "axe"},
    "from=0 keep=left tool=axe": {"from_": 0, "keep": "left", "tool": "axe"},
}
ORIGINS, SHOWN, SCALE = 32, 12, 3


class Bench:
    """A run, its data, and who measures its sprites.

    Args:
        run: its directory.
        n: how many sprites are measured.
    """

    def __init__(self, run: str, n: int) -> None:
        self.run, self.n = sd.load(run), n
        self.loaded = load(checkpoint_file(run, "last"))
        self.data = training_data(self.loaded.card, None, self.loaded.trust)
        self.judge = Judge.of(
            self.data, {"sprites": SpriteFeatures(), "pixels": PixelArt()}, n, searched=None
        )
        self.origin = self.data.sprites.images[0]

    @cached_property
    def palette(self) -> np.ndarray:
        """The opaque colours it draws with, bytes `(K, C)`, the darkest first."""
        colours = self.loaded.denoiser.prediction.colours
        found = PixelCodec().decode(colours[:, :, None, None].cpu())[:, :, 0, 0].numpy()
        found = found[found[:, 3] > 0] if found.shape[1] == 4 else found
        return found[np.argsort(oklab(found)[:, 0], kind="stable")]

    @cached_property
    def half(self) -> np.ndarray:
        """Every second of these colours."""
        return self.palette[::2]

    def words(self) -> dict[str, dict[str, Any]]:
        """The rows of the table."""
        half = f"colours=, {len(self.half)} of {len(self.palette)}"
        rows = WORDS | {half: {"colours": self._colours}}
        names = self.loaded.card["sprites"].get("label_names") or ()
        if self.loaded.denoiser.classes and not self.loaded.denoiser.attributes and len(names) > 1:
            one, other = names[:2]
            rows[f"label={one}"] = {"label": one}
            rows[f"label={one} guidance=2"] = {"label": one, "guidance": 2.0}
            rows[f"label={one}+{other}"] = {"label": f"{one}+{other}"}
        if self.loaded.denoiser.attributes and isinstance(self.data, ForgeData):
            rows |= AXE
        return rows

    def row(self, name: str, words: dict[str, Any], images: np.ndarray) -> str:
        """What the table says of these sprites."""
        before = time.process_time()
        self.run.sample(16, seed=1, **words).images  # noqa: B018
        seconds = time.process_time() - before
        scores = self.judge.scores(_channels_first(images))
        cells = [
            self.obeyed(words, images),
            f"{scores['sprite_fd']:.1f}",
            f"{scores['copy_rate']:.1%}",
            f"{seconds:.1f}",
        ]
        if isinstance(self.data, ForgeData):
            read = self.data.validity(_channels_first(images))
            cells += [f"{read[key]:.0%}" for key in ("readable", "readable_attributes")]
        return f"| `{name}` | {' | '.join(cells)} |"

    def obeyed(self, words: dict[str, Any], images: np.ndarray) -> str:
        """In what share of the sprites the word is obeyed, where that can be counted."""
        same = (images == self.origin).all(axis=-1)
        match words:
            case {"tool": tool}:
                held = np.array([each.get("tool") == tool for each in read_attributes(images)])
            case {"colours": colours}:
                held = _only(images, {bytes.fromhex(each) for each in colours})
            case {"max_colours": most}:
                held = np.array([len(found) <= most for found in _opaque(images)])
            case {"keep": "top"}:
                held = same[:, : len(self.origin) // 2].all(axis=(1, 2))
            case {"keep": "alpha"}:
                held = (images[..., 3] == self.origin[..., 3]).all(axis=(1, 2))
            case {"keep": "colours"}:
                held = _only(images, _opaque(self.origin[None])[0])
            case {"mirror": True}:
                held = (images == images[:, :, ::-1]).all(axis=(1, 2, 3))
            case {"label": _} if isinstance(self.data, ForgeData):
                read = [each.get("clothes", "-") for each in read_attributes(images)]
                shares = {name: read.count(name) / len(read) for name in sorted({*read})}
                return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
            case _:
                return ""
        return f"{held.mean():.1%}"

    def half_a_palette(self) -> str:
        """Distances to unseen sprites: made in half the palette, and real ones reduced to it."""
        unseen = np.concatenate([self.data.split[part] for part in ("val", "test")])[: self.n]
        real = _reduced(self.data.sprites.images[unseen], self.half)
        made = self.run.sample(len(real), seed=0, colours=self._colours).images
        one, other = (
            self.judge.scores(_channels_first(images))["sprite_fd"] for images in (made, real)
        )
        return (
            f"{len(self.half)} of {len(self.palette)} colours: made {one:.1f}, real sprites with "
            f"these colours only {other:.1f}, ratio {one / other:.2f}"
        )

    @property
    def _colours(self) -> list[str]:
        return [bytes(colour[:3]).hex() for colour in self.half]

    def kept_halves(self) -> str:
        """Of unseen sprites, the upper half kept and the rest invented, 16 times each."""
        origins = self.data.split["val"][:ORIGINS].tolist()
        top = len(self.origin) // 2
        made, equal, fewest = [], 0, 16
        for origin in origins:
            images = self.run.sample(16, seed=0, from_=origin, keep="top").images
            half = self.data.sprites.images[origin][:top]
            equal += int((images[:, :top] == half).all(axis=(1, 2, 3)).sum())
            fewest = min(fewest, len({each.tobytes() for each in images}))
            made.append(images)
        images = np.concatenate(made)
        copies = self.judge.scores(_channels_first(images))["copy_rate"]
        line = (
            f"{equal} of {len(images)} kept exactly, at least {fewest} of 16 distinct, "
            f"{copies:.1%} repeat a training sprite (unseen real sprites "
            f"{self.judge.passport.base_rates['copy_rate']:.1%})"
        )
        if isinstance(self.data, ForgeData):
            line += f"; {self._read_back(images, origins)}"
        return line

    def _read_back(self, images: np.ndarray, origins: list[int]) -> str:
        """What can be read in kept halves, and in the whole."""
        known = [each for each in _in_upper_half(origins) for _ in range(16)]
        pairs = [
            (one[name], other[name])
            for one, other in zip(known, read_attributes(images), strict=True)
            for name in one.keys() & other.keys()
        ]
        equal = sum(one == other for one, other in pairs)
        free = self.run.sample(len(images), seed=0).images
        whole, anew = (
            self.data.validity(_channels_first(each))["readable"] for each in (images, free)
        )
        return (
            f"of {len(pairs)} attributes in kept halves {equal / len(pairs):.1%} read the same; "
            f"{whole:.0%} are readable characters, of sprites made from nothing {anew:.0%}"
        )


def draw(rows: dict[str, np.ndarray], origin: np.ndarray) -> Image.Image:
    """A row of sprites for each word, which stands at its left; the origin below."""
    pieces = [
        pictures.grid(_channels_first(row), columns=SHOWN, scale=SCALE) for row in rows.values()
    ]
    pieces.append(pictures.grid(_channels_first(origin[None]), columns=1, scale=SCALE))
    return pictures.named_rows(pieces, [*rows, "sprite 0"])


def _in_upper_half(rows: list[int]) -> list[dict[str, str]]:
    """Of these characters the attributes that change no pixel of the lower half."""
    everyone, found = characters(max(3, max(rows) + 1)), []
    for character in (everyone[row] for row in rows):
        own = {}
        for name, values in ATTRIBUTES.items():
            drawn = draw_all([replace(character, **{name: value}) for value in values], 16)
            if (drawn[:, 8:] == drawn[:1, 8:]).all():
                own[name] = getattr(character, name)
        found.append(own)
    return found


def _channels_first(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def _opaque(images: np.ndarray) -> list[set[bytes]]:
    """The opaque colours of each sprite."""
    return [
        {pixel.tobytes() for pixel in image.reshape(-1, 4)[:, :3][image[..., 3].ravel() > 0]}
        for image in images
    ]


def _only(images: np.ndarray, allowed: set[bytes]) -> np.ndarray:
    return np.array([found <= allowed for found in _opaque(images)])


def _reduced(images: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Each opaque pixel in the nearest of these colours in Oklab."""
    distance = np.linalg.norm(oklab(images.reshape(-1, 4))[:, None] - oklab(colours), axis=2)
    nearest = colours[distance.argmin(1)].reshape(images.shape)
    return np.where(images[..., 3:] > 0, nearest, images)


def main() -> None:
    """Prints a row per word, and draws them if asked; or what was promised."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--n", type=int, default=512)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--promises", action="store_true")
    arguments = parser.parse_args()
    bench, rows = Bench(arguments.run, arguments.n), dict[str, np.ndarray]()
    if arguments.promises:
        print(bench.half_a_palette(), bench.kept_halves(), sep="\n")
        return
    heads = ["words", "obeyed", "distance", "copies", "16 sprites, CPU s"]
    heads += ["readable", "attributes readable"] if isinstance(bench.data, ForgeData) else []
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, words in bench.words().items():
        images = bench.run.sample(arguments.n, seed=0, **words).images
        rows[name] = images[:SHOWN]
        print(bench.row(name, words, images), flush=True)
    if arguments.picture:
        draw(rows, bench.origin).save(arguments.picture, optimize=True)


if __name__ == "__main__":
    main()
