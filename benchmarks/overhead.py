"""What `train.py` costs beyond the steps of a bare loop over the same network and batch.

    OMP_NUM_THREADS=1 python benchmarks/overhead.py experiment=textbook experiment=best
    OMP_NUM_THREADS=1 python benchmarks/overhead.py --smoke     a smoke run beside an import

A row per command line, in CPU seconds of whole processes: the same command with few and with many
steps, whose difference leaves the start and the closing out; once without the periodic work
(validation, samples, metrics, noise levels, checkpoints) and once with all of it as it is by
default. The bare loop is timed between them. Medians over the repeats.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from contestants import ROOT, Ours

from datamodules.forge import ForgeData

NOTHING = (
    "callbacks.samples=null callbacks.noise_levels=null checkpoint.every_n_steps=1000000 "
    "trainer.val_check_interval=1000000"
)


def spent(*line: str) -> float:
    """CPU seconds of a Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *line],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def command(words: str, steps: int | None = None) -> float:
    """CPU seconds of a run, of so many steps if it is said."""
    with tempfile.TemporaryDirectory() as folder:
        line = ["logger=csv", *words.split(), f"hydra.run.dir={folder}/run"]
        line += [] if steps is None else [f"trainer.max_steps={steps}"]
        return spent(str(ROOT / "train.py"), *line)


def smoke(repeats: int) -> None:
    """Prints what a smoke run costs beside the import that nothing can do without."""
    words = "experiment=smoke closing=false"
    pairs = [(spent("-c", "import lightning.pytorch"), command(words)) for _ in range(repeats)]
    bare, run = (statistics.median(each) for each in zip(*pairs, strict=True))
    print(f"| | CPU seconds |\n|---|---|\n| `import lightning.pytorch` | {bare:.1f} |")
    print(f"| `train.py {words}` | {run:.1f} |\n| above it | {run - bare:.1f} |")


def bare(words: str, data: ForgeData, steps: int) -> float:
    """CPU seconds of a step in a loop without Lightning, on the same sprites."""
    contestant, rows = Ours(words, data), np.random.default_rng(0)
    images = data.images(data.split["train"])
    for step in range(steps + 3):
        if step == 3:
            start = time.process_time()
        contestant.step(images[rows.choice(len(images), contestant.batch)], 0.0)
    return (time.process_time() - start) / steps


def main() -> None:
    """Prints a row per command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="*", default=["experiment=textbook"])
    parser.add_argument("--steps", type=int, default=200, help="between few and many")
    parser.add_argument("--periodic", type=int, default=1000, help="the same, with periodic work")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="a smoke run beside an import")
    arguments = parser.parse_args()
    if arguments.smoke:
        smoke(arguments.repeats)
        return
    data = ForgeData()
    data.setup()
    heads = ["", "bare step, ms", "train.py", "images/s of bare", "with periodic work", "share"]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    few = 20
    for words in arguments.words:
        steps: list[float] = []
        loops: list[float] = []
        for _ in range(arguments.repeats):
            loops.append(bare(words, data, arguments.steps))
            short = command(f"{words} {NOTHING}", few)
            steps.append(
                (command(f"{words} {NOTHING}", few + arguments.steps) - short) / arguments.steps
            )
        loop, step = statistics.median(loops), statistics.median(steps)
        long = command(words, arguments.periodic + few) - command(words, few)
        whole = long / arguments.periodic
        cells = [f"{loop * 1000:.1f}", f"{step * 1000:.1f}", f"{loop / step:.1%}"]
        cells += [f"{whole * 1000:.1f}", f"{1 - step / whole:.1%}"]
        print(f"| `{words}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
