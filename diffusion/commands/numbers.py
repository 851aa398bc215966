"""Whole numbers from the command line, checked before anything is begun."""

from collections.abc import Sequence
from typing import Any

from diffusion.errors import UserError

LARGEST_SEED = 2**63 - 1


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
