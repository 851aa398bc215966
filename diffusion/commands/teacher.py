"""Which trained run a student may learn from, and what it takes over: experiment=distill."""

from typing import Any

from torch.optim import Optimizer

from diffusion.commands.choosing import BROUGHT
from diffusion.errors import UserError
from diffusion.muon import Muon
from diffusion.palette import Palette, SharpPalette
from diffusion.runs.cards import PARTS
from diffusion.runs.loading import Loaded, checkpoint_file, load
from diffusion.runs.trust import trusted
from diffusion.samplers.base import Sampler
from diffusion.samplers.ddpm import DDPM
from diffusion.sprite_data import SpriteData


def find_teacher(config: dict[str, Any], data: SpriteData) -> Loaded:
    """The trained run that a student learns from.

    Args:
        config: the resolved configuration as plain containers; `teacher` names the run.
        data: a SpriteDataModule after `setup`.

    Raises:
        UserError: no such run, one that is a student itself, other sprites, or a configuration
            that wants parts which the teacher brings.
    """
    typed = [part for part in (*PARTS, "init_from") if config.get(part) is not None]
    if typed:
        raise UserError(
            f"teacher= brings its own {' and '.join(typed)}; use experiment=distill, without "
            f"{' '.join(f'{part}=' for part in typed)}."
        )
    trust = trusted(config["trust"])
    teacher = load(checkpoint_file(str(config["teacher"]), "last"), trust)
    shape, known = tuple(teacher.card["sprites"]["shape"]), teacher.card.get("data", {})
    if shape != data.shape or known.get("fingerprint", "") not in ("", data.card["fingerprint"]):
        raise UserError(
            f"The teacher was trained on other sprites, of {shape[2]}x{shape[1]}x{shape[0]}; give "
            "the student the same: data=array data.path=..., and data.hold_out= where it was "
            "typed, as in the teacher's run."
        )
    _check_colours(teacher, data)
    if "teacher" in teacher.card or isinstance(teacher.denoiser.prediction, SharpPalette):
        raise UserError(f"teacher={config['teacher']} is a student itself; give its own teacher.")
    return teacher


def _check_colours(teacher: Loaded, data: SpriteData) -> None:
    """Refuses sprites that were brought to other colours; an exported teacher does not say."""
    if "config" not in teacher.card:
        return
    most, brought = teacher.card["config"]["data"].get("most_colours"), data.card.get(BROUGHT)
    if brought != most and (brought is not None or len(data.colours(most)) > most):
        raise UserError(
            "The teacher learned the sprites in other colours; give the student the same: "
            f"data.most_colours={'null' if most is None else most}."
        )


def students_recipe(teacher: Loaded) -> dict[str, Any]:
    """The teacher's, but that a student of a palette decides for colours."""
    recipe: dict[str, Any] = dict(teacher.card["recipe"])
    if isinstance(teacher.denoiser.prediction, Palette):
        sharp = f"{SharpPalette.__module__}.{SharpPalette.__name__}"
        recipe["prediction"] = recipe["prediction"] | {"_target_": sharp}
    return recipe


def check_student(sampler: Sampler, optimizer: Optimizer) -> None:
    """Refuses what students do not learn with.

    Raises:
        UserError: a sampler other than DDPM, or Muon, under which they collapse.
    """
    if isinstance(optimizer, Muon):
        raise UserError("A student and its auxiliary denoiser learn with optimizer=adamw or adam.")
    if not isinstance(sampler, DDPM) or sampler.variance != "posterior":
        raise UserError("A student is trained for sampler=ddpm sampler.variance=posterior.")
