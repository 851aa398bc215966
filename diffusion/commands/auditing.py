"""`report.py motion=walk.gif`: whether frames look like one motion, and which frame does not."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig

from datamodules.files.strips import Strip, strips
from diffusion.commands.sampling import place
from diffusion.motion import KINDS, Fault, faults
from diffusion.pictures import grid, named_rows, png
from diffusion.runs.output import Output

FILES = ("motion.json", "motion.png")
SHOWN, FRAMES = 24, 16  # strips in the picture, and frames of each


def audit(cfg: DictConfig) -> Path:
    """Says what is wrong with each strip; writes it down, and a picture.

    Returns:
        the folder.

    Raises:
        DataError: there are no strips.
    """
    every, notes = strips(Path(str(cfg.motion)).expanduser())
    frames = [torch.from_numpy(images.transpose(0, 3, 1, 2).copy()) for _, images in every]
    found = [faults(each) for each in frames]
    output = Output(
        place(cfg.out, ".", "motion"), {"words": {"motion": str(cfg.motion)}, "of": _hash(every)}
    )
    rows = [
        {"strip": name, "frames": len(images), "faults": [vars(fault) for fault in each]}
        for (name, images), each in zip(every, found, strict=True)
    ]
    output.add(FILES[0], json.dumps({"strips": rows}, indent=1) + "\n")
    output.add(FILES[1], _picture(every, found))
    for (name, _), each in zip(every, found, strict=True):
        for fault in each:
            print(f"{name}: {fault.sentence}")
    for note in notes:
        print(note)
    print(f"{_in_words(found)}; {output.path}/{FILES[1]}")
    return output.path


def _in_words(found: list[list[Fault]]) -> str:
    """How many strips have a fault, and of which kinds."""
    count = Counter(kind for each in found for kind in {fault.kind for fault in each})
    kinds = ", ".join(f"{count[kind]} {kind}" for kind in KINDS if count[kind])
    bad = sum(map(bool, found))
    whole = f"{len(found)} strip" + "s" * (len(found) != 1)
    return f"{whole}, {bad} with a fault ({kinds})" if bad else f"{whole}, none with a fault"


def _picture(every: list[Strip], found: list[list[Fault]]) -> bytes:
    """The frames of strips below each other, those with faults first, and what is wrong."""
    order = sorted(range(len(every)), key=lambda k: not found[k])[:SHOWN]
    height, width = np.max([every[k][1].shape[1:3] for k in order], axis=0)
    rows, names = [], []
    columns = min(FRAMES, max(len(every[k][1]) for k in order))
    for k in order:
        name, images = every[k]
        canvas = np.zeros((columns, height, width, 4), np.uint8)
        shown = images[:columns]
        canvas[: len(shown), : shown.shape[1], : shown.shape[2], : shown.shape[3]] = shown
        if shown.shape[3] < 4:
            canvas[: len(shown), : shown.shape[1], : shown.shape[2], 3] = 255
        rows.append(grid(torch.from_numpy(canvas.transpose(0, 3, 1, 2).copy()), columns))
        names.append("; ".join([name, *(fault.sentence for fault in found[k])]))
    return png(named_rows(rows, names, margin=260))


def _hash(every: list[Strip]) -> str:
    digest = hashlib.sha256()
    for name, images in every:
        digest.update(f"{name} {images.shape}".encode() + images.tobytes())
    return digest.hexdigest()
