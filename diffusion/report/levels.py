"""Pictures of what a run's network does at every noise level: detail and outline, attributes."""

from dataclasses import replace
from pathlib import Path

from diffusion.drawing.curves import draw_attribute_curves, draw_detail, draw_gap_history
from diffusion.exact.memoriser import memoriser
from diffusion.levels.attributes import decide
from diffusion.levels.detail import detail
from diffusion.levels.losses import history
from diffusion.report.yardstick import MEASURED
from diffusion.runs.files import Folder
from diffusion.runs.reading import record
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.sprite_data import SpriteData

COMPLETED = 24  # sprites that are completed from every level, to see when attributes are decided
STEPS = 15


def level_pictures(
    sprites: SpriteSet, data: SpriteData, flip: bool, run: Path
) -> dict[str, bytes]:
    """Draws what can be drawn; title -> PNG. Without held-out sprites that is nothing.

    Args:
        sprites: of the run.
        data: its SpriteDataModule.
        flip: whether training mirrored sprites.
        run: its directory, for the history of its noise levels.
    """
    drawn: dict[str, bytes] = {}
    unseen = data.split["val"][:MEASURED]
    if not len(unseen):
        return drawn
    images = data.images(unseen)
    labels = data.labels(unseen) if sprites.denoiser.classes else None
    drawn["Detail or outline"] = draw_detail(
        detail(images, sprites.denoiser, labels),
        detail(images, memoriser(data, sprites.denoiser, flip), labels),
    )
    if any(data.attributes(images[:COMPLETED])):
        quick = replace(sprites, sampler=DPMSolver(min(STEPS, sprites.denoiser.schedule.steps)))
        training = data.images(data.split["train"][: 8 * MEASURED])
        told = None if labels is None else labels[:COMPLETED]
        found = decide(images[:COMPLETED], quick, data.attributes, training, labels=told)
        drawn["At which noise level is each attribute decided?"] = draw_attribute_curves(found)
    if rows := history(record(Folder(run), "noise_levels.json")):
        title = "The gap between training and unseen sprites, over training"
        drawn[title] = draw_gap_history(rows)
    return drawn
