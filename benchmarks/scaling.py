"""What two processes gain, and what a model of it says: docs/multi-gpu.md has the formula.

    python benchmarks/scaling.py            prints a Markdown table

One thread per process, gloo over loopback, float32, the shortest of several repeats. Steps are CPU
seconds of one process, which on idle cores are its seconds, so that other work on the machine does
not count; the all-reduce and the last column are seconds of the clock and want two idle cores.
"""

import argparse
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing
import yaml
from torch.nn.parallel import DistributedDataParallel

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
BATCH, SIZE, REPEATS = 64, 16, 12


def step_of(denoiser: Any, network: Any, batch: int) -> Callable[[], None]:
    """One training step of this many sprites; `network` is the denoiser's model, or its DDP."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    x0 = torch.rand(batch, 4, SIZE, SIZE) * 2 - 1
    generator = torch.Generator().manual_seed(0)
    denoiser.model = network

    def step() -> None:
        t = denoiser.training_times(batch, generator)
        denoiser.loss(x0, t, torch.randn_like(x0)).mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def shortest(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds and seconds of the clock, of the fastest repeat after one not counted."""
    work()
    cpu, clock = [], []
    for _ in range(REPEATS):
        start, began = time.process_time(), time.perf_counter()
        work()
        cpu.append(time.process_time() - start)
        clock.append(time.perf_counter() - began)
    return min(cpu), min(clock)


def measure(rank: int, port: int, models: list[str]) -> None:
    """Both processes: alone in turn, then together; rank 0 prints."""
    from diffusion.denoiser import Denoiser
    from diffusion.predictions import Epsilon
    from diffusion.runs.building import build
    from diffusion.schedules.linear import Linear
    from diffusion.weightings import Uniform

    torch.set_num_threads(1)
    address = f"tcp://127.0.0.1:{port}"
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    for model in models:
        recipe = yaml.safe_load((ROOT / "conf" / "model" / f"{model}.yaml").read_text())
        network = build(recipe | {"channels": 4, "classes": 0})
        denoiser = Denoiser(network, Linear(), Epsilon(), Uniform())
        gradients = torch.zeros(sum(weight.numel() for weight in network.parameters()))
        alone = half = (0.0, 0.0)
        if rank == 0:  # the other waits
            alone = shortest(step_of(denoiser, network, BATCH))
            half = shortest(step_of(denoiser, network, BATCH // 2))
        dist.barrier()
        _, reduce = shortest(lambda: dist.all_reduce(gradients))  # noqa: B023
        both = shortest(step_of(denoiser, DistributedDataParallel(network), BATCH // 2))
        if rank == 0:
            print(
                f"| {model} | {4e-6 * gradients.numel():.1f} MB | {1e3 * alone[0]:.0f} ms "
                f"| {1e3 * half[0]:.0f} ms | {1e3 * reduce:.0f} ms "
                f"| {alone[0] / (half[0] + reduce):.2f} | {1e3 * both[0]:.0f} ms "
                f"| {alone[0] / both[0]:.2f} | {alone[1] / both[1]:.2f} |",
                flush=True,
            )
    dist.destroy_process_group()


def main() -> None:
    """Starts the two processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", default=["tiny", "small", "base"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    print(
        "| model | gradients | step of 64 | step of 32 | all-reduce | predicted speed-up "
        "| step of two processes | speed-up in CPU time | by the clock |\n|" + "---|" * 9,
        flush=True,
    )
    torch.multiprocessing.spawn(measure, (port, parser.parse_args().models), nprocs=2)


if __name__ == "__main__":
    main()
