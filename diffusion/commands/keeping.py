"""`sample.py kept=kept.json`: the sprites that somebody kept on a page, made again to the byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor

from datamodules.files.paths import typed
from diffusion.commands.asking import asked
from diffusion.commands.entry import plain
from diffusion.commands.numbers import LARGEST_SEED
from diffusion.commands.sampling import files_of, laid_out, place
from diffusion.commands.typed import ATTRIBUTE
from diffusion.errors import UserError
from diffusion.runs.files import Folder
from diffusion.runs.loading import Loaded, checkpoint_file, load
from diffusion.runs.output import Output
from diffusion.runs.reading import entries
from diffusion.runs.sprite_folder import Passports, SpriteFolder
from diffusion.runs.trust import trusted
from diffusion.samplers.base import Sampler
from diffusion.samplers.sprite_set import SpriteSet

REMEDY = "save it from the page again"
MOST = 100_000  # sprites in one such file


@dataclass(frozen=True)
class Address:
    """What makes one sprite: its seed and index, its class, -1 for none, and guidance; the
    attributes that were asked for, with their values; and its temperature, None for that of the
    sampler."""

    seed: int
    index: int
    label: int
    guidance: float
    asked: tuple[tuple[str, str], ...] = ()
    temperature: float | None = None


def make_kept(cfg: DictConfig) -> Path:
    """Makes the sprites of a file that a page has saved; in its order, in a folder `kept`.

    Raises:
        UserError: the file is not such a one, or is of another checkpoint.
    """
    loaded = load(checkpoint_file(str(cfg.run), cfg.checkpoint), trusted(plain(cfg.trust)))
    sampler, recipe = loaded.sampler(plain(cfg.get("sampler")))
    file = typed(str(cfg.kept), "kept")
    addresses = read_kept(file, loaded)
    for temperature in {each.temperature for each in addresses if each.temperature is not None}:
        sampler.at(temperature).check(loaded.denoiser)
    settings = {
        "checkpoint": loaded.sha256,
        "sampler": recipe,
        **laid_out(cfg),
        "kept": [
            [each.seed, each.index, each.label, each.guidance]
            + ([dict(each.asked)] if each.asked else [])
            + ([each.temperature] if each.temperature else [])
            for each in addresses
        ],
    }
    output = Output(place(cfg.out, str(cfg.run), "kept"), settings)
    row = {"checkpoint": loaded.sha256, "sampler": recipe}
    passports = Passports(loaded, cfg.data.path)
    folder = SpriteFolder(output, loaded, row, passports, cfg.png, *files_of(cfg))
    indices = [each.index for each in addresses]
    if folder.holds(""):
        print(f"made already: {len(addresses):,} sprites in {output.path}")
        return output.path
    images, told = sprites_at(addresses, loaded, sampler, cfg.accelerator, cfg.batch_size)
    labels = told if loaded.denoiser.classes or told.ndim == 2 else None
    samplers = [
        recipe | ({} if each.temperature is None else {"temperature": each.temperature})
        for each in addresses
    ]
    folder.add("", images, indices, labels, [each.seed for each in addresses], samplers)
    print(f"{len(addresses):,} sprites in {output.path}")
    return output.path


def sprites_at(
    addresses: Sequence[Address],
    loaded: Loaded,
    sampler: Sampler,
    accelerator: str = "cpu",
    batch_size: int = 64,
) -> tuple[Tensor, Tensor]:
    """The sprites of these addresses, uint8 `(N, C, H, W)` in their order, and what they were
    told: labels `(N,)`, or attributes `(N, A)`, -1 for none."""
    from lightning.fabric import Fabric

    device = Fabric(accelerator=accelerator, devices=1).device
    places = sorted(range(len(addresses)), key=lambda k: _set_of(addresses[k]))
    made: dict[int, Tensor] = {}
    told: dict[int, Tensor] = {}
    for _, some in groupby(places, lambda k: _set_of(addresses[k])):
        rows = list(some)
        indices = [addresses[k].index for k in rows]
        sprites = _sprites(addresses[rows[0]], loaded, sampler, device)
        labels = sprites.labels(indices)
        labels = torch.full((len(rows),), -1) if labels is None else labels
        made |= dict(zip(rows, torch.cat(list(sprites.batches(indices, batch_size))), strict=True))
        told |= dict(zip(rows, labels, strict=True))
    every = range(len(addresses))
    return torch.stack([made[k] for k in every]), torch.stack([told[k] for k in every])


def _set_of(address: Address) -> tuple[Any, ...]:
    """Of sprites that are made together."""
    return (
        address.seed,
        address.guidance,
        address.label,
        address.asked,
        address.temperature or 0.0,
    )


def _sprites(
    address: Address, loaded: Loaded, sampler: Sampler, device: torch.device
) -> SpriteSet:
    """The set that a sprite is of."""
    told, given, in_words = asked(_words(address), loaded)
    guidance = 1.0 if in_words else address.guidance
    if address.temperature is not None:
        sampler = sampler.at(address.temperature)
    sprites = told.sprites(sampler, address.seed, device, address.label, guidance)
    return sprites.asked(given)


def _words(address: Address) -> dict[str, Any]:
    """What of it is typed where attributes are asked for."""
    return {ATTRIBUTE: dict(address.asked), "guidance": address.guidance if address.asked else 1}


def read_kept(file: Path, loaded: Loaded) -> list[Address]:
    """What a page has saved.

    Raises:
        UserError: it is damaged, holds nothing, or is of another checkpoint or of labels or
            attributes that the run does not know.
    """
    found = entries(Folder(file.parent), file.name, REMEDY)
    if found is None:
        raise UserError(f"There is no file {file}; give what a page saved as kept.json.")
    rows = found.get("sprites")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST:
        raise UserError(f"{file} holds no sprites; keep some on the page, and save it again.")
    if found.get("checkpoint") != loaded.sha256:
        raise UserError(
            f"{file} was kept from another checkpoint ({str(found.get('checkpoint'))[:12]}, and "
            f"this is {loaded.sha256[:12]}); give the run or file that the page was made of."
        )
    return [_address(row, f"{file}, sprite {k}", loaded) for k, row in enumerate(rows)]


def _address(row: Any, where: str, loaded: Loaded) -> Address:
    row = row if isinstance(row, dict) else {}
    seed, index, guidance = row.get("seed"), row.get("index"), row.get("guidance", 1)
    whole = type(seed) is int and 0 <= seed <= LARGEST_SEED and type(index) is int
    wanted = row.get("attributes", {})
    whole = whole and isinstance(wanted, dict)
    temperature = row.get("temperature")
    numbers = (guidance, 1.0 if temperature is None else temperature)
    if not whole or not 0 <= index < 2**32 or {*map(type, numbers)} - {int, float}:
        raise UserError(f"{where} has no seed, index and numbers for the rest; {REMEDY}.")
    name = row.get("label")
    label = -1 if name is None else loaded.label(str(name))
    values = tuple((str(key), str(value)) for key, value in wanted.items())
    guided = float(guidance) if values or label >= 0 else 1.0
    address = Address(seed, index, label, guided, values, temperature)
    asked(_words(address), loaded)  # one that the run does not know is said before any is made
    return address
