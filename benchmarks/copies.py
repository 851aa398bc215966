"""What still counts as a copy: training sprites with known changes, and what each is called.

OMP_NUM_THREADS=1 python benchmarks/copies.py sprites.npz ...       prints Markdown tables
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from datamodules.array import ArrayData  # noqa: E402
from diffusion.novelty.passport import Passport, Verdict  # noqa: E402
from diffusion.novelty.power import TRIED, repainted  # noqa: E402

PIXELS = (1, 4, 8, 16, 32, 64)
SIGMAS = (2, 8, 16, 32)


def noised(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """Every visible colour off by so many levels."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)) * sigma
    noise[:, 3:] = 0
    seen = images[:, 3:] > 0
    return (images + noise * seen).round().clamp(0, 255).to(torch.uint8)


def row(name: str, passport: Passport, images: torch.Tensor | None) -> None:
    """Prints the shares of all verdicts; of unseen sprites where there are no images."""
    rates = passport.base_rates
    if images is not None:
        found = Counter(passport.examine(images).verdict)
        rates = {str(verdict): found[verdict] / len(images) for verdict in Verdict}
    print(f"| {name} | " + " | ".join(f"{rates[str(verdict)]:.0%}" for verdict in Verdict) + " |")


def main(paths: list[str]) -> None:
    for path in paths:
        data = ArrayData(path)
        data.setup()
        train, unseen = (
            data.split["train"],
            np.concatenate([data.split["val"], data.split["test"]]),
        )
        passport = Passport.of(
            lambda data=data, train=train: data.parts(train),
            data.images(unseen),
            data.groups[train],
            data.groups[unseen],
        )
        some = data.images(train[np.linspace(0, len(train) - 1, TRIED).round().astype(int)])
        print(f"\n{path}\n\n| | " + " | ".join(Verdict) + " |\n|" + "---|" * (1 + len(Verdict)))
        row("unseen sprites", passport, None)
        for count in PIXELS:
            row(f"{count} pixels repainted", passport, repainted(some, count))
        for sigma in SIGMAS:
            row(f"noise of sigma {sigma}", passport, noised(some, sigma))


if __name__ == "__main__":
    main(sys.argv[1:])
