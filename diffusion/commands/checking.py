"""`train.py check=true`: a look at the data before any training."""

import json
from typing import Any

import numpy as np
from PIL import Image

from datamodules.doctor.examination import table, unused
from datamodules.rules import READER, as_before
from diffusion import pictures
from diffusion.commands.choosing import KINDS, chosen, in_lines, to_read
from diffusion.commands.numbers import check_kinds
from diffusion.errors import UserError
from diffusion.levels.unseen import unseen_colours
from diffusion.palette import MAX_COLOURS
from diffusion.runs.building import build
from diffusion.runs.directory import process_rank
from diffusion.runs.files import TEMPORARY, Folder
from diffusion.runs.trust import packages_of

CHECKED = Folder("runs", "check")
CARD, PICTURE = "data.json", "imported.png"
SHOWN = 1024  # sprites of a source that is not cut from sheets
SIDE = 2048  # pixels, about the largest side of a picture


def check(config: dict[str, Any]) -> None:
    """Prints what the doctor finds, and writes it with a picture of what was read into
    `runs/check/`, in place of those of an earlier look.

    Args:
        config: the resolved configuration as plain containers.

    Raises:
        UserError: `check=` is neither true nor false, or `runs/check` holds something else, such
            as a run.
        DataError: the data cannot be used.
    """
    if config["check"] is not True:
        raise UserError(f"check={config['check']} must be true or false.")
    if process_rank() != 0:
        return
    _take_away_earlier()
    data = examined(config, READER)
    config, picked = chosen(config, data)
    for text in [*in_words(data, config), *in_lines(picked, data)]:
        print(text)
    CHECKED.write(PICTURE, pictures.png(data.imported() or _sprites(data)))
    CHECKED.write(CARD, json.dumps(data.card, indent=2) + "\n")
    print(
        f"{CHECKED}/{PICTURE} shows what was read; the same words without check=true train on it."
    )


def examined(config: dict[str, Any], reader: int) -> Any:
    """The SpriteDataModule of a configuration, read by these rules and examined."""
    check_kinds(config)
    source = as_before(to_read(config), reader) | {"seed": config["seed"]}
    data = build(source, packages=("datamodules", *packages_of(source)))
    data.setup()
    return data


def in_words(data: Any, config: dict[str, Any]) -> list[str]:
    """What the doctor found, and what of it training would not use or could not say."""
    classes = (config.get("model") or {}).get("classes")
    left = [] if classes else unused(data.card, () if KINDS in data.card else data.attribute_names)
    unseen = None
    if "colours" in (config.get("prediction") or {}):
        unseen = unseen_colours(data, data.colours(MAX_COLOURS))
    return [table(data.card), *left, *filter(None, [unseen])]


def _take_away_earlier() -> None:
    CHECKED.check()
    there = {file.name for file in CHECKED.path.iterdir()} if CHECKED.path.is_dir() else set()
    others = [name for name in there - {CARD, PICTURE} if not TEMPORARY.fullmatch(name)]
    if others:
        raise UserError(
            f"{CHECKED} holds {min(others)}, which no check has written; rename that folder, and "
            "check again."
        )
    for name in there:
        CHECKED.remove(name)


def _sprites(data: Any) -> Image.Image:
    """The first distinct sprites in the order of the source."""
    rows = np.sort(np.concatenate(list(data.split.values())))[:SHOWN]
    columns = int(np.ceil(np.sqrt(len(rows))))
    largest = columns * (1 + max(data.shape[1:]))
    return pictures.grid(data.images(rows), scale=max(1, min(4, SIDE // largest)))
