"""From a configuration to the module that learns."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from hydra.utils import instantiate
from torch import Tensor

from diffusion.commands.choosing import ATTRIBUTES, chosen
from diffusion.commands.numbers import LARGEST_SEED, check_numbers
from diffusion.commands.teacher import check_student, find_teacher, students_recipe
from diffusion.denoiser import Denoiser
from diffusion.distillation import DistillationModule
from diffusion.errors import UserError
from diffusion.judge import spread
from diffusion.losses import Colours
from diffusion.module import DiffusionModule
from diffusion.palette import MAX_COLOURS, Palette
from diffusion.pixels import PixelCodec
from diffusion.runs.building import build_denoiser
from diffusion.runs.cards import MOST_VALUES, OPTIONAL, PARTS
from diffusion.runs.trust import packages_of
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.base import Sampler
from diffusion.sprite_data import SpriteData

LOOKED_AT = 2**16  # training sprites that show what is told

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
        palette = denoiser.prediction if isinstance(denoiser.prediction, Palette) else None
        looks.learn(_told(denoiser, data, codec), palette.nearest if palette else None)
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
    if "colours" in recipe["prediction"]:
        colours = data.colours(limit=MAX_COLOURS)
        recipe["prediction"] = recipe["prediction"] | {"colours": colours}
        recipe["model"]["outputs"] = len(colours)
    recipe["model"] |= _seen(recipe, data)
    return recipe


def _seen(recipe: dict[str, Any], data: SpriteData) -> dict[str, Any]:
    """Whether the network sees what it is told, and can point there; nothing of older ones."""
    model = recipe["model"]
    wanted = {key: model[key] for key in ("looks", "points") if key in model}
    for key, value in wanted.items():
        if not isinstance(value, bool):
            others = "" if key == "looks" else "auto, "
            raise UserError(f"model.{key}={value} must be {others}true or false.")
    seen: dict[str, Any] = {}
    if "looks" in wanted:
        seen["looks"] = list(data.shape[1:]) if wanted["looks"] and model["classes"] else []
    if "points" in wanted:
        seen["points"] = bool(wanted["points"] and seen.get("looks") and "outputs" in model)
    return seen


def _told(
    denoiser: Denoiser, data: SpriteData, codec: PixelCodec
) -> Iterator[tuple[Tensor, Tensor]]:
    """Training sprites in model range, and what a network can be told of each."""
    rows = spread(data.split["train"], LOOKED_AT)
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
