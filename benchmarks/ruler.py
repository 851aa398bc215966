"""Does the ruler's opinion of a schedule agree with the sprites that it leads to?

    OMP_NUM_THREADS=1 python benchmarks/ruler.py ../shared/data/dawnlike_16.npz --steps 600

For each schedule: what the ruler says about it with these sprites, and after equal training of the
same network the distances of samples, with their floor. `--scale 4` blows the sprites up first.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from datamodules.array import ArrayData
from diffusion.exact.posterior import Band, Posterior
from diffusion.exact.ruler import Ruler
from diffusion.judge import Judge
from diffusion.metrics.sprite_features import SpriteFeatures
from diffusion.pixels import PixelCodec
from diffusion.runs.loading import checkpoint_file, load
from diffusion.samplers.ddim import DDIM

ROOT = Path(__file__).parents[1]
N = 256


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sprites.npz"
        _enlarge(arguments.data, path, arguments.scale)
        data = ArrayData(str(path), batch_size=arguments.batch_size)
        data.setup()
        clean = PixelCodec().encode(data.images(data.split["train"][:2000]))
        ruler = Ruler(Posterior(clean))
        judge = Judge.of(data, {"features": SpriteFeatures()}, N)
        base = ["schedule=shifted", f"schedule.shift={ruler.shift:.2f}"]
        choices = {name: [f"schedule={name}"] for name in ("linear", "cosine", "sigmoid")}
        for name in tuple(choices):
            choices[f"{name}, shifted"] = [*base, f"schedule@schedule.base={name}"]
        print(
            f"{len(clean):,} sprites of {data.shape[2]} px; recommended shift {ruler.shift:+.2f}\n"
        )
        heads = ("schedule", *Band, "middle", "candidates at the end", "sprite_fd", "sprite_kd")
        print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
        for name, words in choices.items():
            reading = ruler.read(_schedule(words))
            row = [name, *(f"{reading.shares[band]:.0%}" for band in Band)]
            row += [f"{reading.shares[Band.PROBABLY] + reading.shares[Band.ONE_OF]:.0%}"]
            row += [f"{reading.candidates:,.0f} of {reading.n:,}"]
            if arguments.steps and name in arguments.trained:
                scores = _trained(
                    words,
                    path,
                    arguments,
                    judge,
                    Path(folder) / "run" / str(len(row)) / name.replace(", ", "_"),
                )
                row += [f"{scores['sprite_fd']:.1f}", f"{scores['sprite_kd']:.0f}"]
            print("| " + " | ".join(row) + " |", flush=True)
        floor = judge.floors
        print(f"\nfloor: sprite_fd {floor['sprite_fd']:.1f}, sprite_kd {floor['sprite_kd']:.1f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=0, help="of training; 0: the ruler alone")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument(
        "--trained", nargs="*", default=["linear", "cosine", "sigmoid", "linear, shifted"]
    )
    return parser.parse_args()


def _enlarge(source: Path, target: Path, scale: int) -> None:
    with np.load(source) as file:
        arrays = {name: file[name] for name in file.files if name in ("images", "groups")}
    images = arrays["images"].repeat(scale, axis=1).repeat(scale, axis=2)
    if scale > 1:  # off the grid, which the data module would find and undo
        images[::2] = np.roll(images[::2], 1, axis=(1, 2))
    arrays["images"] = images
    np.savez(target, **arrays)


def _schedule(words: list[str]):  # noqa: ANN202  a NoiseSchedule, by its YAML
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return instantiate(compose("train", words).schedule)


def _trained(
    words: list[str], path: Path, arguments: argparse.Namespace, judge: Judge, run: Path
) -> dict[str, float]:
    """The scores of samples after training from scratch, all else equal."""
    subprocess.run(
        [
            sys.executable,
            str(ROOT / "train.py"),
            "experiment=textbook",
            *words,
            "data=array",
            f"data.path={path}",
            f"data.batch_size={arguments.batch_size}",
            f"trainer.max_steps={arguments.steps}",
            f"trainer.val_check_interval={arguments.steps}",
            "sampler=dpm_solver",
            "logger=csv",
            "callbacks.samples=null",
            "callbacks.noise_levels=null",
            f"hydra.run.dir={run}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    sprites = load(checkpoint_file(str(run), "last")).sprites(DDIM(25), seed=0)
    return judge.scores(torch.cat(list(sprites.batches(range(N)))))


if __name__ == "__main__":
    main()
