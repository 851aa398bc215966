"""Where the time of a training step goes, and how far it is from what the machine can do.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/steps.py            prints two Markdown tables

For each command line, all in one run: the parts of a step in CPU milliseconds, what the network's
multiplications and additions come to per second beside the rate of one large matrix product in the
same precision, which is the ceiling; and how a step is shared among kinds of operators.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from contestants import Ours
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from datamodules.forge import ForgeData

KINDS = {  # of operators, by what their names contain; the first that fits counts
    "convolution": ("convolution",),
    "matrix product": ("addmm", "::mm", "bmm", "linear", "attention"),
    "norm": ("norm",),
    "activation": ("silu", "gelu", "softmax", "sigmoid"),
    "optimizer, average": ("_foreach", "_fused", "lerp"),
    "copies, casts": ("copy", "cat", "contiguous", "clone", "fill", "zero", "empty"),
}


class Timed:
    """CPU seconds by part; `part` wraps a function so that its time is added up."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def part(self, name: str, work: Callable) -> Callable:
        def timed(*args, **kwargs):  # noqa: ANN002, ANN003, ANN202  whatever `work` takes
            start = time.process_time()
            result = work(*args, **kwargs)
            self.seconds.setdefault(name, []).append(time.process_time() - start)
            return result

        return timed

    def milliseconds(self, name: str) -> float:
        return 1000 * statistics.median(self.seconds[name])


def ceiling(precision: torch.dtype, n: int = 2048) -> float:
    """GFLOP/s of a matrix product; the best of ten."""
    a, b = torch.randn(2, n, n, dtype=precision)
    seconds = []
    for _ in range(10):
        start = time.process_time()
        a @ b
        seconds.append(time.process_time() - start)
    return 2 * n**3 / min(seconds) / 1e9


def measured(words: str, data: ForgeData, repeats: int) -> tuple[list[str], list[str]]:
    """The row of parts and the row of operators of one command line."""
    contestant = Ours(words, data)
    images = data.images(data.split["train"][: contestant.batch])
    contestant.step(images, 0.0)
    with FlopCounterMode(display=False) as counter:
        contestant.step(images, 0.0)
    timed = Timed()
    step = timed.part("step", contestant.step)
    plain = contestant.denoiser.training_loss
    contestant.denoiser.training_loss = timed.part("forward", plain)  # type: ignore[method-assign]
    backward = torch.Tensor.backward
    torch.Tensor.backward = timed.part("backward", backward)  # type: ignore[method-assign]
    contestant.optimizer.step = timed.part("optimizer", contestant.optimizer.step)  # type: ignore[method-assign]
    for _ in range(repeats):
        step(images, 0.0)
    torch.Tensor.backward = backward  # type: ignore[method-assign]
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        contestant.step(images, 0.0)
    whole = timed.milliseconds("step")
    inside = [timed.milliseconds(name) for name in ("forward", "backward", "optimizer")]
    rate = counter.get_total_flops() / whole / 1e6
    best = ceiling(torch.bfloat16 if contestant.bf16 else torch.float32)
    parts = [f"{share:.0f}" for share in (whole, *inside, whole - sum(inside))]
    parts += [f"{1000 * contestant.batch / whole:.0f}/s", f"{rate:.0f} of {best:.0f} GFLOP/s"]
    by_kind = dict.fromkeys((*KINDS, "the rest"), 0.0)
    for event in profiled.key_averages():
        fitting = (kind for kind, names in KINDS.items() if any(n in event.key for n in names))
        by_kind[next(fitting, "the rest")] += event.self_cpu_time_total
    total = sum(by_kind.values())
    return parts, [f"{share / total:.0%}" for share in by_kind.values()]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser()
    default = ["experiment=textbook", "experiment=textbook model=small", "experiment=best"]
    parser.add_argument("words", nargs="*", default=default)
    parser.add_argument("--repeats", type=int, default=12)
    arguments = parser.parse_args()
    data = ForgeData(n=500)
    data.setup()
    rows = {words: measured(words, data, arguments.repeats) for words in arguments.words}
    parts = ["step, ms", "forward", "backward", "optimizer", "noise, clip, average", "images"]
    for k, heads in enumerate(([*parts, "of the ceiling"], [*KINDS, "the rest"])):
        print(f"| | {' | '.join(heads)} |\n|{'---|' * (1 + len(heads))}")
        for words, row in rows.items():
            print(f"| `{words}` | {' | '.join(row[k])} |")
        print()


if __name__ == "__main__":
    main()
