"""How often a report calls configurations different that are not, and those that are.

    OMP_NUM_THREADS=1 python benchmarks/verdicts.py               prints a Markdown table

Made-up distances of several seeds each, lognormal, whose logarithms vary by 0.1 in the first
configuration and by the given multiple of that in the others; the first may be better.
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from diffusion.report.judged import Judged, Score  # noqa: E402
from diffusion.report.ranking import compare  # noqa: E402

RUNS = 500
DEVIATION = 0.1
CASES = [
    (1, (3, 3)),
    (5, (3, 3)),
    (5, (10, 3)),
    (5, (3, 10)),
    (1, (3, 3, 3, 3)),
    (5, (3, 3, 3, 3)),
]
GAINS = (0.0, 0.2, 0.5)  # of the first configuration, in logarithms
NOTHING = torch.zeros(0, 4, 8, 8, dtype=torch.uint8)


def judged(name: str, seed: int, value: float) -> Judged:
    """A run that is known by its distance alone."""
    config = {"model": name, "seed": seed}
    return Judged(f"{name}-{seed}", {}, NOTHING, config, {"sprite_fd": Score(value, 100)})


def decided(rng: np.random.Generator, times: float, seeds: tuple[int, ...], gain: float) -> float:
    """Share of the comparisons that name a winner."""
    found = 0
    for _ in range(RUNS):
        runs = []
        for number, count in enumerate(seeds):
            spread, mean = (times, gain) if number else (1, 0)
            values = math.log(10) + mean + DEVIATION * spread * rng.standard_normal(count)
            runs += [judged(f"model-{number}", k, math.exp(v)) for k, v in enumerate(values)]
        found += compare(runs, "sprite_fd").decided
    return found / RUNS


def main() -> None:
    print("| seeds of each | deviation of the others | equal | 18% better | 39% better |")
    print("|" + "---|" * 5)
    for times, seeds in CASES:
        rng = np.random.default_rng(0)
        shares = " | ".join(f"{decided(rng, times, seeds, gain):.1%}" for gain in GAINS)
        print(f"| {', '.join(map(str, seeds))} | {times} x | {shares} |", flush=True)


if __name__ == "__main__":
    main()
