"""Objects from recipes: plain containers that may name classes of certain packages only.

Hydra's own `instantiate` would call whatever a file names.
"""

import importlib
import inspect
from collections.abc import Sequence
from typing import Any

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.runs.cards import PARTS
from diffusion.runs.trust import PROJECT, is_within, remedy

OURS = tuple(package for packages in PARTS.values() for package in packages)


def build(node: Any, packages: Sequence[str] = OURS) -> Any:
    """Objects from a recipe: nested plain containers with `_target_`, as in `conf/`.

    Args:
        node: of the recipe.
        packages: that may be named; within this project's, a class by where it is defined.

    Raises:
        UserError: a `_target_` is not a class in one of the packages, or does not take the
            arguments beside it.
    """
    if not isinstance(node, dict) or "_target_" not in node:
        return node
    target = str(node["_target_"])
    module, _, name = target.rpartition(".")
    if not is_within(target, tuple(packages)):
        raise UserError(
            f"{target} is not one of this project's own {' '.join(packages)}{remedy(target)}."
        )
    arguments = {key: build(value, packages) for key, value in node.items() if key != "_target_"}
    try:
        made = getattr(importlib.import_module(module), name)
        if not inspect.isclass(made) or not _is_at_home(made, module):
            raise UserError(f"{target} is no class that is defined there.")
        known = inspect.signature(made).parameters
        unknown = [key for key in arguments if key not in known]
        if unknown and not any(each.kind is each.VAR_KEYWORD for each in known.values()):
            raise UserError(f"{name} knows no {unknown[0]}; its values are {', '.join(known)}.")
        return made(**arguments)
    except (ImportError, AttributeError, TypeError) as error:
        raise UserError(f"{name} cannot be made with these values: {error}.") from error


def build_denoiser(recipe: dict[str, Any], trust: tuple[str, ...] = ()) -> Denoiser:
    """A denoiser with fresh weights from a recipe, the configurations of its `PARTS`.

    Args:
        recipe: of its parts.
        trust: packages beside this project's own.
    """
    return Denoiser(**{part: build(recipe[part], (*OURS, *trust)) for part in sorted(recipe)})


def _is_at_home(made: type, module: str) -> bool:
    """Whether a class is defined where it is named; packages of others may pass theirs on."""
    package = module.partition(".")[0]
    if package in PROJECT:
        return made.__module__ == module
    return made.__module__.partition(".")[0] == package
