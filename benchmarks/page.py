"""How equal the sprites of a page are to those of `sample.py`, how large it is, and what it costs.

    OMP_NUM_THREADS=1 python benchmarks/page.py runs/first --n 256

The page's scripts run in node, which has the WebAssembly of Chromium. Seconds are of the process.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from innode import in_node  # noqa: E402

from diffusion.living.serving import PRECISIONS, served  # noqa: E402
from diffusion.runs.loading import checkpoint_file, load  # noqa: E402

MAKE = """
const n = await network(), {channels, height, width} = given.model, began = process.cpuUsage();
const size = channels * height * width, found = new Uint8Array(given.n * size + 4);
const levels = given.model.levels.at(-1).map(([t, alpha, sigma]) => ({t, alpha, sigma}));
for (let first = 0; first < given.n; first += 8) {
  const indices = Array.from({length: Math.min(8, given.n - first)}, (_, k) => first + k);
  const labels = given.labels && given.labels.slice(first, first + 8);
  let last = null;
  for (const step of trajectory(n, levels, {seed: 0, indices, labels})) last = step;
  found.set(toBytes(last.x, given.model), first * size);
}
const {user, system} = process.cpuUsage(began);
new DataView(found.buffer).setUint32(given.n * size, (user + system) / 1000, true);
write("found", found);"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("--n", type=int, default=256)
    asked = parser.parse_args()
    print("weights  weights MB  equal    differing pixels  CPU ms a sprite: page  torch")
    for precision in PRECISIONS:
        run = load(checkpoint_file(asked.run, "last"))
        sampler, _ = run.sampler()
        network = served(run, sampler, precision)
        names = {name.removeprefix("denoiser."): value for name, value in network.rounded.items()}
        run.denoiser.load_state_dict(names, strict=False)
        sprites, began = run.sprites(sampler, 0), cpu()
        expected = torch.cat(list(sprites.batches(range(asked.n)))).permute(0, 2, 3, 1).numpy()
        torch_ms = 1000 * (cpu() - began) / asked.n
        labels = sprites.labels(range(asked.n))
        given = {"n": asked.n, "labels": None if labels is None else labels.tolist()}
        found = in_node(MAKE, given, np.uint8, served=network)
        page_ms = found[-4:].view(np.uint32)[0] / asked.n
        different = (found[:-4].reshape(expected.shape) != expected).any(-1)
        alike = (~different.any((1, 2))).sum()
        print(
            f"{precision}      {len(network.weights) / 1e6:5.2f}       {alike} of {asked.n}  "
            f"{different.sum()} of {different.size:,}  {page_ms:6.1f}  {torch_ms:6.1f}"
        )


def cpu() -> float:
    """Seconds of this process on a CPU."""
    return time.process_time()


if __name__ == "__main__":
    main()
