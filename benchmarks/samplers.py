"""Quality of sprites against network evaluations and CPU seconds, for every sampler.

    OMP_NUM_THREADS=1 python benchmarks/samplers.py sprites.npz runs/mine --n 256 \
        --samplers ddim dpm_solver ddpm --steps 5 10 15 25 50 100

All rows start from the same noise.
"""

import argparse
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Samples with every pair of sampler and number of steps, and prints a row for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("run")
    parser.add_argument("--n", type=int, default=256)
    parser.add_argument("--samplers", nargs="+", default=["ddim", "dpm_solver", "ddpm"])
    parser.add_argument("--steps", nargs="+", type=int, default=[5, 10, 15, 25, 50, 100])
    arguments = parser.parse_args()

    import numpy as np
    import torch
    import yaml
    from judging import ROOT, Judging

    from diffusion.checkpoint import build, checkpoint_file, load

    loaded = load(checkpoint_file(arguments.run, "last"))
    judging = Judging(arguments.data, arguments.n)
    print(judging.head(["sampler", "evaluations", "CPU seconds per 1,000"]))
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.samplers:
            recipe = yaml.safe_load((ROOT / "conf" / "sampler" / f"{name}.yaml").read_text())
            for steps in arguments.steps:
                sampler = build(recipe | {"steps": steps}, ("diffusion.samplers",))
                start = time.process_time()
                sprites = torch.cat(
                    list(loaded.sprites(sampler, seed=0).batches(range(arguments.n)))
                )
                seconds = (time.process_time() - start) / arguments.n * 1000
                made = Path(folder) / "sprites.npz"
                np.savez(made, images=sprites.permute(0, 2, 3, 1).numpy())
                print(judging.row([name, str(steps), f"{seconds:.0f}"], made), flush=True)


if __name__ == "__main__":
    main()
