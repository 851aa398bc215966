"""The end of a run: last sprites, how new they are, `summary.json`, and one table for a person."""

import csv
import statistics
import time
from typing import Any

import lightning
import torch
from hydra.utils import instantiate

from diffusion import pictures
from diffusion.checkpoint import load
from diffusion.metrics.novelty import nearest
from diffusion.module import DiffusionModule
from diffusion.run_directory import RunDirectory
from diffusion.samplers.base import Sampler
from diffusion.showing import show_panels

SAMPLES = 64
FILM = 16


def close_run(run: RunDirectory, trainer: lightning.Trainer, data: Any) -> dict[str, Any]:
    """Samples from the checkpoint as `sample.py` would, and writes what is left to write.

    Args:
        run: where to write.
        trainer: after `fit`.
        data: the SpriteDataModule that was trained on.

    Returns:
        the summary.
    """
    assert run.last is not None
    module = trainer.lightning_module
    assert isinstance(module, DiffusionModule)
    sampler: Sampler = instantiate(run.config["sampler"])
    sprites = load(run.last).sprites(sampler, seed=0, device=trainer.strategy.root_device)
    images = torch.cat(list(sprites.batches(range(SAMPLES))))
    pictures.grid(images).save(run.path / "samples.png")
    pictures.film(sprites.film(range(FILM)), run.path / "denoising.gif")
    shown = [data.pick(int(row)) for row in data.split["train"][:3]]
    show_panels(shown, sprites.denoiser, data, run.config["flip"], run.path)
    summary = {
        "status": "finished",
        "step": trainer.global_step,
        "progress/images": trainer.global_step * trainer.accumulate_grad_batches * data.batch_size,
        **_last_metrics(run),
        **_novelty(images, data),
        "parameters": sum(weight.numel() for weight in module.denoiser.parameters()),
        "cpu_seconds": round(time.process_time() - run.started, 1),
    }
    run.write_json("summary.json", summary)
    run.say(_table(run, summary, data))
    return summary


def _novelty(images: torch.Tensor, data: Any) -> dict[str, float]:
    """Copies of training sprites among the samples, and distances beside held-out sprites'."""
    train, val = data.split["train"], data.split["val"][: len(images)]
    _, distance = nearest(images, data.parts(train))
    _, held_out = nearest(data.images(val), data.parts(train))
    return {
        "samples/copy_rate": float((distance == 0).double().mean()),
        "samples/nearest_distance": float(distance.median()),
        "val/nearest_distance": float(held_out.median()),
    }


def _last_metrics(run: RunDirectory) -> dict[str, float]:
    """The last value of each logged metric; of the speed the median over the whole run."""
    values: dict[str, list[float]] = {}
    with (run.path / "metrics.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            for key, text in row.items():
                if text and "/" in key:
                    values.setdefault(key, []).append(float(text))
    speed = values.get("train/images_per_second", [])
    last = {key: column[-1] for key, column in values.items() if key != "progress/images"}
    return last | ({"train/images_per_second": statistics.median(speed)} if speed else {})


def _typed(data: Any) -> str:
    """A training sprite as one can type it: by its name where that is a single word."""
    row = int(data.split["train"][0])
    name = data.called(row)
    return name if name.isidentifier() else str(row)


def _table(run: RunDirectory, summary: dict[str, Any], data: Any) -> str:
    copies = summary["samples/copy_rate"]
    speed = summary.get("train/images_per_second")
    c, h, w = data.shape
    rows = {
        "trained": f"{summary['parameters']:,} parameters on {len(data.split['train']):,} sprites "
        f"of {h}x{w}x{c}",
        "steps": f"{summary['step']:,} ({summary['progress/images']:,} images)",
        "validation loss": f"{summary['val/loss']:.4f}",
        "speed": f"{speed:.0f} images/s" if speed else "too short a run to say",
        "cost": f"{summary['cpu_seconds']:.0f} CPU seconds",
        "exact copies": f"{copies:.0%} of {SAMPLES} samples are training sprites",
        "nearest sprite": f"{summary['samples/nearest_distance']:.1f} away, of 255 "
        f"(held-out sprites: {summary['val/nearest_distance']:.1f})",
    }
    lines = [f"  {name:<16}{value}" for name, value in rows.items()]
    return "\n".join(
        [
            "",
            f"{run.path}",
            *lines,
            f"  {'pictures':<16}{run.path}/samples.png denoising.gif noising.png panel.png",
            "",
            "next:",
            f"  python sample.py run={run.path} n=64",
            f"  python sample.py run={run.path} panel={_typed(data)}",
        ]
    )
