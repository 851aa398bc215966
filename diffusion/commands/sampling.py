"""What `sample.py` does once its words are in order: sprites by their index, and their folder."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from omegaconf import DictConfig
from torch import Tensor
from tqdm import tqdm

from diffusion import pictures
from diffusion.best_of import Candidate, best_of, check_candidates
from diffusion.commands.asking import asked, with_label
from diffusion.commands.beginning import beginning
from diffusion.commands.entry import plain
from diffusion.commands.labelling import wanted_labels
from diffusion.commands.numbers import check_kinds
from diffusion.commands.steering import OWN_COLOURS, steer
from diffusion.commands.typed import ATTRIBUTE
from diffusion.engines.base import EngineFile, Layout
from diffusion.errors import UserError
from diffusion.judge import Judge
from diffusion.pixels import PixelCodec
from diffusion.runs.building import build
from diffusion.runs.directory import process_rank
from diffusion.runs.files import Folder
from diffusion.runs.loading import Loaded, beside, checkpoint_file, load
from diffusion.runs.output import Output
from diffusion.runs.reading import record
from diffusion.runs.sprite_folder import Passports, SpriteFolder
from diffusion.runs.trust import packages_of, trusted
from diffusion.samplers.base import Origin
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.surprise import surprise

LAYOUT = {"_target_": "diffusion.engines.base.Layout"}
FILM = 16  # sprites in denoising.gif
GALLERY = "gallery.html"
AT_ONCE = 2**31  # bytes of sprites in one part


def make_sprites(cfg: DictConfig) -> Path | None:
    """Makes the sprites that are not there yet, the same on any device and in any batch.

    Returns:
        their folder, on the first process.
    """
    loaded = load(checkpoint_file(str(cfg.run), cfg.checkpoint), trusted(plain(cfg.trust)))
    sprites, settings = wanted(cfg, loaded)
    layout, engines = files_of(cfg)
    indices = _indices(cfg, sprites)
    parts = dict(in_parts(indices, cfg.shards))
    check_size(max(map(len, parts.values())), sprites)
    leads = process_rank() == 0
    if leads:
        output = Output(place(cfg.out, str(cfg.run), "samples"), settings)
        row = {key: settings[key] for key in ("seed", "checkpoint", "sampler", "guidance")}
        in_words = settings.get("mixture", settings.get("attributes"))
        row |= {"label": in_words} if in_words else {}
        passports = Passports(loaded, cfg.data.path)
        folder = SpriteFolder(output, loaded, row, passports, cfg.png, layout, engines)
        judge = _judge_of(passports, cfg.of) if cfg.of else None
        missing = [tag for tag in parts if not folder.holds(tag)]
        asked = {
            "denoising.gif": cfg.trajectory,
            "tiles.png": cfg.tile is not None,
            GALLERY: cfg.gallery,
        }
        views = [name for name, is_asked in asked.items() if is_asked and not output.has(name)]
        if not missing and not views:
            print(f"made already: {cfg.n if cfg.of else len(indices):,} sprites in {output.path}")
            return output.path

    strategy = "ddp" if cfg.devices > 1 else "auto"
    fabric = Fabric(accelerator=cfg.accelerator, devices=cfg.devices, strategy=strategy)
    fabric.launch()
    missing = fabric.broadcast(missing if leads else [])
    sprites = replace(sprites, denoiser=sprites.denoiser.to(fabric.device))
    mine = sum(-(-len(parts[tag]) // fabric.world_size) for tag in missing)
    with tqdm(total=mine, unit="sprite", disable=not fabric.is_global_zero) as bar:
        for tag in missing:
            images = sprites.make_together(
                parts[tag],
                fabric.global_rank,
                fabric.world_size,
                fabric.all_gather,
                cfg.batch_size,
                bar.update,
            )
            if leads:
                chosen: Sequence[int] = parts[tag]
                labels = None if "mixture" in settings else sprites.labels(chosen)
                if judge:
                    found = _candidates(images, cfg.n, judge, loaded, labels)
                    chosen = _kept(found, len(images), output)
                    images, labels = images[chosen], None if labels is None else labels[chosen]
                folder.add(tag, images, chosen, labels)
    if leads:
        rows = record(Folder(output.path), "manifest.json") if cfg.of else None
        shown = [row["index"] for row in rows] if isinstance(rows, list) else indices
        for name in views:
            if name == GALLERY:
                from diffusion.commands.galleries import Source, gallery_of_folder

                own = settings["sampler"] if plain(cfg.get("sampler")) else None
                source = Source(loaded, str(cfg.run), own, plain(cfg)[ATTRIBUTE])
                output.add(name, gallery_of_folder(output, source, passports.judge, settings))
                print(f"{output.path / name}: open it by a double click")
                continue
            output.add(name, _view(name, sprites, shown[:FILM], cfg.tile))
        if cfg.of is None:
            print(f"{len(indices):,} sprites in {output.path}")
    return output.path if leads else None


def _judge_of(passports: Passports, candidates: int) -> Judge:
    """The judge of the run's data, which `of=` cannot do without.

    Raises:
        UserError: the data is not there, and the reason was said; or there is too little.
    """
    if passports.judge is None:
        raise UserError("of= needs the run's training data; say where it is, with data.path=...")
    check_candidates(candidates, passports.judge)
    return passports.judge


def _candidates(
    images: Tensor, n: int, judge: Judge, loaded: Loaded, labels: Tensor | None
) -> list[Candidate]:
    """What becomes of each of the images."""
    told = labels if loaded.denoiser.classes or loaded.denoiser.attributes else None
    return best_of(images, n, judge, surprise(loaded.denoiser, images, told), labels)


def _kept(found: list[Candidate], made: int, output: Output) -> list[int]:
    """The places of the best; what became of each candidate is written beside."""
    kept = sorted(each.index for each in found if each.kept)
    rows = [asdict(each) | {"realness": round(each.realness, 3)} for each in found]
    output.add("candidates.json", json.dumps(rows, indent=1) + "\n")
    repeats, alike = (sum(each.why.startswith(why) for each in found) for why in ("a tr", "like"))
    print(
        f"{len(kept):,} of {made:,} sprites in {output.path}; {repeats} repeat a training "
        f"sprite, {alike} are like another"
    )
    return kept


def images_of(cfg: DictConfig) -> Tensor:
    """The same sprites in memory, uint8 `(N, C, H, W)`; nothing is written."""
    loaded = load(checkpoint_file(str(cfg.run), cfg.checkpoint), trusted(plain(cfg.trust)))
    sprites, decides = wanted(cfg, loaded)
    check_size(len(indices := _indices(cfg, sprites)), sprites)
    judge = _judge_of(Passports(loaded, cfg.data.path), cfg.of) if cfg.of else None
    images = torch.cat(list(sprites.batches(indices, cfg.batch_size)))
    if judge is None:
        return images
    labels = None if "mixture" in decides else sprites.labels(indices)
    found = _candidates(images, cfg.n, judge, loaded, labels)
    return images[sorted(each.index for each in found if each.kept)]


def _indices(cfg: DictConfig, sprites: SpriteSet) -> range:
    """The sprites to make; those of `labels=` are as many as it says."""
    n = len(sprites.given) or cfg.of or cfg.n
    if cfg.index is None:
        return range(n)
    if sprites.given and cfg.index >= n:
        raise UserError(f"index={cfg.index} is too high; there are {n} sprites, from 0.")
    return range(cfg.index, cfg.index + 1)


def wanted(cfg: DictConfig, loaded: Loaded) -> tuple[SpriteSet, dict[str, Any]]:
    """The sprites that the words mean, and everything that decides how each of them looks."""
    check_kinds(typed := plain(cfg.get("sampler")), "sampler")
    sampler, recipe = loaded.sampler(typed)
    level = cfg.noise_level
    if level is None:
        level = 0.5 if cfg.keep in (None, OWN_COLOURS) else 1.0
    origin = drawn = None
    if first := beginning(cfg, loaded):
        loaded.denoiser.schedule.grid(sampler.steps, level)
        if first.part is None or level < 1:
            origin = Origin(PixelCodec().encode(first.image), level)
        drawn = hashlib.sha256(first.image.numpy().tobytes()).hexdigest()
    words = with_label(plain(cfg), loaded)
    named = first is not None and (first.part is not None or words[ATTRIBUTE])
    stay = first.stay if first and named else {}
    loaded, told, in_words = asked(words, loaded, stay)
    labels = wanted_labels(words, loaded, first.label if first else None)
    guidance = 1.0 if in_words else cfg.guidance
    sprites = labels.told(loaded).sprites(sampler, cfg.seed, label=labels.label, guidance=guidance)
    sprites = replace(sprites, given=labels.given)
    if first is None or (first.attributes and origin is None):
        sprites = sprites.asked(told)
    else:  # a sprite that is there has attributes already
        sprites = replace(sprites, draws=None)
    sprites, hands = steer(sprites, plain(cfg), first.image if first else None)
    settings = {
        "checkpoint": loaded.sha256,
        "sampler": recipe,
        "seed": cfg.seed,
        "n": len(labels.given) or cfg.n if cfg.index is None else None,
        "index": cfg.index,
        **({} if cfg.of is None else {"of": cfg.of}),
        "shards": cfg.shards,
        **laid_out(cfg),
        **labels.decides(loaded),
        **({"attributes": in_words} if in_words else {}),
        **({"stay": [[attribute, stay[attribute]] for attribute in sorted(stay)]} if stay else {}),
        "guidance": plain(cfg.guidance),
        "from": drawn,
        "noise_level": None if drawn is None else level,
        **hands,
    }
    return replace(sprites, origin=origin), settings


def _view(name: str, sprites: SpriteSet, indices: Sequence[int], tile: str | None) -> bytes:
    """The content of `denoising.gif`, or of `tiles.png`: sprites three times beside themselves."""
    if name == "denoising.gif":
        return pictures.gif(sprites.film(indices))
    times = (1, 1, 3 if "y" in str(tile) else 1, 3 if "x" in str(tile) else 1)
    return pictures.png(pictures.grid(next(sprites.batches(indices)).repeat(*times)))


def in_parts(indices: range, shards: int) -> Iterator[tuple[str, range]]:
    """The indices in so many parts of nearly equal size, each with what its files are called by.

    Raises:
        UserError: more parts than indices.
    """
    if shards > len(indices):
        raise UserError(f"shards={shards} is more than there are sprites; give n or fewer.")
    if shards == 1:
        yield "", indices
        return
    for k in range(shards):
        first, end = (len(indices) * edge // shards for edge in (k, k + 1))
        yield f"-{k:05d}", indices[first:end]


def check_size(n: int, sprites: SpriteSet) -> None:
    """Refuses more sprites at once than memory can be asked for.

    Raises:
        UserError: naming how many parts they can be made in.
    """
    channels, height, width = sprites.shape
    if (size := n * channels * height * width) > AT_ONCE:
        raise UserError(
            f"{n:,} sprites are {size / 2**30:,.0f} GB at once; make them in parts, with shards="
            f"{-(-size // AT_ONCE)} or more."
        )


def files_of(cfg: DictConfig) -> tuple[Layout, list[EngineFile]]:
    """How the sheet is laid out, and what files are beside it."""
    made = plain(cfg.files)
    packages = ("diffusion.engines", *packages_of(made))
    engines = [build(each, packages) for each in made.values()]
    return build(LAYOUT | plain(cfg.sheet), packages), engines


def laid_out(cfg: DictConfig) -> dict[str, Any]:
    """The words about the sheet, where they are other than usual; what it looks like depends on
    them."""
    words = plain(cfg.sheet)
    return {} if words == asdict(Layout()) else {"sheet": words}


def place(out: str | None, run: str, name: str) -> Folder:
    """The folder that `out=` names, or one in the run's directory."""
    return Folder(beside(run), name) if out is None else Folder(Path(out).expanduser())
