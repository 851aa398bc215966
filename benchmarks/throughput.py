"""Training images per CPU second of this project and its peers, in one run.

    OMP_NUM_THREADS=1 python benchmarks/throughput.py sprites.npz

First everyone as documented, then the peers' networks shrunk to about as many parameters as
`experiment=textbook` in three sizes, in batches of 64.
"""

import argparse
import time
from pathlib import Path


def main() -> None:
    """Prints a row per contestant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()

    from contestants import Diffusers, Lucidrains, Ours

    from datamodules.array import ArrayData

    data = ArrayData(str(arguments.data))
    data.setup()

    class SmallLucidrains(Lucidrains):
        dim = 20

    class SmallDiffusers(Diffusers):
        batch, widths = 64, (32, 32, 64, 96, 96)

    class TinyLucidrains(Lucidrains):
        dim = 12

    class TinyDiffusers(Diffusers):
        batch, widths = 64, (32, 32, 32, 32, 64)

    contestants = {
        "experiment=best": lambda: Ours("experiment=best", data),
        "experiment=textbook": lambda: Ours("experiment=textbook", data),
        "model=quick": lambda: Ours("experiment=textbook model=quick", data),
        "model=small": lambda: Ours("experiment=textbook model=small", data),
        "experiment=course": lambda: Ours("experiment=course", data),
        "denoising-diffusion-pytorch": lambda: Lucidrains(data.shape),
        "diffusers": lambda: Diffusers(data.shape),
        "denoising-diffusion-pytorch, dim=20": lambda: SmallLucidrains(data.shape),
        "diffusers, widths of 32 to 96": lambda: SmallDiffusers(data.shape),
        "denoising-diffusion-pytorch, dim=12": lambda: TinyLucidrains(data.shape),
        "diffusers, widths of 32 to 64": lambda: TinyDiffusers(data.shape),
    }
    print(
        "| contestant | parameters | batch | training images per CPU second |\n|---|---|---|---|"
    )
    for name, make in contestants.items():
        trained, n = make(), 0
        images = data.images(data.split["train"][: trained.batch])
        trained.step(images, 0.0)
        start = time.process_time()
        while time.process_time() - start < arguments.seconds:
            trained.step(images, 0.0)
            n += trained.batch
        rate = n / (time.process_time() - start)
        network = trained.optimizer.param_groups
        size = sum(weight.numel() for group in network for weight in group["params"])
        print(f"| {name} | {size / 1e6:.1f} M | {trained.batch} | {rate:.0f} |", flush=True)


if __name__ == "__main__":
    main()
