"""Whose the training sprites are, as far as anybody said."""

from typing import Any

OWN = "datamodules.forge.ForgeData"  # sprites of this project, which anybody may have
MADE_HERE = "They were drawn by a program of this project (MIT licence)."


def is_own(card: dict[str, Any]) -> bool:
    """Whether a run learned from the procedural characters of this project."""
    source = card.get("config", {}).get("data", {}).get("_target_")
    return bool(source == OWN)


def credit_of(card: dict[str, Any], typed: str | None) -> str:
    """A sentence about it."""
    if typed:
        return typed
    return MADE_HERE if is_own(card) else "Whose they are, and under which licence, was not said."
