"""What a network makes of what it is told: its error with the time or the label switched off.

    OMP_NUM_THREADS=1 python benchmarks/course/told.py runs/first

Root mean square error of the clean estimate of held-out sprites, in levels of 0..255: told the
true time and label; told the time t = 0.5 always; told no label; told a wrong one.
"""

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from diffusion.levels.noising import noised  # noqa: E402
from diffusion.pixels import PixelCodec  # noqa: E402
from diffusion.runs.loading import checkpoint_file, load  # noqa: E402
from diffusion.runs.training_data import training_data  # noqa: E402

TIMES = (0.2, 0.4, 0.6, 0.8, 0.9)


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run")
    loaded = load(checkpoint_file(parser.parse_args().run, "last"))
    data = training_data(loaded.card)
    rows = data.split["val"][:256]
    x0, label = PixelCodec().encode(data.images(rows)), data.labels(rows)
    times = torch.tensor(TIMES)
    x_t = noised(x0, loaded.denoiser.schedule, times)
    classes = loaded.denoiser.classes
    wrong = None if label is None else (label + 1) % max(1, classes)
    print("t     told all  no time  no label  wrong label")
    for k, t in enumerate(TIMES):
        now = torch.full((len(rows),), t)
        told = label if classes else None

        def error(time: torch.Tensor, given: torch.Tensor | None, k: int = k) -> float:
            output = loaded.denoiser.output(x_t[:, k], time, given)
            true = torch.full((len(rows),), TIMES[k])  # the noise is what it is
            estimate = loaded.denoiser.estimate(output, x_t[:, k], true)
            return 127.5 * float((estimate - x0).square().mean().sqrt())

        half = torch.full_like(now, 0.5)
        none = None if told is None else torch.full_like(told, -1)
        values = error(now, told), error(half, told), error(now, none), error(now, wrong)
        print(f"{t:.1f}  " + "  ".join(f"{value:8.1f}" for value in values))


if __name__ == "__main__":
    main()
