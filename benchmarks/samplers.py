"""Quality of sprites against network evaluations and CPU seconds, for every sampler.

    OMP_NUM_THREADS=1 python benchmarks/samplers.py sprites.npz runs/mine --bf16 \
        --samplers ddpm "dpm_solver eta=0" --steps 5 10 25

Values are means over the seeds; rows of one seed start from the same noise. The first row of
sprites is the reference, the ancestral sampler with 500 steps, with half the width of the 95%
interval of one set. The last column says in what the others are worse by more than that.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
import yaml
from judging import COLUMNS, Judging

from diffusion.commands.reporting import recipe_of
from diffusion.metrics.scale import Score
from diffusion.runs.building import build
from diffusion.runs.loading import Loaded, checkpoint_file, load
from diffusion.samplers.base import Sampler

REFERENCE = "ddpm", 500
SAMPLERS = [
    "ddpm",
    "ddpm grid=log_snr",
    "ddim",
    "ddim grid=log_snr",
    "dpm_solver eta=0 grid=time",
    "dpm_solver eta=0",
    "dpm_solver",
]
COPIES = "copy_rate"  # depends on the network rather than on the sampler


def main() -> None:
    """Samples with every pair of sampler and number of steps, and prints a row for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("run")
    parser.add_argument("--n", type=int, default=256)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--samplers", nargs="+", default=SAMPLERS, help='such as "ddim eta=1"')
    parser.add_argument("--steps", nargs="+", type=int, default=[5, 10, 15, 25, 50, 100])
    parser.add_argument("--bf16", action="store_true", help="run the network in bfloat16")
    arguments = parser.parse_args()

    loaded = load(checkpoint_file(arguments.run, "last"))
    judge = Judging(arguments.data, arguments.n).judge
    columns = [name for name in COLUMNS if name in judge.floors and name != COPIES]

    def sampled(words: str, steps: int) -> tuple[list[str], list[torch.Tensor]]:
        """The cells that say how, and the sprites of each seed."""
        start = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            sets = [
                sprites(loaded, sampler(words, steps), seed, arguments.n)
                for seed in arguments.seeds
            ]
        seconds = (time.process_time() - start) / (arguments.n * len(sets))
        return [f"`{words}`", str(steps), f"{seconds * 1000:.1f}"], sets

    print_row("sampler", "evaluations", "CPU s per 1,000", *(COLUMNS[k] for k in columns), "worse")
    print_row(*["---"] * (len(columns) + 4))
    print_row("held-out sprites", "", "", *(f"{judge.floors[k]:.3g}" for k in columns), "")

    cells, sets = sampled(*REFERENCE)
    found = [judge.full_scores(images) for images in sets]
    reference = {k: mean([scores[k].value for scores in found]) for k in columns}
    margin = {k: mean([half_width(scores[k]) for scores in found]) for k in columns}
    print_row(*cells, *(f"{reference[k]:.3g} ± {margin[k]:.2g}" for k in columns), "")

    for words in arguments.samplers:
        for steps in arguments.steps:
            cells, sets = sampled(words, steps)
            each = [
                {k: v for scale in judge.scales.values() for k, v in scale.scores(images).items()}
                for images in sets
            ]
            values = {k: mean([scores[k] for scores in each]) for k in columns}
            worse = [
                COLUMNS[k]
                for k in columns
                if (reference[k] - values[k]) * (1 if found[0][k].higher_is_better else -1)
                > margin[k]
            ]
            print_row(*cells, *(f"{values[k]:.3g}" for k in columns), ", ".join(worse) or "-")


def sampler(words: str, steps: int) -> Sampler:
    """`ddim eta=1`: the sampler of that file in `conf/sampler`, with other settings."""
    name, *settings = words.split()
    recipe = recipe_of(name)
    chosen = dict(setting.split("=") for setting in settings)
    recipe |= {key: yaml.safe_load(value) for key, value in chosen.items()}
    made: Sampler = build(recipe | {"steps": steps}, ("diffusion.samplers",))
    return made


def sprites(loaded: Loaded, sampler: Sampler, seed: int, n: int) -> torch.Tensor:
    """The first n sprites of a seed, uint8 `(n, C, H, W)`."""
    return torch.cat(list(loaded.sprites(sampler, seed).batches(range(n))))


def half_width(score: Score) -> float:
    """Half of the 95% interval; 0 where there is none."""
    return 0.0 if score.low is None or score.high is None else (score.high - score.low) / 2


def mean(values: list[float]) -> float:
    """Of one score, over the seeds."""
    return sum(values) / len(values)


def print_row(*cells: str) -> None:
    """One row of a Markdown table."""
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
