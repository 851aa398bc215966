"""The audition of metrics: which notices known damage to real sprites, and from which strength?

    OMP_NUM_THREADS=1 python benchmarks/audition.py ../shared/data/dawnlike_16.npz ...

prints Markdown tables for each file. 55% of the groups of near repeats are the reference, all
others are held out. Damage is noticed if at least 80% of draws of n damaged held-out sprites score
worse than 95% of draws of n undamaged ones. With `--told-apart` the tables show instead how often
networks that learn it tell damaged sprites from real ones, a quarter of an hour for each file.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))
from damage import DAMAGES, Damage, damaged, mean_sprite, nothing_but_noise  # noqa: E402
from rivals import RIVALS, Describe  # noqa: E402

from datamodules.array import ArrayData  # noqa: E402
from datamodules.doctor.duplicates import groups  # noqa: E402
from diffusion.metrics.base import NotMeasurable  # noqa: E402
from diffusion.metrics.frechet import frechet  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402
from diffusion.metrics.told_apart import ToldApart  # noqa: E402

SIZES = (100, 200, 400)
MIDDLE = 200  # the size that floors, ceilings and values are printed for
UNDAMAGED_DRAWS, DAMAGED_DRAWS = 60, 20
METRIC = SpriteFeatures()


class Set:
    """Reference and held-out sprites uint8 `(N, 4, H, W)` of one file."""

    def __init__(self, path: str) -> None:
        data = ArrayData(path)
        data.setup()
        rows = np.sort(np.concatenate(list(data.split.values())))
        number, _ = groups(data.sprites, rows)
        order = np.random.default_rng(0).permutation(number.max() + 1)
        held_out = order[number] >= 0.55 * len(order)
        self.name = Path(path).stem
        self.reference = data.images(rows[~held_out])
        self.held_out = data.images(rows[held_out])
        self.groups = number[held_out]
        self.labels = data.labels(rows[held_out]).numpy()
        self.damaged = {
            (damage, strength): self._after(change, strength)
            for damage, (change, strengths) in DAMAGES.items()
            for strength in strengths
        }
        self.ceilings = [self._after(change, 0) for change in (nothing_but_noise, mean_sprite)]

    def _after(self, change: Damage, strength: float) -> Tensor:
        return torch.from_numpy(damaged(self.held_out.numpy(), change, strength))


@dataclass(frozen=True)
class Attempt:
    """Damage in one strength: features to draw from, and which to take."""

    damage: str
    strength: float
    features: Tensor
    choose: Callable[[int, np.random.Generator], np.ndarray]

    def draw(self, n: int, rng: np.random.Generator) -> Tensor:
        """Features of n sprites."""
        return self.features[torch.from_numpy(self.choose(n, rng))]


@dataclass
class Findings:
    """What one score noticed, and where it stands on real sprites, noise and the mean sprite."""

    noticed: dict[str, dict[int, str]] = field(default_factory=dict)
    values: dict[str, dict[float, float]] = field(default_factory=dict)
    floor: str = ""
    ceilings: list[float] = field(default_factory=list)


def attempts(sprites: Set, describe: Describe, reference: Tensor) -> Iterator[Attempt]:
    """Everything that is tried."""

    def different(rows: np.ndarray) -> Callable[[int, np.random.Generator], np.ndarray]:
        return lambda n, rng: rng.choice(rows, n, replace=False)

    held_out = describe(sprites.held_out)
    every = np.arange(len(held_out))
    for (damage, strength), images in sprites.damaged.items():
        yield Attempt(damage, strength, describe(images), different(every))
    common = np.argsort(-np.bincount(sprites.labels))
    for dropped in (1, 3):
        kept = every[~np.isin(sprites.labels, common[:dropped])]
        yield Attempt("largest classes dropped", dropped, held_out, different(kept))
    for times in (2, 4, 10):

        def repeated(n: int, rng: np.random.Generator, times: int = times) -> np.ndarray:
            return rng.choice(rng.choice(every, n // times, replace=False), n)

        yield Attempt("sprites repeated, times", times, held_out, repeated)
    both = torch.cat([held_out, reference])
    for share in (0.05, 0.1, 0.2):

        def copied(n: int, rng: np.random.Generator, share: float = share) -> np.ndarray:
            copies = len(every) + rng.choice(len(reference), round(n * share), replace=False)
            return np.concatenate([rng.choice(every, n - len(copies), replace=False), copies])

        yield Attempt("copies of training", share, both, copied)


def examine(
    sprites: Set, describe: Describe, compare: Callable[[Tensor, Tensor], dict[str, float]]
) -> dict[str, Findings]:
    """The findings of each score that `compare` gives."""
    reference, held_out = describe(sprites.reference), describe(sprites.held_out)

    def scores(attempt: Attempt, n: int, draws: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(n)
        found = [compare(attempt.draw(n, rng), reference) for _ in range(draws)]
        return {name: np.array([each[name] for each in found]) for name in found[0]}

    every = len(held_out)
    nothing = Attempt("", 0, held_out, lambda n, rng: rng.choice(every, n, replace=False))
    null = {n: scores(nothing, n, UNDAMAGED_DRAWS) for n in SIZES if n <= every}
    findings = {name: Findings() for name in null[MIDDLE]}
    for attempt in attempts(sprites, describe, reference):
        for n in null:
            try:
                drawn = scores(attempt, n, DAMAGED_DRAWS)
            except ValueError:  # without the dropped classes fewer than n are left
                continue
            for name, found in findings.items():
                worse = -1 if name in METRIC.higher_is_better else 1
                limit = np.quantile(worse * null[n][name], 0.95)
                row = found.noticed.setdefault(attempt.damage, {})
                if (worse * drawn[name] > limit).mean() < 0.8:
                    row[n] = "-"
                elif row.get(n, "-") == "-":
                    row[n] = f"{attempt.strength:g}"
                if n == MIDDLE:
                    values = found.values.setdefault(attempt.damage, {})
                    values[attempt.strength] = drawn[name].mean()
    for name, found in findings.items():
        undamaged = null[MIDDLE][name]
        found.floor = f"{undamaged.mean():.3g} ± {undamaged.std():.2g}"
    for images in sprites.ceilings:
        for name, value in compare(describe(images)[:MIDDLE], reference).items():
            findings[name].ceilings.append(value)
    return findings


def cost(work: Callable[[], object], sprites: int) -> float:
    """CPU milliseconds per 1,000 sprites."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / sprites * 1e6


