"""Values from the command line, checked before anything is begun."""

import importlib
import inspect
import json
import math
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any

from diffusion.errors import UserError
from diffusion.runs.trust import PROJECT

LARGEST_SEED = 2**63 - 1
KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {  # annotation -> its name, and who is one
    int: ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    float: (
        "a number",
        lambda value: (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ),
    ),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    str: ("a word", lambda value: isinstance(value, str)),
    type(None): ("null", lambda value: value is None),
}


def check_numbers(
    cfg: Any,
    least: dict[str, int],
    most: dict[str, int] | None = None,
    optional: Sequence[str] = (),
) -> None:
    """Refuses what is no whole number in its range.

    Args:
        cfg: the configuration.
        least: key -> smallest value.
        most: key -> largest value, where there is one.
        optional: keys that may be null.

    Raises:
        UserError: naming the key and its range.
    """
    for key, low in least.items():
        value, high = cfg[key], (most or {}).get(key)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if whole and value >= low and (high is None or value <= high):
            continue
        if value is None and key in optional:
            continue
        span = f"{low} or more" if high is None else f"from {low} to {high}"
        raise UserError(f"{key}={value} must be a whole number, {span}.")


LATER = ("model.classes", "model.looks", "model.points")  # which the data decide


def check_kinds(config: Any, path: str = "") -> None:
    """Refuses values that the classes of a configuration do not take, by their annotations.

    Only this project's own classes are looked at, and of them the arguments that are numbers,
    words, true or false, or lists of these.

    Args:
        config: plain containers.
        path: where in the whole configuration they stand.

    Raises:
        UserError: naming the key and what it must be.
    """
    if not isinstance(config, dict):
        return
    kinds = _annotations(str(config.get("_target_", "")))
    for key, value in config.items():
        name = f"{path}.{key}" if path else str(key)
        check_kinds(value, name)
        if key in kinds and name not in LATER:
            fits = _expected(kinds[key])
            if fits and not any(is_one(value) for _, is_one in fits):
                wanted = " or ".join(kind for kind, _ in fits)
                typed = value if isinstance(value, str) else json.dumps(value)
                raise UserError(f"{name}={typed} must be {wanted}.")


def _annotations(target: str) -> dict[str, Any]:
    """Of the arguments of a class or function of this project; empty for any other."""
    module, _, name = target.rpartition(".")
    if module.partition(".")[0] not in PROJECT:
        return {}
    try:
        made = getattr(importlib.import_module(module), name)
        if not inspect.isclass(made):
            return typing.get_type_hints(made)
        lines = [each for each in reversed(made.__mro__) if "__init__" in vars(each)]
        return {
            key: kind
            for each in lines
            if each.__module__.partition(".")[0] in PROJECT
            for key, kind in typing.get_type_hints(vars(each)["__init__"]).items()
        }
    except (ImportError, AttributeError, NameError, TypeError):
        return {}  # said where it is made


def _expected(kind: Any) -> list[tuple[str, Callable[[Any], bool]]]:
    """What an annotation allows; empty for one that is not plain."""
    if kind in KINDS:
        return [KINDS[kind]]
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        each = [_expected(part) for part in parts]
        return [one for found in each for one in found] if all(each) else []
    if origin in (list, tuple, Sequence) and (inner := _expected(parts[0])):
        (what, is_one), *_ = inner
        return [
            (
                f"a list, each of it {what}",
                lambda value: isinstance(value, list) and all(map(is_one, value)),
            )
        ]
    return []
