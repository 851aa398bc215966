"""Runs that nobody trained, for tests of what a report shows: sprites of the forge, damaged."""

import math

import numpy as np
import torch

from datamodules.forge import ForgeData
from diffusion.report.judged import Finding, Judged, Score

KINDS = ("new", "new", "new", "variant", "new", "copy", "new", "recoloured", "new", "mirrored")
LEVELS = [k / 10 for k in range(1, 11)]


def forge(n=64, size=16):
    """Sprites uint8 `(n, 4, size, size)`."""
    data = ForgeData(n=max(n, 8), size=size)
    data.setup()
    return data.images(np.arange(n))


def fake_run(name, sprites, quality=1.0, seed=0, config=None, picture=None):
    """A run whose numbers and sprites are the worse the higher `quality` is."""
    draw = np.random.default_rng([seed, int(quality * 100)])
    n = len(sprites)
    images = sprites.clone()
    spots = torch.from_numpy(draw.random(images[:, :1].shape) < 0.012 * quality)
    colour = torch.from_numpy(draw.integers(0, 256, images.shape, np.uint8))
    colour[:, 3] = 255
    images = torch.where(spots, colour, images)
    fd = 2.1 * quality * float(draw.normal(1, 0.03))
    verdicts = [
        Finding(k, KINDS[k % len(KINDS)], f"{'mage' if k % 2 else 'smith'} {k}", 31.6 * (k % 7), k)
        for k in range(n)
    ]
    rates = {kind: sum(v.verdict == kind for v in verdicts) / n for kind in dict.fromkeys(KINDS)}
    seen = [2000.0 * k for k in range(1, 90)]
    losses = [0.02 * quality + 0.9 * math.exp(-k / 9) for k in range(1, 90)]
    levels = [0.03 + 0.9 * (1 - t) ** 3 for t in LEVELS]
    return Judged(
        name=name,
        facts={"training data": "3,200 sprites of 16 x 16", "cost": "376 CPU seconds"},
        images=images,
        config={"seed": seed, "schedule.steps": 1000, **(config or {})},
        scores={
            "sprite_fd": Score(fd, n, fd * 0.93, fd * 1.08, 1.2, 400, fd * 1.1, 312.0, 88.0),
            "precision": _share(0.86 - 0.06 * quality, n),
            "recall": _share(0.71 - 0.05 * quality, n),
        },
        rates=rates | {"valid": 0.9 - 0.1 * quality},
        base_rates={"copy": 0.0, "variant": 0.05, "new": 0.95, "valid": 1.0},
        verdicts=verdicts,
        nearest=sprites.flip(0),
        curves={
            "val/loss": list(zip(seen, [1.05 * loss for loss in losses], strict=True)),
            "train/loss": [
                (x, loss * float(draw.normal(1, 0.03)))
                for x, loss in zip(seen, losses, strict=True)
            ],
            "preview/sprite_fd": [(x, fd + 60 * math.exp(-x / 2e4)) for x in seen[::9]],
        },
        levels={
            "t": LEVELS,
            "train": [loss * quality**0.3 for loss in levels],
            "held-out": [loss * quality**0.3 * 1.06 for loss in levels],
            "exact train": [0.6 * loss * t for t, loss in zip(LEVELS, levels, strict=True)],
            "exact held-out": [1.5 * loss for loss in levels],
        },
        histograms={
            name: {
                "bins": list(range(1, 11)),
                "samples": _shares(5 + 0.3 * quality),
                "training": _shares(5),
            }
            for name in ("colours", "orphans", "symmetry")
        },
        pictures={"What the network thinks": picture} if picture else {},
        notes=["Fréchet distances of few samples are too large."] if quality > 2 else [],
        summary={"cpu_seconds": 376.0 / quality, "parameters": 1153732, "status": "finished"},
        real=sprites[:16],
    )


def sweep(sprites, models=("small", "tiny"), seeds=3, schedules=("linear",), picture=None):
    """A run for every model, schedule and seed; earlier models are better."""
    return [
        fake_run(
            f"model-{model}_schedule-{schedule}_seed-{seed}",
            sprites,
            1.0 + 1.2 * k + 0.15 * j,
            seed,
            {
                "model.width": 64 // (k + 1),
                "schedule._target_": f"diffusion.schedules.{schedule}.{schedule.title()}",
            },
            picture,
        )
        for k, model in enumerate(models)
        for j, schedule in enumerate(schedules)
        for seed in range(seeds)
    ]


def _share(value, n):
    return Score(value, n, value - 0.03, value + 0.03, 0.93, 400, value, 0.0, 0.0, True)


def _shares(middle):
    weights = [math.exp(-((k - middle) ** 2) / 4) for k in range(1, 11)]
    return [weight / sum(weights) for weight in weights]