def table(head: list[str], rows: list[list[str]]) -> None:
    """Prints Markdown."""
    print(f"\n| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def print_findings(columns: dict[str, Findings], costs: dict[str, float]) -> None:
    """What is noticed, a row per damage; then floor, ceilings and cost, a row per score."""
    head = f"noticed from, at n = {', '.join(map(str, SIZES))}"
    damages = next(iter(columns.values())).noticed
    table(
        [head, *columns],
        [
            [
                damage,
                *(
                    ", ".join(found.noticed[damage].get(n, " ") for n in SIZES)
                    for found in columns.values()
                ),
            ]
            for damage in damages
        ],
    )
    table(
        ["", f"floor, n = {MIDDLE}", "noise", "mean sprite", "ms per 1,000 sprites"],
        [
            [name, found.floor, *(f"{end:.3g}" for end in found.ceilings), f"{costs[name]:.0f}"]
            for name, found in columns.items()
        ],
    )


def audition(sprites: Set) -> None:
    """Prints all tables of one file."""
    n = len(sprites.held_out)
    print(f"\n### {sprites.name}: {len(sprites.reference)} reference sprites, {n} held out")
    print("\nThe Frechet distance in the features of different encoders")
    columns, costs = {}, {}
    for name, prepare in RIVALS.items():
        describe = prepare(sprites.reference)
        columns[name] = examine(sprites, describe, lambda a, b: {"": frechet(a, b)})[""]
        costs[name] = cost(lambda describe=describe: describe(sprites.held_out.clone()), n)
    print_findings(columns, costs)
    print("\nThe scores in sprite features; the cost is that of all six, without the encoder")
    found = examine(sprites, METRIC.describe, METRIC.compare)
    samples, reference = METRIC.describe(sprites.held_out), METRIC.describe(sprites.reference)
    METRIC.compare(samples[:MIDDLE], reference)  # what belongs to the reference is known by then
    price = cost(lambda: METRIC.compare(samples, reference), n)
    print_findings(found, dict.fromkeys(found, price))
    print(f"\nMean `sprite_fd` and `sprite_kd` of {MIDDLE} sprites by strength of damage")
    pairs = [found[name].values for name in ("sprite_fd", "sprite_kd")]
    table(
        ["damage", "strength: sprite_fd / sprite_kd"],
        [
            [
                damage,
                ", ".join(
                    f"{s:g}: {pairs[0][damage][s]:.3g} / {pairs[1][damage][s]:.3g}"
                    for s in pairs[0][damage]
                ),
            ]
            for damage in pairs[0]
        ],
    )


def told_apart(sprites: Set) -> None:
    """Prints how often judges are right about damaged sprites, who are half of the held-out ones
    by groups; the other half is real. The Frechet distance of the same sprites stands beside."""
    half = np.random.default_rng(1).permutation(sprites.groups.max() + 1)[sprites.groups] % 2
    made, real = np.flatnonzero(half == 0), np.flatnonzero(half == 1)
    asked = ToldApart(sprites.reference, sprites.held_out[real], sprites.groups[real])
    reference = METRIC.describe(sprites.reference)
    print(f"\n### {sprites.name}: {len(made)} damaged sprites, {len(real)} real ones")
    rows = []
    for (damage, strength), images in {("none", 0.0): sprites.held_out, **sprites.damaged}.items():
        found = frechet(METRIC.describe(images[made]), reference)
        try:
            it = asked.score(images[made], sprites.groups[made])
            told = f"{it.value:.2f} ({it.low:.2f} to {it.high:.2f})"
        except NotMeasurable as error:
            told = str(error)
        rows.append([damage, f"{strength:g}", told, f"{found:.3g}"])
    table(["damage", "strength", "told apart", "sprite_fd"], rows)


def main() -> None:
    """Prints the tables of every file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="+", metavar="SPRITES.npz")
    parser.add_argument("--told-apart", action="store_true")
    arguments = parser.parse_args()
    for path in arguments.paths:
        (told_apart if arguments.told_apart else audition)(Set(path))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
