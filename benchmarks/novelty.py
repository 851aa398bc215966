"""What passports cost: many samples against a large training set, and a validation in training.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/novelty.py           prints a Markdown table

Sprites are 16x16x4. A half of the samples are unseen characters, a quarter are put together from
two training sprites, and a quarter repeat training sprites with wobbling colours.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))
from datamodules.forge import ForgeData  # noqa: E402
from diffusion.novelty.passport import Passport  # noqa: E402

UNSEEN = 1000  # besides those that become samples


def samples_of(training: Tensor, unseen: Tensor, n: int) -> Tensor:
    """n samples of several kinds, uint8 `(n, 4, 16, 16)`."""
    generator = torch.Generator().manual_seed(0)
    one, other, again = torch.randint(0, len(training), (3, n // 4), generator=generator)
    mixed = torch.cat([training[one, :, :8], training[other, :, 8:]], dim=2)
    repeats = training[again].int()
    wobble = torch.randint(-3, 4, repeats.shape, generator=generator)
    wobble[:, 3] = 0
    repeats = ((repeats + wobble).clamp(0, 255) * (repeats[:, 3:] > 0)).to(torch.uint8)
    return torch.cat([mixed, repeats, unseen[: n - len(mixed) - len(repeats)]])


def measure(n: int, size: int) -> str:
    """A row of the table: CPU seconds, and the peak memory of this process."""
    drawn = torch.from_numpy(ForgeData(n=size + n + UNSEEN).read().images).permute(0, 3, 1, 2)
    training, unseen, held_out = (part.contiguous() for part in drawn.split([size, n, UNSEEN]))
    samples = samples_of(training, unseen, n)
    start = time.process_time()
    passport = Passport.of(lambda: training.split(8192), held_out, np.arange(size))
    calibrated = time.process_time()
    findings = passport.examine(samples)
    done = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"| {n:,} | {size:,} | {calibrated - start:.1f} s | {done - calibrated:.2f} s "
        f"| {passport.rates(findings)['copy_rate']:.1%} | {peak:.1f} GB |"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", nargs="*", default=["128:10000", "10000:100000"])
    print("| samples | training sprites | calibration | examination | repeats | peak memory |")
    print("|" + "---|" * 6)
    for case in parser.parse_args().cases:
        print(measure(*map(int, case.split(":"))), flush=True)


if __name__ == "__main__":
    main()
