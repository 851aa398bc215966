"""From a run, or a file of one, to a denoiser that makes sprites.

A recipe in a file may name only this project's own classes, and make no more than the file has
weights for; so a file from a stranger can neither reach anything else nor fill the memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.pixels import PixelCodec
from diffusion.runs import safetensors
from diffusion.runs.building import OURS, build, build_denoiser
from diffusion.runs.cards import SAMPLERS, check_card, own_sampler
from diffusion.runs.checkpoint import read_with_hash
from diffusion.runs.precision import exact_float32
from diffusion.runs.trust import packages_of
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.base import Sampler
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.steering.guidance import guided

UNLABELLED = "none"  # the word for sprites without a label
MAX_SENTENCE_LETTERS = 300  # letters of a sentence about a foreign file
AUXILIARY = "auxiliary."  # a network that only training needs begins its names so
DEFAULT_SAMPLER = "diffusion.samplers.ddpm.DDPM"  # of files that name none


@dataclass(frozen=True)
class Loaded:
    """What a checkpoint holds for making sprites: EMA weights, and the card saved with them.

    Args:
        trust: packages beside this project's own whose classes the card may name.
    """

    denoiser: Denoiser
    card: dict[str, Any]
    sha256: str
    trust: tuple[str, ...] = ()

    def sampler(self, typed: dict[str, Any] | None = None) -> tuple[Sampler, dict[str, Any]]:
        """The sampler to use, and its configuration.

        Args:
            typed: a whole configuration instead of the run's own, or values of it that differ.

        Raises:
            UserError: the sampler knows no such value, needs more steps than there are, or needs a
                network that chooses among colours.
        """
        config = typed or {}
        if "_target_" not in config:
            config = (own_sampler(self.card) or {"_target_": DEFAULT_SAMPLER}) | config
        packages = (SAMPLERS, *self.trust, *packages_of(typed))
        made: Sampler = build(config, packages)
        made.check(self.denoiser)
        return made, config

    def sprites(
        self,
        sampler: Sampler,
        seed: int,
        device: torch.device | str = "cpu",
        label: int | None = None,
        guidance: float = 1.0,
    ) -> SpriteSet:
        """The sprites of a seed.

        Args:
            label: a class for all of them, -1 for none; else labels are drawn as in training.
            guidance: how much labels count, see `Guided`; without labels it must be 1.
        """
        exact_float32()
        known = self.card["sprites"]
        sprites = SpriteSet(
            guided(self.denoiser, guidance, label).to(device),
            sampler,
            PixelCodec(known["hard_alpha"]),
            known["shape"],
            known["label_frequencies"] if self.denoiser.classes else [],
            seed,
            draws=AttributeDraws.of_card(known) if self.denoiser.attributes else None,
        )
        return sprites if label is None else sprites.labelled(label)

    def label(self, typed: str | int | None, index: int | None = None) -> int:
        """The class that a name or a position means; -1 for the word none, if no class is called
        so.

        Args:
            typed: a label's name; where names are no numbers also its position.
            index: a label's position, instead of a name.

        Raises:
            UserError: the run learned no such label, or no labels at all; or a number could be
                both.
        """
        names = self.card["sprites"]["label_names"] if self.denoiser.classes else []
        if known := self.card["sprites"].get("attributes"):
            name, values = next(iter(known.items()))
            if "label" in known:
                raise UserError(
                    "This run was told labels beside other attributes: ask for one of them, as "
                    f"label={known['label'][0]}. Only a run trained with model.classes=true "
                    "counts or mixes them, knows none, or takes positions."
                )
            raise UserError(
                f"This run learned attributes and no labels; ask for {name}={values[0]}, say."
            )
        if not names:
            raise UserError("This run learned no labels; train with model.classes=true.")
        if str(typed) in names:
            return names.index(str(typed))
        if typed == UNLABELLED:
            return -1
        if typed is None or (isinstance(typed, int) and not any(map(str.isdecimal, names))):
            index = index if typed is None else typed
            if isinstance(index, int) and 0 <= index < len(names):
                return index
        elif isinstance(typed, int) and 0 <= typed < len(names):
            raise UserError(
                f"label={typed} is none of the names {', '.join(names)}; a position is typed "
                f"label_index={typed}."
            )
        asked = f"label_index={index}" if typed is None else f"label={typed}"
        raise UserError(f"{asked} is not known; this run learned {', '.join(names)}.")


def checkpoint_file(run: str, which: str) -> Path:
    """The checkpoint that `run=` means: such a file, or the last or best one of a directory."""
    path = Path(run)
    if path.suffix in (".ckpt", ".safetensors"):
        return path
    if which not in ("last", "best"):
        raise UserError(f"checkpoint={which} must be last or best.")
    if not path.is_dir():
        raise UserError(f"There is no run {run}; give a run directory or a .ckpt file.")
    return path / "checkpoints" / f"{which}.ckpt"


def beside(run: str) -> Path:
    """Where what belongs to a run is written: its directory, or that of a lone checkpoint."""
    path = Path(run)
    return path.parent if path.suffix in (".ckpt", ".safetensors") else path


def load(path: Path, trust: tuple[str, ...] = ()) -> Loaded:
    """The EMA denoiser of a checkpoint or of an exported `.safetensors`, on the CPU, for sampling.

    Args:
        path: of the file.
        trust: packages beside this project's own whose classes it may name.

    Raises:
        UserError: no such file, another kind of file, or weights that do not fit the recipe.
    """
    if path.suffix == ".safetensors":
        weights, card, sha256 = safetensors.read(path)
    else:
        checkpoint, sha256 = read_with_hash(path)
        weights, card = checkpoint["state_dict"], checkpoint["card"]
    try:
        check_card(card, trust)
        weights = {
            name.removeprefix("denoiser."): value
            for name, value in weights.items()
            if not name.startswith(AUXILIARY)
        }
        denoiser = _fitting(card["recipe"], weights, path.stat().st_size, trust)
    except UserError as error:
        raise UserError(f"{path} cannot be used: {_cut(str(error))}") from error
    except Exception as error:  # whatever a foreign recipe makes of our own classes
        raise UserError(f"{path}: the weights do not fit the recipe in the file.") from error
    return Loaded(denoiser.eval().requires_grad_(False), card, sha256, trust)


def _cut(text: str) -> str:
    """A sentence that quotes a foreign file, in a length that one can read."""
    return text if len(text) < MAX_SENTENCE_LETTERS else f"{text[:MAX_SENTENCE_LETTERS]} ..."


def _fitting(
    recipe: dict[str, Any], weights: dict[str, Tensor], size: int, trust: tuple[str, ...]
) -> Denoiser:
    """The denoiser of a recipe with these weights; made without memory first, to see its size."""
    with torch.device("meta"), _at_most(len(weights)):
        network = build(recipe["model"], (*OURS, *trust))
    expected = {f"model.{name}": value.shape for name, value in network.state_dict().items()}
    found = {name: value.shape for name, value in weights.items()}
    if found != expected or sum(value.nbytes for value in weights.values()) > size:
        raise UserError("the weights do not fit the recipe in the file.")
    denoiser = build_denoiser(recipe, trust)
    denoiser.load_state_dict(weights)
    return denoiser


@contextmanager
def _at_most(parameters: int) -> Iterator[None]:
    """Within it no more parameters can be made."""
    made = 0

    def count(module: nn.Module, name: str, parameter: nn.Parameter) -> None:
        nonlocal made
        made += 1
        if made > parameters:
            raise UserError("the recipe has more weights than the file.")

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()
