"""How fast each model size trains and samples, what memory it takes, and how long a start takes.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/speed.py            prints two Markdown tables

Rates are per CPU second, so other work on the machine does not count. Each size runs in a process
of its own, which makes its peak memory its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BATCH = 64
WORK = {"tiny": 12, "small": 8, "base": 4, "large": 2}  # training steps that are timed


def measure(model: str, size: int, precision: str) -> dict[str, float]:
    """Rates of one size in this process: bare training steps and DDIM evaluations."""
    import torch
    import yaml

    sys.path.insert(0, str(ROOT))
    from diffusion.denoiser import Denoiser
    from diffusion.noise import ImageNoise
    from diffusion.predictions import Epsilon
    from diffusion.runs.building import build
    from diffusion.samplers.ddim import DDIM
    from diffusion.schedules.linear import Linear
    from diffusion.weightings import Uniform

    recipe = yaml.safe_load((ROOT / "conf" / "model" / f"{model}.yaml").read_text())
    network = build(recipe | {"channels": 4, "classes": 0})
    denoiser = Denoiser(network, Linear(), Epsilon(), Uniform())
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=1e-3)
    x0 = torch.rand(BATCH, 4, size, size) * 2 - 1
    generator = torch.Generator().manual_seed(0)
    bf16 = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")

    def train() -> None:
        t = denoiser.training_times(BATCH, generator)
        with bf16:
            loss = denoiser.loss(x0, t, torch.randn_like(x0)).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    def sample() -> None:
        with bf16:
            DDIM(4)(denoiser, ImageNoise(0, range(BATCH), x0.shape[1:]))

    def cpu_seconds(work: object, repeats: int) -> float:
        work()  # type: ignore[operator]
        start = time.process_time()
        for _ in range(repeats):
            work()  # type: ignore[operator]
        return (time.process_time() - start) / repeats

    step = cpu_seconds(train, WORK[model])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    evaluation = cpu_seconds(sample, 2) / 4
    return {
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "train": BATCH / step,
        "evaluate": BATCH / evaluation,
        "memory": peak,
    }


def command(*words: str) -> tuple[float, str]:
    """Wall seconds of a command from the project's root, and what it printed."""
    start = time.monotonic()
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.monotonic() - start, done.stdout


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--measure", nargs=3, metavar=("MODEL", "SIZE", "PRECISION"))
    parser.add_argument("--sizes", nargs="*", type=int, default=[16, 32])
    arguments = parser.parse_args()
    if arguments.measure:
        model, size, precision = arguments.measure
        print(json.dumps(measure(model, int(size), precision)))
        return
    head = "| model | parameters | pixels | precision | training images | evaluations | "
    print(head + "sprites in 50 steps | peak memory |\n|" + "---|" * 8)
    for size in arguments.sizes:
        for model in WORK:
            for precision in ("float32", "bf16"):
                words = [__file__, "--measure", model, str(size), precision]
                row = json.loads(command(*words)[1])
                print(
                    f"| {model} | {row['parameters'] / 1e6:.1f} M | {size} | {precision} "
                    f"| {row['train']:.0f}/s | {row['evaluate']:.0f}/s "
                    f"| {row['evaluate'] / 50:.1f}/s | {row['memory']:.0f} MB |",
                    flush=True,
                )
    print("\n| command | seconds |\n|---|---|")
    for words in (["--help"], ["--cfg", "job"]):
        print(f"| `train.py {' '.join(words)}` | {command('train.py', *words)[0]:.1f} |")
    with tempfile.TemporaryDirectory() as folder:
        smoke = ["train.py", "experiment=smoke", "logger=csv", "trainer.max_steps=1"]
        start = time.time()
        command(*smoke, f"hydra.run.dir={folder}/run")
        first = (Path(folder) / "run" / "checkpoints" / "last.ckpt").stat().st_mtime - start
    print(f"| `train.py`, until the first step is done and saved | {first:.1f} |")


if __name__ == "__main__":
    main()
