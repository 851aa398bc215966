"""`sample.py gallery=true`: a page beside the sprites, to choose from them by eye."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from diffusion.commands.again import command_of
from diffusion.judge import Judge
from diffusion.living.gallery import Shown, gallery
from diffusion.metrics.told_apart import JUDGES, MIN_GROUPS, realness
from diffusion.runs.files import Folder
from diffusion.runs.loading import Loaded, beside
from diffusion.runs.output import Output
from diffusion.runs.reading import record

STEERED = ("from", "mixture", "colours", "recolour", "max_colours", "keep", "tile", "mirror")
LARGEST = 2**31  # bytes of sprites.npz
AWAY = "the training sprites are not where they were."
FEW = (
    f"it takes {MIN_GROUPS} validation sprites that do not repeat each other, and "
    f"{2 * MIN_GROUPS} made ones."
)


def gallery_page(
    output: Output,
    loaded: Loaded,
    judge: Judge | None,
    run: str,
    settings: Mapping[str, Any],
    typed: bool,
) -> str:
    """The gallery of a folder of sprites.

    Args:
        output: where they are, in one part.
        loaded: the run.
        judge: of its data, or None where that is gone.
        run: as it was typed.
        settings: what the sprites depend on.
        typed: whether their sampler is another than the run's own.
    """
    packed = Folder(output.path).read("sprites.npz", LARGEST) or b""
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        images = torch.from_numpy(file["images"]).permute(0, 3, 1, 2).contiguous()
    rows = record(Folder(output.path), "manifest.json")
    looks: list[float | None] = [None] * len(images)
    why = AWAY
    if judge:
        val = judge.data.split["val"]
        why = FEW
        if len(np.unique(judge.data.groups[val])) >= MIN_GROUPS <= len(images) // 2:
            looks, why = realness(judge.data.images(val), images, JUDGES).tolist(), ""
    names = loaded.card["sprites"]["label_names"] if loaded.denoiser.classes else []
    steered = next((word for word in STEERED if settings.get(word)), None)
    shown = [
        Shown(
            seed=row["seed"],
            index=row["index"],
            label=names.index(row["label"]) if row["label"] in names else -1,
            guidance=row["guidance"],
            verdict=_verdict(row, judge),
            percentile=row["percentile"],
            realness=None if look is None else round(look, 3),
            steered=steered,
        )
        for row, look in zip(rows, looks, strict=True)
    ]
    title = beside(run).resolve().name
    command = command_of(run, settings["sampler"] if typed else None)
    return gallery(images, shown, names, title, command, loaded.sha256, why)


def _verdict(row: Mapping[str, Any], judge: Judge | None) -> dict[str, Any] | None:
    if judge is None or row["verdict"] is None:
        return None
    name = judge.data.called(row["nearest"])
    return {"verdict": row["verdict"], "name": name, "distance": row["distance"]}
