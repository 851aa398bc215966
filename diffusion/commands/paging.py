"""`sample.py page=`: the network of a run in one HTML file, for anybody with a browser."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig
from torch import Tensor

from diffusion.commands.again import command_of
from diffusion.commands.entry import plain
from diffusion.commands.typed import name_of
from diffusion.commands.whose import credit_of, is_own
from diffusion.errors import UserError
from diffusion.judge import Judge
from diffusion.living.page import Facts, Training, living_page
from diffusion.living.serving import served, ways_into_noise
from diffusion.runs.files import write_file
from diffusion.runs.loading import Loaded, beside, checkpoint_file, load
from diffusion.runs.safetensors import content
from diffusion.runs.training_data import training_data
from diffusion.runs.trust import trusted
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.linear import Linear
from diffusion.schedules.sigmoid import Sigmoid

OTHERS = {"linear": Linear, "cosine": Cosine, "sigmoid": Sigmoid}  # to compare the run's own with
DRAWN = 4096  # labels of the first sprites, which a page could not draw as Python does
MOST_BYTES = 2**23  # of training sprites in a page


def make_page(cfg: DictConfig) -> None:
    """Writes the page; with rounded weights also the file with which Python makes the same.

    Raises:
        UserError: the file has another ending or is there already, or the run is not one that a
            page can hold.
    """
    file = Path(str(cfg.page)).expanduser()
    if file.suffix != ".html" or file.exists():
        raise UserError(f"page={file} must be a new file that ends in .html.")
    loaded = load(checkpoint_file(str(cfg.run), cfg.checkpoint), trusted(plain(cfg.trust)))
    typed = plain(cfg.get("sampler"))
    sampler, recipe = loaded.sampler(typed)
    network = served(loaded, sampler, str(cfg.page_weights))
    training, art = _training(loaded, cfg.page_sprites, cfg.data.path, cfg.credit)
    run, checkpoint = _shareable(str(cfg.run)), loaded.sha256
    beside_it, rounded = file.with_suffix(".safetensors"), b""
    if cfg.page_weights != "f32":
        if beside_it.exists():
            raise UserError(f"{beside_it} is there already; give page= another name.")
        card = {key: loaded.card[key] for key in ("recipe", "sprites")} | {"sampler": recipe}
        rounded = content(network.rounded, card)
        run, checkpoint, typed = beside_it.name, hashlib.sha256(rounded).hexdigest(), None
    facts = Facts(
        title=beside(str(cfg.run)).resolve().name,
        command=command_of(run, recipe if typed else None),
        checkpoint=checkpoint,
        sha256=loaded.sha256,
        seed=cfg.seed,
        drawn=_drawn(loaded, cfg.seed),
        seen=loaded.card.get("data", {}).get("split", {}).get("train", 0),
        art=art,
        asking=[name_of(name, "sample") for name, _ in network.model.get("attributes", [])],
    )
    own = loaded.denoiser.schedule
    name = type(own).__name__.lower()
    ways = {f"{name}, its own": own}
    ways |= {other: schedule() for other, schedule in OTHERS.items() if other != name}
    page = living_page(network, ways_into_noise(own, ways), facts, training)
    write_file(file, page, new=True)
    if rounded:
        write_file(beside_it, rounded, new=True)
    print(f"{file}: {len(page.encode()) / 1e6:.1f} MB; open it by a double click")
    if training is None:
        print("The training sprites are not in it; page_sprites=true puts them in.")


def _training(
    loaded: Loaded, wanted: Any, moved_to: str | None, credit: str | None
) -> tuple[Training | None, str]:
    """The training sprites that go into the page, and a sentence about whose they are."""
    if wanted not in (None, True, False):
        raise UserError(f"page_sprites={wanted} must be true or false.")
    whose = credit_of(loaded.card, credit)
    if wanted is False or (wanted is None and not is_own(loaded.card)):
        return (
            None,
            f"The training sprites are not in this page; its weights come from them. {whose}",
        )
    data = training_data(loaded.card, moved_to, loaded.trust)
    rows = data.split["train"]
    images: Tensor = data.images(rows)
    if images.numel() > MOST_BYTES:
        raise UserError(
            f"{len(rows):,} training sprites are {images.numel() / 2**20:.0f} MB, and a page "
            f"holds {MOST_BYTES / 2**20:.0f}; give page_sprites=false."
        )
    labels = data.labels(rows) if loaded.denoiser.classes else None
    art = f"{len(rows):,} training sprites are in this page; whoever has it has them. {whose}"
    judge = Judge.of(data, {}, 1)
    training = Training(
        images,
        ["/".join(data.called(int(row)).split("/")[-2:]) for row in rows],
        None if labels is None else labels.tolist(),
        judge.passport.moved_limits,
    )
    assert np.array_equal(judge.rows, rows)
    return training, art


def _shareable(run: str) -> str:
    """A run as it was typed; of an absolute path, which tells of its maker's machine, the name."""
    return Path(run).name if Path(run).is_absolute() else run


def _drawn(loaded: Loaded, seed: int) -> list[int]:
    """The labels of the first sprites; empty without labels. Attributes are drawn by the page."""
    if not loaded.denoiser.classes:
        return []
    sprites = loaded.sprites(loaded.sampler()[0], seed)
    labels = sprites.labels(range(DRAWN))
    return [] if labels is None else labels.tolist()
