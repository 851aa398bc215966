"""The sprite that others begin with: `from=` and `keep=`."""

from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig
from torch import Tensor

from datamodules.picked import from_file
from diffusion.commands.steering import kept_part
from diffusion.judge import spread
from diffusion.runs.directory import process_rank
from diffusion.runs.loading import Loaded
from diffusion.runs.training_data import training_data
from diffusion.steering.shown import shown

COMPARED = 2000  # training sprites that tell which attributes a kept part shows


@dataclass(frozen=True)
class Beginning:
    """A sprite, what is known of it, and what of it stays.

    Attributes:
        image: uint8 `(C, H, W)`.
        label: -1 without one.
        attributes: those that stay; -1 for one that is not known, or that the kept part does not
            show where the rest begins with noise. Empty where the network is told none.
        part: which of its values stay, bool `(C, H, W)`; None for no such part.
    """

    image: Tensor
    label: int
    attributes: tuple[int, ...]
    part: Tensor | None

    @property
    def stay(self) -> dict[int, int]:
        """The attributes that stay, by number."""
        return {k: value for k, value in enumerate(self.attributes) if value >= 0}


def beginning(cfg: DictConfig, loaded: Loaded) -> Beginning | None:
    """What `from=` names, an image file or one of the run's sprites; None without it.

    Raises:
        UserError, DataError: there is no such sprite, file or mask, or the data is gone.
    """
    if (name := cfg["from"]) is None:
        return None
    if picked := from_file(name, loaded.card["sprites"]["shape"], _say):  # needs no training data
        return Beginning(picked.image, picked.label, (), kept_part(cfg.keep, picked.image))
    data = training_data(loaded.card, cfg.data.path, loaded.trust)
    _, image, label, attributes = data.pick(name)
    part = kept_part(cfg.keep, image)
    if not loaded.denoiser.attributes:
        attributes = ()
    elif part is not None and cfg.noise_level in (None, 1):
        attributes = _shown(attributes, data, part)
    return Beginning(image, label, attributes, part)


def _shown(own: tuple[int, ...], data: Any, part: Tensor) -> tuple[int, ...]:
    """Of a sprite's attributes those that the kept part shows; the others are -1."""
    rows = spread(data.split["train"], COMPARED)
    seen = shown(data.images(rows), data.attribute_values(rows), part)
    return tuple(value if there else -1 for value, there in zip(own, seen, strict=True))


def _say(text: str) -> None:
    """Prints, once per launch."""
    if process_rank() == 0:
        print(text)
