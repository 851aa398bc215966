"""One line of trust: whose classes a configuration or a card may name.

What the user types, their own `conf/` and `--config-dir` are trusted like their own code. What
comes out of a checkpoint, a card or a run directory is not: it may name classes of this project,
and of the packages that the user names with `trust=`.
"""

import re
from typing import Any

from diffusion.errors import UserError

PROJECT = ("diffusion", "datamodules")
PACKAGE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def trusted(words: Any) -> tuple[str, ...]:
    """The packages that `trust=mine` or `trust=[mine,yours]` means.

    Raises:
        UserError: something that is no name of a package.
    """
    found = [] if words is None else words if isinstance(words, list) else [words]
    if not all(isinstance(word, str) and PACKAGE.fullmatch(word) for word in found):
        raise UserError(
            f"trust={words} must name a package, as in trust=mine or trust=[mine,yours]."
        )
    return tuple(found)


def packages_of(node: Any) -> tuple[str, ...]:
    """The packages of others that a configuration names in any `_target_`."""
    if isinstance(node, list):
        return tuple(dict.fromkeys(package for child in node for package in packages_of(child)))
    if not isinstance(node, dict):
        return ()
    target = node.get("_target_")
    own = [target.partition(".")[0]] if isinstance(target, str) else []
    found = [*own, *(package for child in node.values() for package in packages_of(child))]
    return tuple(package for package in dict.fromkeys(found) if package not in PROJECT)


def is_within(target: str, packages: tuple[str, ...]) -> bool:
    """Whether a dotted name lies in one of the packages."""
    return any(target.startswith(f"{package}.") for package in packages)


def remedy(target: str) -> str:
    """What to type where a class of a foreign package was named."""
    package = target.partition(".")[0]
    if package in PROJECT or not PACKAGE.fullmatch(target):
        return ""
    return (
        f"; if {package} is yours, or you trust it like a program that you start, add "
        f"trust={package}"
    )
