"""The trainer of a run, with its callbacks and its loggers, from a configuration."""

import importlib
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.loggers import Logger

from diffusion.callbacks.cost import Cost
from diffusion.callbacks.signals import Signals
from diffusion.commands.composing import make
from diffusion.commands.typed import key_of
from diffusion.errors import UserError
from diffusion.module import DiffusionModule
from diffusion.runs.checkpoint import AtomicCheckpointIO
from diffusion.runs.directory import BUDGET
from diffusion.runs.metrics_csv import MetricsCSV
from diffusion.runs.precision import exact_float32, native_precision
from diffusion.runs.wandb_logger import tags_of
from diffusion.sprite_data import SpriteData

MAX_DEVICES = 4096  # of one machine
NO_BUDGET = ("null", "-1", "")  # values of steps or of a time that leave it open


def check_averages(config: dict[str, Any], words: list[str]) -> None:
    """Refuses a list of callbacks in which a later one brings back the averages.

    Args:
        config: the resolved configuration as plain containers.
        words: of the command line.
    """
    chosen = [word for word in words if word.startswith("callbacks=")]
    if chosen and "no_ema" in chosen[-1] and config["callbacks"].get("ema"):
        raise UserError(f"{chosen[-1]} brings back the averages; name no_ema last.")


def check_budget(config: dict[str, Any], words: list[str]) -> None:
    """Refuses to train on all sprites for as long as nobody has said.

    Args:
        config: the resolved configuration as plain containers.
        words: of the command line.
    """
    typed = [word for word in words if key_of(word) in BUDGET]
    said = any(word.partition("=")[2] not in NO_BUDGET for word in typed)
    if config["data"].get("hold_out") == 0 and not said:
        raise UserError(
            "data.hold_out=0 leaves no sprites that show when to end; give minutes=N or "
            "trainer.max_steps=N. A run that holds some out ends with the command to type."
        )


def compose_trainer(config: dict[str, Any], folder: Path) -> lightning.Trainer:
    """The trainer with the chosen callbacks and those that every run has; nothing is written yet.

    Args:
        config: the resolved configuration as plain containers.
        folder: the run directory.

    Raises:
        UserError: a batch that the devices cannot share, or an interval below 1.
    """
    settings = dict(config["trainer"])
    for key in ("log_every_n_steps", "accumulate_grad_batches", "val_check_interval"):
        if not isinstance(settings[key], int) or settings[key] < 1:
            raise UserError(f"trainer.{key}={settings[key]} must be a whole number, 1 or more.")
    if not isinstance(settings["max_steps"], int):
        raise UserError(
            f"trainer.max_steps={settings['max_steps']} must be a whole number; -1 leaves it to "
            "trainer.max_time."
        )
    if settings["max_steps"] == -1 and settings.get("max_time") is None:
        raise UserError(
            "trainer.max_steps=-1 leaves the end to a time, and none is given; in its place give "
            "minutes=N or trainer.max_steps=N."
        )
    clip = settings["gradient_clip_val"]
    if clip is not None and not (isinstance(clip, int | float) and clip >= 0):
        raise UserError(f"trainer.gradient_clip_val={clip} must be 0 or more, or null.")
    devices = settings["devices"]
    if isinstance(devices, int) and devices > MAX_DEVICES:
        raise UserError(f"trainer.devices={devices} must be at most {MAX_DEVICES:,}.")
    if str(settings["strategy"]).startswith(("ddp_spawn", "ddp_fork", "ddp_notebook")):
        raise UserError(
            f"trainer.strategy={settings['strategy']} shares memory between its processes, which "
            "makes metrics silently wrong; use trainer.strategy=ddp."
        )
    if settings["precision"] == "auto":
        settings["precision"] = native_precision(settings["accelerator"])
    chosen = [make(callback) for callback in _callbacks(config)]
    checkpoints = make(config["checkpoint"])
    trainer: lightning.Trainer = make(
        settings,
        # in this order: a checkpoint is written after the average moved and the loss was looked at
        callbacks=[*chosen, Cost(), checkpoints, Signals(checkpoints.save)],
        logger=False,
        plugins=[AtomicCheckpointIO()],
        default_root_dir=folder,
        check_val_every_n_epoch=None,  # intervals are in steps, never in epochs
        num_sanity_val_steps=0,
        enable_checkpointing=False,  # our own callback does it
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    exact_float32()
    devices, batch = trainer.num_devices * trainer.num_nodes, config["data"]["batch_size"]
    if batch % devices:
        raise UserError(
            f"data.batch_size={batch} cannot be shared by {devices} devices; give a multiple of "
            f"{devices}."
        )
    return trainer


def _callbacks(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The chosen callbacks, in their order."""
    chosen = {name: each for name, each in config["callbacks"].items() if each}
    for name, each in chosen.items():
        if "_target_" not in each:  # values of one that was not chosen
            raise UserError(
                f"callbacks.{name} is left out, and has values; give callbacks=default, or "
                "callbacks=[default,early_stopping]."
            )
    return list(chosen.values())


def compose_loggers(
    config: dict[str, Any], folder: Path, step: int, facts: dict[str, Any] | None = None
) -> list[Logger]:
    """`metrics.csv`, kept up to the step where the run continues, and the chosen loggers.

    Args:
        config: the resolved configuration as plain containers.
        folder: the run directory.
        step: where the run continues.
        facts: shown beside the configuration: see `facts_of`; the `words` that were typed, and
            the names that they stand for, `choices`.
    """
    shown = config | {"continued_at": step} | (facts or {})
    chosen = [make(each, folder, shown) for each in _loggers(config).values()]
    return [MetricsCSV(folder, keep=step), *(logger for each in chosen for logger in each)]


def facts_of(
    module: DiffusionModule, trainer: lightning.Trainer, data: SpriteData
) -> dict[str, Any]:
    """What runs are sorted by and no configuration says, for all loggers and `summary.json`."""
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "parameters": sum(weight.numel() for weight in module.denoiser.parameters()),
        "device": name,
        "precision": str(trainer.precision),
        "fingerprint": data.card["fingerprint"],
    }


def check_loggers(config: dict[str, Any]) -> None:
    """Refuses loggers that are not installed, and tags that are none.

    Raises:
        UserError: naming the extra to install, or what cannot be imported, or the tags.
    """
    for name, each in _loggers(config).items():
        module, _, function = str(each["_target_"]).rpartition(".")
        try:
            getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            raise UserError(f"logger={name} cannot be made: {error}.") from error
        tags_of(each.get("tags") or [])


def _loggers(config: dict[str, Any]) -> dict[str, Any]:
    """The chosen loggers by their names; configurations of older runs hold one without a name."""
    chosen = config.get("logger") or {}
    return {"logger": chosen} if "_target_" in chosen else chosen
