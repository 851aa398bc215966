"""`gallery=true` of `sample.py` and `report.py`: a page beside the sprites, to choose by eye."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffusion.best_of import standing
from diffusion.commands.again import command_of
from diffusion.commands.typed import name_of
from diffusion.judge import Judge
from diffusion.living.gallery import Shown, gallery
from diffusion.metrics.told_apart import JUDGES, MIN_GROUPS, realness
from diffusion.report.judged import Judged
from diffusion.runs.files import Folder
from diffusion.runs.loading import Loaded, beside, checkpoint_file, load
from diffusion.runs.output import Output
from diffusion.runs.reading import record
from diffusion.runs.training_data import training_data
from diffusion.sprite_data import SpriteData
from diffusion.surprise import surprise

STEERED = (
    "from",
    "mixture",
    "colours",
    "recolour",
    "max_colours",
    "keep",
    "tile",
    "mirror",
)
LARGEST = 2**31  # bytes of sprites.npz
AWAY = "the training sprites are not where they were."
FEW = (
    f"it takes {MIN_GROUPS} validation sprites that do not repeat each other, and "
    f"{2 * MIN_GROUPS} made ones."
)


@dataclass(frozen=True)
class Source:
    """Where the sprites of a gallery come from.

    Attributes:
        loaded: the run.
        run: as it was typed.
        sampler: its configuration, where it is another than the run's own.
        asked: attributes that are asked for, with their values.
    """

    loaded: Loaded
    run: str
    sampler: dict[str, Any] | None
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attributes(self) -> list[tuple[str, list[str]]]:
        """Those that the network knows, with their values; empty without any."""
        known = self.loaded.card["sprites"].get("attributes", {})
        return [*known.items()] if self.loaded.denoiser.attributes else []

    @property
    def places(self) -> tuple[int, ...]:
        """The value that is asked for of each attribute, -1 for none."""
        return tuple(
            values.index(str(self.asked[name])) if name in self.asked else -1
            for name, values in self.attributes
        )


def gallery_of_folder(
    output: Output, source: Source, judge: Judge | None, settings: Mapping[str, Any]
) -> str:
    """The gallery of a folder that `sample.py` has made, in one part.

    Args:
        output: the folder.
        source: of the sprites.
        judge: of the run's data, or None where that is gone.
        settings: what the sprites depend on.
    """
    packed = Folder(output.path).read("sprites.npz", LARGEST) or b""
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        images = torch.from_numpy(file["images"]).permute(0, 3, 1, 2).contiguous()
    names = _labels(source)
    steered = next((word for word in STEERED if settings.get(word)), None)
    if isinstance(settings["guidance"], dict):
        steered = "guidance of each attribute"
    shown = [
        Shown(
            seed=row["seed"],
            index=row["index"],
            label=names.index(row["label"]) if row["label"] in names else -1,
            guidance=1.0 if isinstance(row["guidance"], dict) else row["guidance"],
            verdict=_verdict(row, judge),
            percentile=row["percentile"],
            realness=None,
            standing=None,
            steered=steered,
            asked=source.places,
        )
        for row in record(Folder(output.path), "manifest.json")
    ]
    return _page(images, shown, source, judge.data if judge else None)


def gallery_of_report(
    judged: Judged,
    run: str,
    checkpoint: str,
    seed: int,
    sampler: dict[str, Any] | None,
    moved_to: str | None = None,
    trust: tuple[str, ...] = (),
) -> str:
    """The gallery of the sprites that a report was made of.

    Args:
        judged: what the report says of the run.
        run, checkpoint: as they were typed.
        seed: of the sprites.
        sampler: as it was typed, if it was.
        moved_to: where the training data is now.
        trust: packages beside this project's own whose classes the checkpoint may name.
    """
    loaded = load(checkpoint_file(run, checkpoint), trust)
    chosen, recipe = loaded.sampler(sampler)
    every = range(len(judged.images))
    labels = loaded.sprites(chosen, seed).labels(every) if loaded.denoiser.classes else None
    known = [-1] * len(every) if labels is None else labels.tolist()
    shown = [
        Shown(
            seed=seed,
            index=each.index,
            label=known[each.index],
            guidance=1.0,
            verdict={"verdict": each.verdict, "name": each.nearest, "distance": each.distance},
            percentile=each.percentile,
            realness=None,
            standing=None,
            steered=None,
        )
        for each in judged.verdicts
    ]
    source = Source(loaded, run, recipe if sampler else None)
    return _page(judged.images, shown, source, training_data(loaded.card, moved_to, trust))


def _page(images: Tensor, shown: Sequence[Shown], source: Source, data: SpriteData | None) -> str:
    """The page, with how real each sprite looks where that can be judged."""
    why = AWAY
    if data is not None:
        val, why = data.split["val"], FEW
        if len(np.unique(data.groups[val])) >= MIN_GROUPS <= len(images) // 2:
            looks, why = realness(data.images(val), images, JUDGES), ""
            classes = torch.tensor([each.label for each in shown])
            labels = classes if source.loaded.denoiser.classes else None
            stand, _ = standing(looks, surprise(source.loaded.denoiser, images, labels), labels)
            shown = [
                replace(each, realness=round(look, 3), standing=round(place, 3))
                for each, look, place in zip(shown, looks.tolist(), stand.tolist(), strict=True)
            ]
    title = beside(source.run).resolve().name
    command = command_of(source.run, source.sampler)
    attributes = source.attributes
    told: dict[str, list[Any]] = {
        "labels": _labels(source),
        "attributes": attributes,
        "asking": [name_of(name, "sample") for name, _ in attributes],
    }
    return gallery(images, shown, told, title, command, source.loaded.sha256, why)


def _labels(source: Source) -> list[str]:
    names: list[str] = source.loaded.card["sprites"]["label_names"]
    return names if source.loaded.denoiser.classes else []


def _verdict(row: Mapping[str, Any], judge: Judge | None) -> dict[str, Any] | None:
    if judge is None or row["verdict"] is None:
        return None
    name = judge.data.called(row["nearest"])
    return {"verdict": row["verdict"], "name": name, "distance": row["distance"]}
