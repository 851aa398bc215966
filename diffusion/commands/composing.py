"""From a configuration to the objects of a run: the module that learns, and its trainer."""

import importlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import torch
from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger
from torch import Tensor

from diffusion.callbacks.cost import Cost
from diffusion.callbacks.signals import Signals
from diffusion.commands.choosing import ATTRIBUTES, chosen
from diffusion.commands.numbers import LARGEST_SEED, check_numbers
from diffusion.commands.teacher import check_student, find_teacher, students_recipe
from diffusion.commands.typed import key_of
from diffusion.denoiser import Denoiser
from diffusion.distillation import DistillationModule
from diffusion.errors import UserError
from diffusion.losses import Colours
from diffusion.module import DiffusionModule
from diffusion.palette import MAX_COLOURS, Palette
from diffusion.pixels import PixelCodec
from diffusion.runs.building import build_denoiser
from diffusion.runs.cards import MOST_VALUES, OPTIONAL, PARTS
from diffusion.runs.checkpoint import AtomicCheckpointIO
from diffusion.runs.directory import BUDGET
from diffusion.runs.metrics_csv import MetricsCSV
from diffusion.runs.precision import exact_float32, native_precision
from diffusion.runs.trust import packages_of
from diffusion.runs.wandb_logger import tags_of
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.base import Sampler
from diffusion.sprite_data import SpriteData

MAX_DEVICES = 4096  # of one machine

make = partial(instantiate, _convert_="all")  # plain lists: others end up in checkpoints


def compose_module(config: dict[str, Any], data: SpriteData) -> DiffusionModule:
    """The module with fresh weights, or with those of the teacher that the configuration names.

    Args:
        config: the resolved configuration as plain containers.
        data: a SpriteDataModule after `setup`; channels, classes and an open choice come from it.

    Raises:
        UserError: parts that do not fit together, or more sampler steps than the schedule has.
    """
    config, _ = chosen(config, data)
    check_numbers(config, {"seed": 0}, {"seed": LARGEST_SEED})
    for key in ("compile", "closing"):
        if not isinstance(config[key], bool):
            raise UserError(f"{key}={config[key]} must be true or false.")
    teacher = find_teacher(config, data) if config["teacher"] is not None else None
    recipe = students_recipe(teacher) if teacher else _recipe(config, data)
    torch.manual_seed(config["seed"])  # the initial weights
    denoiser = build_denoiser(recipe, teacher.trust if teacher else packages_of(recipe))
    codec = PixelCodec(data.card["hard_alpha"])
    if looks := getattr(denoiser.model, "looks", None):
        looks.learn(_told(denoiser, data, codec))
    make_optimizer = make(config["optimizer"])
    try:
        optimizer = make_optimizer(denoiser.parameters())
    except (TypeError, ValueError) as error:
        raise UserError(f"optimizer: {error}.") from error
    sampler: Sampler = make(config["sampler"])
    sampler.check(denoiser)
    preview = (config["callbacks"].get("samples") or {}).get("sampler", config["sampler"])
    make(preview).check(denoiser)
    if config["compile"]:
        denoiser.model.compile()  # in place: the names in checkpoints stay plain
    sprites = {
        "shape": list(data.shape),
        "hard_alpha": data.card["hard_alpha"],
        "label_names": list(data.label_names),
        "label_frequencies": data.label_frequencies,
    }
    if denoiser.attributes:
        known = data.attribute_names.items()
        sprites["attributes"] = {name: list(values) for name, values in known}
        if sum(denoiser.attributes) <= MOST_VALUES:
            told = data.attribute_values(data.split["train"])
            sprites |= AttributeDraws.of(told, denoiser.attributes).plain()
    card: dict[str, Any] = {
        "config": config,
        "recipe": recipe,
        "data": data.card,
        "sprites": sprites,
    }
    ours = {
        "codec": codec,
        "optimizer": make_optimizer,
        "learning_rate": make(config["learning_rate"]),
        "seed": config["seed"],
        "flip": config["flip"],
        "label_drop": config["label_drop"],
    }
    if teacher is None:
        return DiffusionModule(denoiser, card=card, **ours)
    check_student(sampler, optimizer)
    denoiser.load_state_dict(teacher.denoiser.state_dict())
    card["teacher"] = teacher.sha256
    levels, _ = sampler.start(denoiser.schedule, torch.zeros(()))
    times = torch.tensor([level.t for level in levels])
    return DistillationModule(denoiser, teacher.denoiser, times, card=card, **ours)


def _recipe(config: dict[str, Any], data: SpriteData) -> dict[str, Any]:
    """What the denoiser is made from."""
    given = [part for part in PARTS if config.get(part) is not None]
    missing = [part for part in PARTS if part not in (*given, *OPTIONAL)]
    if missing:
        raise UserError(
            f"There is no {missing[0]}; give {missing[0]}=..., or for experiment=distill teacher="
            "..., a trained run."
        )
    recipe = {part: config[part] for part in given}
    recipe["model"] = config["model"] | {
        "channels": data.shape[0],
        "classes": _classes(config["model"]["classes"], data),
    }
    if "looks" in config["model"]:
        if not isinstance(config["model"]["looks"], bool):
            raise UserError(f"model.looks={config['model']['looks']} must be true or false.")
        told = config["model"]["looks"] and recipe["model"]["classes"]
        recipe["model"]["looks"] = list(data.shape[1:]) if told else []
    if "colours" in recipe["prediction"]:
        colours = data.colours(limit=MAX_COLOURS)
        recipe["prediction"] = recipe["prediction"] | {"colours": colours}
        recipe["model"]["outputs"] = len(colours)
    return recipe


def _told(
    denoiser: Denoiser, data: SpriteData, codec: PixelCodec
) -> Iterator[tuple[Tensor, Tensor]]:
    """The training sprites in model range, and what a network can be told of each."""
    rows = data.split["train"]
    told = data.attribute_values(rows) if denoiser.attributes else data.labels(rows)
    assert told is not None  # such a network has labels or attributes
    for sprites in data.parts(rows):
        now, told = told[: len(sprites)], told[len(sprites) :]
        yield codec.encode(sprites), now


def _classes(typed: Any, data: SpriteData) -> int | list[int]:
    """What the network learns to be told: a label, its attributes, or nothing."""
    if typed not in (None, True, False, ATTRIBUTES):
        raise UserError(f"model.classes={typed} must be true, false or {ATTRIBUTES}.")
    if typed != ATTRIBUTES:
        return data.classes if typed else 0
    if not data.attribute_names:
        raise UserError(
            "model.classes=attributes needs data with attributes, and this has none; give "
            "data.attributes=FILE.csv, a column for each, or data.attributes=folders."
        )
    return [len(values) for values in data.attribute_names.values()]


def check_weighting(denoiser: Denoiser) -> None:
    """Refuses a weighting that the loss of a palette was not made for, where none is named.

    Checkpoints of such a training exist, so the denoiser itself does not refuse it.
    """
    if denoiser.objective is None and isinstance(denoiser.prediction, Palette):
        Colours().check(denoiser.prediction, denoiser.schedule, denoiser.weighting)


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
    typed = {key_of(word) for word in words}
    if config["data"].get("hold_out") == 0 and typed.isdisjoint(BUDGET):
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
