"""What a page holds of a run: its network and sampler as plain numbers, and what it refuses."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.models.unet import UNet
from diffusion.palette import Palette, SharpPalette
from diffusion.predictions import Clean, Epsilon, Velocity
from diffusion.runs.loading import Loaded
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.base import Level, Origin, Sampler
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.schedules.base import NoiseSchedule
from diffusion.steering.colours import places

PREDICTIONS = {
    Palette: "palette",
    SharpPalette: "sharppalette",
    Epsilon: "epsilon",
    Velocity: "velocity",
    Clean: "clean",
}
SAMPLERS = {DDPM: "ddpm", DDIM: "ddim", DPMSolver: "dpm_solver"}
PRECISIONS = {"f32": np.float32, "f16": np.float16}
STOPS = 100  # of the slider from clean to noise
MOST_WEIGHTS = 4_500_000  # parameters: model=tiny, small and quick
MOST_STEPS = 100  # of a sampler; a sprite should appear in a second
MOST_PIXELS = 32  # a side


@dataclass(frozen=True)
class Served:
    """What a page needs to make a run's sprites.

    Attributes:
        model: of the network, its prediction and its sampler, as plain values.
        weights: of the network, one tensor after the other.
        rounded: the weights as the page has them, for Python to make the very same sprites.
    """

    model: dict[str, Any]
    weights: bytes
    rounded: dict[str, Tensor]


def served(loaded: Loaded, sampler: Sampler, precision: str = "f32") -> Served:
    """The network of a run, for a page.

    Args:
        loaded: the run.
        sampler: the way from noise to sprites.
        precision: of the weights in the page, `f32` or `f16`.

    Raises:
        UserError: one thing of it that pages do not have.
    """
    if precision not in PRECISIONS:
        raise UserError(f"page_weights={precision} must be f32, or f16 for half the size.")
    denoiser, sprites = loaded.denoiser, loaded.card["sprites"]
    _check(denoiser, sampler, sprites["shape"])
    channels, height, width = sprites["shape"]
    recipe, kind = loaded.card["recipe"]["model"], PREDICTIONS[type(denoiser.prediction)]
    tensors, blob, rounded = [], bytearray(), {}
    for name, value in denoiser.model.state_dict().items():
        plain = value.contiguous().numpy().astype(PRECISIONS[precision])
        rounded[f"denoiser.model.{name}"] = torch.from_numpy(plain.astype(np.float32))
        tensors.append({"name": name, "shape": list(value.shape), "offset": len(blob)})
        blob += plain.tobytes().ljust(-(-plain.nbytes // 4) * 4, b"\0")
    colours = loaded.card["recipe"]["prediction"].get("colours")
    model = {
        "channels": channels,
        "height": height,
        "width": width,
        "hard_alpha": sprites["hard_alpha"],
        "widths": list(recipe["widths"]),
        "blocks": recipe["blocks"],
        "patch": denoiser.model.patch,
        "side": recipe.get("layout", 0),
        "outputs": len(colours) if colours else channels,
        "labels": sprites["label_names"] if denoiser.classes else [],
        **_attributes(sprites if denoiser.attributes else {}),
        "prediction": kind,
        "colours": colours,
        "places": places_of(colours),
        "weights": precision,
        "tensors": tensors,
        "sampler": {
            "kind": SAMPLERS[type(sampler)],
            "steps": sampler.steps,
            "clip": sampler.clip,
            "eta": getattr(sampler, "eta", 0.0),
            "variance": getattr(sampler, "variance", "posterior"),
            "temperature": sampler.temperature,
        },
        "levels": [_levels(denoiser.schedule, sampler, k / STOPS) for k in range(1, STOPS + 1)],
    }
    return Served(model, bytes(blob), rounded)


def places_of(colours: list[list[int]] | None) -> list[list[float]] | None:
    """Where the colours of a palette lie, to find the nearest of one that is not allowed."""
    return None if colours is None else places(torch.tensor(colours) / 127.5 - 1).tolist()


def ways_into_noise(
    own: NoiseSchedule, schedules: dict[str, NoiseSchedule]
) -> dict[str, list[list[float]]]:
    """For each schedule (t, alpha, sigma) at the stops of the slider, from clean to noise.

    t is the time at which the run's own schedule is as noisy, which is what its network is told.
    """
    stops = torch.arange(STOPS + 1, dtype=torch.float64) / STOPS
    found = {}
    for name, schedule in schedules.items():
        alpha, sigma = schedule(stops)
        t = own.times_of(schedule.log_snr(stops[1:]))
        found[name] = torch.stack([torch.cat([stops[:1], t]), alpha, sigma], dim=1).tolist()
    return found


def _attributes(sprites: dict[str, Any]) -> dict[str, Any]:
    """Names and values of the attributes, in their order, and what draws them; nothing without."""
    if "attributes" not in sprites:
        return {}
    draws = AttributeDraws.of_card(sprites)
    return {"attributes": [*sprites["attributes"].items()], "draws": draws and draws.plain()}


def _levels(schedule: NoiseSchedule, sampler: Sampler, noise_level: float) -> list[Level]:
    """The time grid of a sampler that begins at this level; empty where none does."""
    if noise_level < 1 / schedule.steps:
        return []
    nothing = torch.zeros(1)
    return sampler.start(schedule, nothing, Origin(nothing, noise_level))[0]


def _check(denoiser: Denoiser, sampler: Sampler, shape: list[int]) -> None:
    """Names one thing that pages do not have.

    Raises:
        UserError: so.
    """
    network, prediction = denoiser.model, type(denoiser.prediction)
    if type(network) is not UNet or prediction not in PREDICTIONS:
        what = type(network).__name__ if type(network) is not UNet else prediction.__name__
        raise UserError(
            f"A page cannot hold {what}; it can hold what model=tiny, quick and small train."
        )
    if sum(value.numel() for value in network.parameters()) > MOST_WEIGHTS:
        raise UserError(
            "This network is too large for a page; train with model=tiny, quick or small."
        )
    if max(shape[1:]) > MOST_PIXELS or shape[1] * shape[2] * shape[0] < 16:
        raise UserError(
            f"A page is for sprites of up to {MOST_PIXELS} x {MOST_PIXELS} pixels, and these are "
            f"{shape[2]} x {shape[1]}."
        )
    if type(sampler) not in SAMPLERS or sampler.steps > MOST_STEPS:
        raise UserError(
            f"A page samples with {', '.join(SAMPLERS.values())} in at most {MOST_STEPS} steps; "
            "give sampler=dpm_solver."
        )
