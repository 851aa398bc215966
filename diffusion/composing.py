"""From a configuration to the objects of a run: the module that learns, and its trainer."""

from pathlib import Path
from typing import Any

import lightning
import torch
from hydra.utils import instantiate

from diffusion.callbacks.finite import FiniteLoss
from diffusion.callbacks.signals import Signals
from diffusion.checkpoint import AtomicCheckpointIO, build_denoiser
from diffusion.errors import UserError
from diffusion.loggers import MetricsCSV
from diffusion.module import DiffusionModule
from diffusion.pixels import PixelCodec
from diffusion.precision import native_precision
from diffusion.samplers.base import Sampler


def compose_module(config: dict[str, Any], data: Any) -> DiffusionModule:
    """The module with fresh weights; channels and classes come from the data.

    Args:
        config: the resolved configuration as plain containers.
        data: a SpriteDataModule after `setup`.

    Raises:
        UserError: parts that do not fit together, or more sampler steps than the schedule has.
    """
    recipe = {part: config[part] for part in ("schedule", "prediction", "weighting")}
    classes = data.classes if config["model"]["classes"] else 0
    recipe["model"] = config["model"] | {"channels": data.shape[0], "classes": classes}
    torch.manual_seed(config["seed"])  # the initial weights
    denoiser = build_denoiser(recipe)
    sampler: Sampler = instantiate(config["sampler"])
    denoiser.schedule.grid(sampler.steps)
    if config["compile"]:
        denoiser.model.compile()  # in place: the names in checkpoints stay plain
    sprites = {
        "shape": list(data.shape),
        "hard_alpha": data.card["hard_alpha"],
        "label_names": list(data.label_names),
        "label_frequencies": data.label_frequencies,
    }
    return DiffusionModule(
        denoiser,
        PixelCodec(sprites["hard_alpha"]),
        optimizer=instantiate(config["optimizer"]),
        learning_rate=instantiate(config["learning_rate"]),
        seed=config["seed"],
        flip=config["flip"],
        label_drop=config["label_drop"],
        card={"config": config, "recipe": recipe, "data": data.card, "sprites": sprites},
    )


def compose_trainer(config: dict[str, Any], folder: Path, step: int) -> lightning.Trainer:
    """The trainer with the chosen callbacks and loggers, and those that every run has.

    Args:
        config: the resolved configuration as plain containers.
        folder: the run directory.
        step: where the run continues, 0 for a new one.

    Raises:
        UserError: a batch that the devices cannot share.
    """
    settings = dict(config["trainer"])
    if settings["precision"] == "auto":
        settings["precision"] = native_precision(settings["accelerator"])
    chosen = [instantiate(callback) for callback in config["callbacks"].values() if callback]
    checkpoints = instantiate(config["checkpoint"])
    trainer: lightning.Trainer = instantiate(
        settings,
        # in this order: a checkpoint is written after the average moved and the loss was looked at
        callbacks=[*chosen, FiniteLoss(), checkpoints, Signals(checkpoints.save)],
        logger=[MetricsCSV(folder, keep=step), *instantiate(config["logger"], folder, config)],
        plugins=[AtomicCheckpointIO()],
        default_root_dir=folder,
        check_val_every_n_epoch=None,  # intervals are in steps, never in epochs
        num_sanity_val_steps=0,
        enable_checkpointing=False,  # our own callback does it
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    devices, batch = trainer.num_devices * trainer.num_nodes, config["data"]["batch_size"]
    if batch % devices:
        raise UserError(
            f"data.batch_size={batch} cannot be shared by {devices} devices; give a multiple of "
            f"{devices}."
        )
    return trainer
