"""Objects from recipes in files: plain containers that may name this project's classes only.

Hydra's own `instantiate` would call whatever a file names.
"""

import importlib
import inspect
from collections.abc import Sequence
from typing import Any

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.runs.cards import PARTS

OURS = tuple(package for packages in PARTS.values() for package in packages)


def build(node: Any, packages: Sequence[str] = OURS) -> Any:
    """Objects from a recipe: nested plain containers with `_target_`, as in `conf/`.

    Raises:
        UserError: a `_target_` is not a class in one of the packages, or does not take the
            arguments beside it.
    """
    if not isinstance(node, dict) or "_target_" not in node:
        return node
    target = str(node["_target_"])
    module, _, name = target.rpartition(".")
    if not any(module == package or module.startswith(package + ".") for package in packages):
        raise UserError(f"{target} is not one of this project's own {' '.join(packages)}.")
    arguments = {key: build(value, packages) for key, value in node.items() if key != "_target_"}
    try:
        made = getattr(importlib.import_module(module), name)
        if not inspect.isclass(made) or made.__module__ != module:
            raise UserError(f"{target} is not a class of this project.")
        known = inspect.signature(made).parameters
        unknown = [key for key in arguments if key not in known]
        if unknown and not any(each.kind is each.VAR_KEYWORD for each in known.values()):
            raise UserError(f"{name} knows no {unknown[0]}; its values are {', '.join(known)}.")
        return made(**arguments)
    except (ImportError, AttributeError, TypeError) as error:
        raise UserError(f"{name} cannot be made with these values: {error}.") from error


def build_denoiser(recipe: dict[str, Any]) -> Denoiser:
    """A denoiser with fresh weights from a recipe, the configurations of its `PARTS`."""
    return Denoiser(**{part: build(recipe[part]) for part in sorted(recipe)})
