"""What the audit of frames accuses: real strips, and the same with a fault planted in them.

    OMP_NUM_THREADS=1 python benchmarks/motion.py ninja_16.npz dawnlike_16.npz

The sets name their sprites by sheet, row and column. In the first (`sp/monsters/7/r1c0`) a column
of four rows is a walk; a row that repeats the first was left out of the set, and stands in again.
In the second a place on two sheets (`Characters/Avian0/r1c0` and `Avian1`) is a figure in two
frames. Prints how many real strips are accused, and of 30 planted faults of each kind, which walks
get, how many are found.
"""

import argparse
import re
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))
from diffusion.metrics.figure import opaque  # noqa: E402
from diffusion.motion import KINDS, faults  # noqa: E402
from diffusion.novelty.moves import moved  # noqa: E402

PLANTED = 30  # of each kind


def named(file: Path) -> tuple[dict[str, int], Tensor]:
    """The row of each name, and all sprites uint8 `(N, C, H, W)`."""
    with np.load(file) as read:
        images = torch.from_numpy(read["images"].transpose(0, 3, 1, 2).copy())
        return {name: k for k, name in enumerate(read["names"].tolist())}, images


def walks(file: Path) -> list[tuple[str, Tensor]]:
    """The sheet's kind and four frames uint8 `(4, C, H, W)` of each walk."""
    at, images = named(file)
    found = []
    for name in at:
        sheet = re.fullmatch(r"(.*)/r0(c\d+)", name)
        if not sheet:
            continue
        frames = [f"{sheet[1]}/r{row}{sheet[2]}" for row in range(4)]
        if frames[1] in at and frames[3] in at:
            rows = [at.get(each, at[name]) for each in frames]
            found.append((name.split("/")[-3], images[rows]))
    return found


def pairs(file: Path) -> list[Tensor]:
    """Two frames uint8 `(2, C, H, W)` of each figure that has them."""
    at, images = named(file)
    found = []
    for name in at:
        sheet = re.fullmatch(r"(Characters/[A-Za-z]+)0(/.*)", name)
        if sheet and (other := f"{sheet[1]}1{sheet[2]}") in at:
            found.append(images[[at[name], at[other]]])
    return found


def accused(name: str, strips: list[Tensor]) -> None:
    """Prints how many real strips are accused."""
    print(f"real, {name}: {sum(bool(faults(each)) for each in strips)} of {len(strips)} accused")


def duplicate(frames: Tensor, rng: np.random.Generator, _: Tensor) -> Tensor:
    """A frame once more in the place of the next."""
    k = int(rng.integers(1, len(frames)))
    frames[k] = frames[k - 1]
    return frames


def pop(frames: Tensor, rng: np.random.Generator, other: Tensor) -> Tensor:
    """A frame of another figure."""
    k = int(rng.integers(len(frames)))
    frames[k] = other[k]
    return frames


def open_loop(frames: Tensor, rng: np.random.Generator, other: Tensor) -> Tensor:
    """Eight frames: the walk twice, climbing or sinking by a pixel a frame; or another figure
    that takes the first one's place, a few pixels a frame."""
    if rng.random() < 0.5:
        way = int(rng.choice([-1, 1]))
        return torch.stack(
            [moved(each, (way * k, 0)) for k, each in enumerate([*frames, *frames])]
        )
    turned = torch.from_numpy(rng.permutation(frames[0, 0].numel())).view(frames.shape[2:])
    steps = [turned < k * turned.numel() // 8 for k in range(8)]
    return torch.stack([torch.where(step, other[0], frames[0]) for step in steps])


def detached(frames: Tensor, rng: np.random.Generator, _: Tensor) -> Tensor:
    """Two to six pixels of one frame once more, where nothing touches them."""
    k = int(rng.integers(len(frames)))
    figure = opaque(frames)[k]
    height, width = figure.shape
    free = ~torch.nn.functional.max_pool2d(figure.float()[None], 3, 1, 1)[0].bool()
    for _ in range(1_000):
        h, w = (2, int(rng.integers(1, 4))) if rng.random() < 0.5 else (int(rng.integers(2, 4)), 1)
        y, x = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        v, u = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        if figure[y : y + h, x : x + w].all() and free[v : v + h, u : u + w].all():
            frames[k, :, v : v + h, u : u + w] = frames[k, :, y : y + h, x : x + w]
            return frames
    raise ValueError("no room")


def drift(frames: Tensor, rng: np.random.Generator, _: Tensor) -> Tensor:
    """Each frame a pixel further to one side, on a canvas that has room for it."""
    frames = torch.nn.functional.pad(frames, (3, 3))
    way = int(rng.choice([-1, 1]))
    return torch.stack([moved(each, (0, way * k)) for k, each in enumerate(frames)])


PLANTS = dict(zip(KINDS, (duplicate, pop, open_loop, detached, drift), strict=True))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("walks", type=Path)
    parser.add_argument("pairs", type=Path)
    arguments = parser.parse_args()
    real = walks(arguments.walks)
    for kind in sorted({kind for kind, _ in real}):
        accused(kind, [frames for each, frames in real if each == kind])
    accused("two frames", pairs(arguments.pairs))
    rng = np.random.default_rng(0)
    for kind, plant in PLANTS.items():
        found = named = tried = 0
        while tried < PLANTED:
            one, other = rng.permutation(len(real))[:2]
            try:
                frames = plant(real[one][1].clone(), rng, real[other][1])
            except ValueError:  # no room for a detached part
                continue
            tried += 1
            kinds = {fault.kind for fault in faults(frames)}
            found += bool(kinds)
            named += kind in kinds
        print(f"planted {kind}: {named} of {PLANTED} named, {found} accused of something")


if __name__ == "__main__":
    main()
