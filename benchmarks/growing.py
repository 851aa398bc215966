"""The set grows: quality, variety and copying when a run learns from its own sprites.

    OMP_NUM_THREADS=1 python benchmarks/growing.py sprites.npz --out FOLDER --steps 526

Generation 0 learns the training part of the set. Of its sprites those that look most real, repeat
nothing and differ from each other (`of=`) are added, with where they come from, and the next
generation learns the larger set from nothing. Every generation is judged against the real
sprites alone: the training part of the set, and its held-out part, which no generation sees.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from datamodules.array import ArrayData  # noqa: E402
from diffusion import pictures  # noqa: E402
from diffusion.judge import Judge  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402
from diffusion.novelty.variety import variety  # noqa: E402

SCORES = ("sprite_fd", "precision", "recall", "coverage")


def run(*words: str) -> None:
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sprites")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=526)
    parser.add_argument("--generations", type=int, default=3)
    parser.add_argument("--added", type=int, default=400)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    data = ArrayData(asked.sprites)
    data.setup()
    judge = Judge.of(data, {"sprite_features": SpriteFeatures()}, 512)
    rows = data.split["train"]
    images = data.images(rows).permute(0, 2, 3, 1).numpy()
    names = [f"real/{row}" for row in rows]
    print(f"held-out: {', '.join(f'{key} {judge.floors[key]:.2f}' for key in SCORES)}", flush=True)
    strips = []
    for generation in range(asked.generations + 1):
        folder = asked.out / f"generation-{generation}"
        grown, made = asked.out / f"set-{generation}.npz", folder / "samples"
        if not grown.exists():
            np.savez(grown, images=images, names=np.array(names))
        budget = f"trainer.max_steps={asked.steps}"
        words = [f"data.path={grown}", "data=array", budget, "logger=csv", "closing=false"]
        run("train.py", *words, f"hydra.run.dir={folder}")
        run("sample.py", f"run={folder}", "n=512", f"out={made}")
        found = torch.from_numpy(np.load(made / "sprites.npz")["images"])
        samples = found.permute(0, 3, 1, 2).contiguous()
        scores = judge.scores(samples)
        told, met = judge.told_apart(samples, with_floor=False), variety(samples, 10.0)
        print(
            f"generation {generation}: {len(images):,} sprites, "
            + ", ".join(f"{key} {scores[key]:.2f}" for key in SCORES)
            + f", told apart {told.value if told else float('nan'):.2f}"
            + f", copies {scores['copy_rate']:.1%}, at least {met.low:,.0f} different",
            flush=True,
        )
        strips.append(pictures.grid(samples[:12], columns=12, scale=4))
        chosen = folder / "chosen"
        count = asked.added
        run(
            "sample.py",
            f"run={folder}",
            f"n={count}",
            f"of={3 * count}",
            "seed=1",
            f"out={chosen}",
        )
        new = np.load(chosen / "sprites.npz")
        images = np.concatenate([images, new["images"]])
        names += [f"generation-{generation}/{index}" for index in new["indices"]]
    names = [f"generation {generation}" for generation in range(len(strips))]
    page = pictures.named_rows(strips, names)
    (asked.out / "generations.png").write_bytes(pictures.png(page))


if __name__ == "__main__":
    main()
