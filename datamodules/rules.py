"""The number of the rules by which data is read, and how to read by the earlier ones.

The card of a data set holds `reader`; without it, it was read by the rules 1. Where an argument
reads as before, `as_before` gives it. Otherwise the data shows another fingerprint, and `CHANGED`
says what may be the reason.
"""

from typing import Any

READER = 2
BEFORE: dict[str, dict[str, Any]] = {
    "datamodules.folder.FolderData": {"label_depth": 1},
    "datamodules.array.ArrayData": {"values": "levels"},
    "datamodules.nouns.NounsData": {"values": "levels"},
}
CHANGED = (
    "the whole path of a folder is its label (data.label_depth=1 takes the first folder)",
    "pictures far larger than all others are left out",
    "folders that this program wrote are left out",
    "the fourth byte of 32-bit BMP files is alpha",
    "cells of sheets need not be square (data.cell= says them)",
    "arrays of 0 and 1 are black and white (data.values=levels keeps them)",
    "the label -1 is no label",
)


def as_before(data: dict[str, Any], reader: int) -> dict[str, Any]:
    """A saved configuration of data with the arguments that keep the rules of its reader."""
    added = BEFORE.get(data.get("_target_", ""), {}) if reader < READER else {}
    return {**data, **{key: value for key, value in added.items() if data.get(key) is None}}
