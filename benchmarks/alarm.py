"""How often the copy alarm sounds by chance, and what it notices.

    OMP_NUM_THREADS=1 python benchmarks/alarm.py                    made-up groups
    OMP_NUM_THREADS=1 python benchmarks/alarm.py sprites.npz        real ones, split by group

Made-up unseen sprites and samples come in groups whose rates of repeats are Beta distributed with
the given mean and intraclass correlation; to the samples copies are added, spread over all groups.
Of real sprites a tenth stand for samples: an alarm is a false one.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from datamodules.array import ArrayData  # noqa: E402
from diffusion.novelty.alarm import Cases, is_excess  # noqa: E402
from diffusion.novelty.passport import Passport  # noqa: E402

KINDS = ((0.0, 1), (0.3, 5), (1.0, 20))  # intraclass correlation, sprites of a group
RUNS = 300
SPLITS = 28


def drawn(rng, n: int, size: int, correlation: float, mean: float, extra: float = 0.0):
    """Which of n sprites repeat, and their groups."""
    groups = np.arange(n) // size
    count = groups[-1] + 1
    if correlation in (0.0, 1.0):
        rates = (rng.random(count) < mean) if correlation else np.full(count, mean)
    else:
        strength = (1 - correlation) / correlation
        rates = rng.beta(mean * strength, (1 - mean) * strength, count)
    repeats = (rng.random(n) < rates[groups]) | (rng.random(n) < extra)
    return torch.from_numpy(repeats), torch.from_numpy(groups)


def made_up() -> None:
    """Prints how often the alarm sounds with 0, 5 and 10% of copies added."""
    print("| groups of | correlation | base rate | unseen | samples | none | 5% | 10% |")
    print("|" + "---|" * 8)
    for (correlation, size), mean in ((kind, mean) for kind in KINDS for mean in (0.01, 0.04)):
        for m in (50, 92, 200, 1000):
            for n in (128, 1024):
                rng, heard = np.random.default_rng(0), []
                for extra in (0.0, 0.05, 0.1):
                    rates = [
                        (
                            Cases.of(*drawn(rng, n, size, correlation, mean, extra)),
                            Cases.of(*drawn(rng, m, size, correlation, mean)),
                        )
                        for _ in range(RUNS)
                    ]
                    heard.append(f"{np.mean([is_excess(*each) for each in rates]):.1%}")
                print(f"| {size} | {correlation} | {mean} | {m} | {n} | {' | '.join(heard)} |")


def real(path: str) -> None:
    """Prints the alarms of splits by group: 80% trained on, 10% unseen, 10% as samples."""
    data = ArrayData(path)
    data.setup()
    rows = np.concatenate(list(data.split.values()))
    groups, images = data.groups[rows], data.images(rows)
    alarms = 0
    for split in range(SPLITS):
        order = np.random.default_rng(split).permutation(np.unique(groups))
        before = np.cumsum([(groups == group).sum() for group in order]) / len(groups)
        part = dict(zip(order.tolist(), np.digitize(before, (0.1, 0.2)).tolist(), strict=True))
        which = np.array([part[group] for group in groups.tolist()])
        sampled, unseen, trained = (np.flatnonzero(which == k) for k in range(3))
        training = images[trained]
        passport = Passport.of(
            lambda training=training: training.split(500),
            images[unseen],
            groups[trained],
            groups[unseen],
        )
        found = passport.examine(images[sampled])
        alarms += passport.copying(found)
        print(
            f"{split}: repeats {passport.rates(found)['copy_rate']:.1%}, of unseen sprites "
            f"{passport.base_rates['copy_rate']:.1%}"
        )
    print(f"{alarms} false alarms in {SPLITS} splits of {path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="?")
    chosen = parser.parse_args().data
    real(chosen) if chosen else made_up()
