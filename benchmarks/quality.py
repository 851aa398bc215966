"""Sprite quality against CPU seconds of training, for this project and its peers.

    OMP_NUM_THREADS=1 python benchmarks/quality.py sprites.npz \
        denoising-diffusion-pytorch diffusers experiment=course \
        --out FOLDER --seconds 90 300 900 --picture all.png

Every contestant learns the same training part (split by groups) for the last of the times, over
which its learning rate falls; at each of them its averaged weights are kept, and later make
sprites with the same number of network evaluations. All learn every colour. Contestants run one
after another, each in a process of its own; what FOLDER already holds is not made again. The table
and the picture judge all that FOLDER holds.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def folder_name(contestant: str, budget: float) -> str:
    """A folder for the words of a command line and the seconds that they are given."""
    return f"{contestant.replace(' ', ',').replace('/', '_')}@{budget:g}"


def train(name: str, data: Path, out: Path, marks: list[float]) -> None:
    """Trains in this process until the last mark of CPU seconds; keeps the average at each."""
    import numpy as np
    import torch
    from contestants import contestant

    from datamodules.array import ArrayData

    module = ArrayData(str(data))
    module.setup()
    images = module.images(module.split["train"])
    trained = contestant(name, module)
    order, left = np.random.default_rng(0), np.array([], dtype=int)
    steps, used, log = 0, 0.0, []
    for mark in marks:
        while used < mark:
            while len(left) < trained.batch:
                left = np.concatenate([left, order.permutation(len(images))])
            rows, left = left[: trained.batch], left[trained.batch :]
            start = time.process_time()
            trained.step(images[rows], used / marks[-1])
            used, steps = used + time.process_time() - start, steps + 1
        torch.save(trained.average.state_dict(), out / f"{mark:g}.pt")
        log.append({"seconds": mark, "steps": steps, "images": steps * trained.batch})
        (out / "training.json").write_text(json.dumps(log))


def sample(name: str, data: Path, out: Path, n: int, steps: int) -> None:
    """Makes sprites with every kept average that has none yet, the last one first."""
    import numpy as np
    import torch
    from contestants import contestant

    from datamodules.array import ArrayData
    from diffusion.pixels import PixelCodec

    module = ArrayData(str(data))
    module.setup()
    codec = PixelCodec(module.card["hard_alpha"])
    made = contestant(name, module)
    for weights in sorted(out.glob("*.pt"), key=lambda path: -float(path.stem)):
        target = weights.with_suffix(".npz")
        if target.exists():
            continue
        made.average.load_state_dict(torch.load(weights, weights_only=True))
        torch.manual_seed(0)
        start = time.process_time()
        x0 = torch.cat([made.sample(min(64, n - k), steps, k) for k in range(0, n, 64)])
        images = codec.decode(x0).permute(0, 2, 3, 1).numpy()
        np.savez_compressed(target, images=images, seconds=time.process_time() - start)


def judge(data: Path, out: Path, picture: Path | None) -> None:
    """Prints a row per contestant and time, and draws the Frechet distances."""
    from judging import Judging

    judging = Judging(data)
    print(judging.head(["contestant", "CPU seconds", "of", "images"]))
    found: dict[str, dict[float, float]] = {}
    for log in sorted(out.glob("*/training.json"), key=lambda log: log.parent.stat().st_mtime):
        name, _, budget = log.parent.name.replace(",", " ").rpartition("@")
        for entry in json.loads(log.read_text()):
            seconds, sprites = entry["seconds"], log.parent / f"{entry['seconds']:g}.npz"
            if sprites.exists():
                words = [name, f"{seconds:g}", budget, f"{entry['images']:,}"]
                print(judging.row(words, sprites), flush=True)
                points = found.setdefault(name, {})
                if seconds == float(budget) or seconds not in points:
                    points[seconds] = judging.scores(sprites)["sprite_fd"]
    if picture:
        draw(found, judging.judge.floors["sprite_fd"], picture)


def draw(found: dict[str, dict[float, float]], floor: float, picture: Path) -> None:
    """Frechet distance over CPU seconds, a line per contestant; the floor dotted."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for name, points in found.items():
        seconds = sorted(points)
        axes.plot(seconds, [points[each] for each in seconds], marker="o", label=name)
    axes.axhline(floor, color="grey", linestyle=":", label="held-out sprites")
    axes.set(xscale="log", yscale="log", xlabel="CPU seconds of training, one thread")
    axes.set_ylabel("Frechet distance in sprite features (less is better)")
    axes.set_xticks(sorted({each for points in found.values() for each in points}))
    axes.set_yticks([3, 10, 30, 100, 300])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(picture, dpi=130)


def main() -> None:
    """Trains and samples what is missing, and prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("contestants", nargs="*")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, nargs="+", default=[90, 300, 900])
    parser.add_argument("--picture", type=Path, help="a PNG of all that FOLDER holds")
    parser.add_argument("--n", type=int, default=256)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--only", choices=["train", "sample"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    data, marks = arguments.data, sorted(arguments.seconds)
    if arguments.only:
        (name,) = arguments.contestants
        out = arguments.out / folder_name(name, marks[-1])
        out.mkdir(parents=True, exist_ok=True)
        if arguments.only == "train":
            train(name, data, out, marks)
        else:
            sample(name, data, out, arguments.n, arguments.steps)
        return
    for name in arguments.contestants:
        if not (arguments.out / folder_name(name, marks[-1]) / f"{marks[-1]:g}.pt").exists():
            subprocess.run(
                [sys.executable, *sys.argv[:1], *again(arguments, name, "train")], check=True
            )
        subprocess.run(
            [sys.executable, *sys.argv[:1], *again(arguments, name, "sample")], check=True
        )
    judge(data, arguments.out, arguments.picture)


def again(arguments: argparse.Namespace, name: str, only: str) -> list[str]:
    """The words that do one part for one contestant."""
    numbers = ["--n", str(arguments.n), "--steps", str(arguments.steps)]
    marks = ["--seconds", *map(str, arguments.seconds)]
    return [
        str(arguments.data),
        name,
        "--out",
        str(arguments.out),
        *numbers,
        *marks,
        "--only",
        only,
    ]


if __name__ == "__main__":
    main()
