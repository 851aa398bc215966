"""Sprite quality against CPU seconds of training, for this project and its peers.

    OMP_NUM_THREADS=1 python benchmarks/quality.py sprites.npz --out FOLDER \
        --seconds 90 300 900 course denoising-diffusion-pytorch diffusers experiment=best

Every contestant learns the same training part (split by groups) for the last of the times; at each
of them its averaged weights are kept, and later make sprites with the same number of network
evaluations. Contestants run one after another, each in a process of its own; what FOLDER already
holds is not made again. The table judges all that FOLDER holds.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def folder_name(contestant: str) -> str:
    """A folder for the words of a command line."""
    return contestant.replace(" ", ",").replace("/", "_")


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


def judge(data: Path, out: Path) -> None:
    """Prints a row per contestant and time."""
    from judging import Judging

    judging = Judging(data)
    print(judging.head(["contestant", "CPU seconds", "images"]))
    for log in sorted(out.glob("*/training.json")):
        for entry in json.loads(log.read_text()):
            sprites = log.parent / f"{entry['seconds']:g}.npz"
            if sprites.exists():
                words = [log.parent.name, f"{entry['seconds']:g}", f"{entry['images']:,}"]
                print(judging.row(words, sprites), flush=True)


def main() -> None:
    """Trains and samples what is missing, and prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("contestants", nargs="*")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, nargs="+", default=[90, 300, 900])
    parser.add_argument("--n", type=int, default=256)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--only", choices=["train", "sample"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    data, marks = arguments.data, sorted(arguments.seconds)
    if arguments.only:
        (name,) = arguments.contestants
        out = arguments.out / folder_name(name)
        out.mkdir(parents=True, exist_ok=True)
        if arguments.only == "train":
            train(name, data, out, marks)
        else:
            sample(name, data, out, arguments.n, arguments.steps)
        return
    for name in arguments.contestants:
        if not (arguments.out / folder_name(name) / f"{marks[-1]:g}.pt").exists():
            subprocess.run(
                [sys.executable, *sys.argv[:1], *again(arguments, name, "train")], check=True
            )
        subprocess.run(
            [sys.executable, *sys.argv[:1], *again(arguments, name, "sample")], check=True
        )
    judge(data, arguments.out)


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
