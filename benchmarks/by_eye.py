"""Sprites judged by people who know neither where each comes from nor what is hoped for.

    python benchmarks/by_eye.py sheets FOLDER real=held_out.npz short=runs/a long=runs/b --n 64
    python benchmarks/by_eye.py count FOLDER first.csv second.csv

`sheets` shuffles n sprites of each kind and puts them, numbered, on sheets to look at; which is
which stands in `FOLDER/key.json`, which no judge sees. `real` is a data set, of which unseen
sprites are taken, one of a group. A judge writes a line for each sprite, `17,finished`, by the
rubric in docs/metrics.md. `count` prints a row per kind, the shares being means over the judges
with the standard error over sprites, and how well each two judges agree (Cohen's kappa).
"""

import argparse
import csv
import json
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parents[1]))
import sprite_diffusion as sd  # noqa: E402
from datamodules.array import ArrayData  # noqa: E402
from diffusion import pictures  # noqa: E402

VERDICTS = ("finished", "repaint", "rubbish")
COLUMNS, ROWS = 6, 4  # of a sheet
SIDE, LINE, GAP = 112, 14, 8  # pixels of a sprite at most, of its number, and around both


def unseen(file: Path, n: int) -> np.ndarray:
    """Real sprites uint8 `(n, H, W, C)` that nobody trained on, of n different groups."""
    data = ArrayData(str(file))
    data.setup()
    rows = np.concatenate([data.split["val"], data.split["test"]])
    _, first = np.unique(data.groups[rows], return_index=True)
    chosen = np.random.default_rng(0).permutation(rows[first])[:n]
    return data.images(chosen).permute(0, 2, 3, 1).numpy()


def made(name: str, n: int) -> np.ndarray:
    """The first n sprites `(n, H, W, C)` of an `.npz`, or of a run."""
    if name.endswith(".npz"):
        return np.load(name)["images"][:n]
    return sd.load(name).sample(n, seed=0).images


def sheet(images: np.ndarray, numbers: list[int]) -> Image.Image:
    """Numbered sprites in rows, each as large as fits, on the paper of all our pictures."""
    scale = SIDE // max(images.shape[1:3])
    each = [
        pictures.grid(torch.from_numpy(image).permute(2, 0, 1)[None], columns=1, scale=scale)
        for image in images
    ]
    wide, high = each[0].width + GAP, each[0].height + LINE + GAP
    page = Image.new("RGB", (COLUMNS * wide + GAP, ROWS * high + GAP), pictures.PAPER)
    pen = ImageDraw.Draw(page)
    for k, (piece, number) in enumerate(zip(each, numbers, strict=True)):
        left, top = GAP + k % COLUMNS * wide, GAP + k // COLUMNS * high
        pen.text((left, top), str(number), fill=(0, 0, 0))
        page.paste(piece, (left, top + LINE))
    return page


def sheets(folder: Path, kinds: list[str], n: int) -> None:
    """Writes the sheets and the key."""
    images, origin = [], []
    for each in kinds:
        kind, _, where = each.partition("=")
        found = unseen(Path(where), n) if kind == "real" else made(where, n)
        images += list(found)
        origin += [kind] * len(found)
    order = np.random.default_rng(1).permutation(len(images))
    folder.mkdir(parents=True)
    (folder / "key.json").write_text(json.dumps([origin[k] for k in order]))
    per = COLUMNS * ROWS
    for first in range(0, len(order), per):
        part = order[first : first + per]
        page = sheet(np.stack([images[k] for k in part]), [*range(first, first + len(part))])
        page.save(folder / f"sheet-{first // per:02d}.png")
    print(f"{len(order)} sprites on {-(-len(order) // per)} sheets in {folder}")


def count(folder: Path, judges: list[Path]) -> None:
    """Prints the shares of each kind, and the agreement of the judges."""
    origin = np.array(json.loads((folder / "key.json").read_text()))
    said = []
    for judge in judges:
        with judge.open(newline="") as file:
            found = {
                int(number): VERDICTS.index(word.strip()) for number, word in csv.reader(file)
            }
        said.append([found[k] for k in range(len(origin))])
    table = np.array(said)
    print(f"| sprites | n | {' | '.join(VERDICTS)} |\n|---|---|---|---|---|")
    for kind in dict.fromkeys(origin):
        theirs = table[:, origin == kind]
        cells = []
        for verdict in range(len(VERDICTS)):
            each = (theirs == verdict).mean(axis=0)  # of a sprite, over the judges
            error = each.std() / len(each) ** 0.5
            cells.append(f"{each.mean():.0%} +- {error:.0%}")
        print(f"| {kind} | {theirs.shape[1]} | {' | '.join(cells)} |")
    for one, other in combinations(range(len(table)), 2):
        same = (table[one] == table[other]).mean()
        shares = [[(row == k).mean() for k in range(3)] for row in (table[one], table[other])]
        chance = float(np.dot(*shares))
        print(f"judges {one + 1} and {other + 1} agree on {same:.0%}, kappa ", end="")
        print(f"{(same - chance) / (1 - chance):.2f}")


def main() -> None:
    """Makes sheets, or counts what was said of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["sheets", "count"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("words", nargs="+")
    parser.add_argument("--n", type=int, default=64)
    arguments = parser.parse_args()
    if arguments.what == "sheets":
        sheets(arguments.folder, arguments.words, arguments.n)
    else:
        count(arguments.folder, [Path(word) for word in arguments.words])


if __name__ == "__main__":
    main()
