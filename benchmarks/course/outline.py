"""How far each prediction's answer is from the exact one where there is hardly anything but noise.

    OMP_NUM_THREADS=1 python benchmarks/course/outline.py runs/epsilon runs/velocity runs/palette

Root mean square distance in the model range (-1 to 1), over noised held-out sprites, of the
network's clean estimate to the posterior mean over the training sprites; not clipped.
"""

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from diffusion.exact.posterior import Posterior  # noqa: E402
from diffusion.levels.noising import noised  # noqa: E402
from diffusion.pixels import PixelCodec  # noqa: E402
from diffusion.runs.loading import checkpoint_file, load  # noqa: E402
from diffusion.runs.training_data import training_data  # noqa: E402

TIMES, N = (0.5, 0.8, 0.9, 1.0), 128


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+")
    print("t         " + "  ".join(f"{t:6.1f}" for t in TIMES))
    for run in parser.parse_args().runs:
        loaded = load(checkpoint_file(run, "last"))
        data = training_data(loaded.card)
        codec, schedule = PixelCodec(), loaded.denoiser.schedule
        exact = Posterior(codec.encode(data.images(data.split["train"])))
        x0, times = codec.encode(data.images(data.split["val"][:N])), torch.tensor(TIMES)
        x_t = noised(x0, schedule, times)
        gaps = []
        for k, t in enumerate(TIMES):
            now = torch.full((len(x0),), t)
            alpha, sigma = schedule(now)
            best = exact.clean_estimate(x_t[:, k], alpha, sigma)
            gaps.append(float((loaded.denoiser(x_t[:, k], now) - best).square().mean().sqrt()))
        print(f"{Path(run).name:9} " + "  ".join(f"{gap:6.2f}" for gap in gaps))


if __name__ == "__main__":
    main()
