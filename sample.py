"""Makes sprites from a trained run: `python sample.py run=runs/first n=64 sampler.steps=20`.

`export=mine.safetensors` writes the network for others; `run=` takes such a file.

`from=bob.png noise_level=0.5` makes variants of a sprite; `panel=`, `variations=` and `noising=`
show what becomes of one in noise.
"""

from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig

from diffusion.commands.entry import entry, overrides, plain
from diffusion.errors import UserError


@entry("sample", {"sampler.": "++sampler."})
def main(cfg: DictConfig) -> None:
    """New sprites, variants of one, or a view of one."""
    for key, least in (("n", 1), ("batch_size", 1), ("devices", 1), ("seed", 0), ("index", 0)):
        value = cfg[key]
        if (value is not None or key != "index") and not (
            isinstance(value, int) and value >= least
        ):
            raise UserError(f"{key}={value} must be a whole number, {least} or more.")
    views = [key for key in ("noising", "panel", "variations") if cfg[key] is not None]
    if len(views) > 1:
        raise UserError(f"{' and '.join(views)} are two views; ask for one at a time.")
    if cfg.run is None and views != ["noising"]:
        raise UserError("run is missing; give a run directory or a .ckpt file as run=...")
    own = [word for word in overrides() if word.startswith(("data", "schedule"))]
    if cfg.run is not None and own:
        raise UserError(f"run= brings its own data and schedule; leave out {' '.join(own)}.")
    if cfg.export is not None:
        share(cfg)
    elif views:
        show(cfg, views[0])
    else:
        make_sprites(cfg)


def make_sprites(cfg: DictConfig) -> None:
    """Sprites by their index, the same on any device and in any batch, and a manifest of them."""
    from lightning.fabric import Fabric
    from tqdm import tqdm

    from datamodules.picked import from_file
    from diffusion.pixels import PixelCodec
    from diffusion.runs.loading import checkpoint_file, load
    from diffusion.runs.sprite_folder import SpriteFolder, training_data
    from diffusion.samplers.base import Origin

    file = checkpoint_file(cfg.run, cfg.checkpoint)
    loaded = load(file)
    sampler, recipe = loaded.sampler(plain(cfg.get("sampler")))
    own = origin = None
    if (name := cfg["from"]) is not None:
        given = from_file(name, loaded.card["sprites"]["shape"])  # needs no training data
        _, image, own = given or training_data(loaded.card).pick(name)
        loaded.denoiser.schedule.grid(sampler.steps, cfg.noise_level)
        origin = Origin(PixelCodec().encode(image), cfg.noise_level)
    label = own if cfg.label is None else loaded.label(cfg.label)
    wanted = loaded.sprites(sampler, cfg.seed, label=label, guidance=cfg.guidance)
    wanted = replace(wanted, origin=origin)
    folder = SpriteFolder(cfg.out or beside(cfg.run) / "samples")

    strategy = "ddp" if cfg.devices > 1 else "auto"
    fabric = Fabric(accelerator=cfg.accelerator, devices=cfg.devices, strategy=strategy)
    fabric.launch()
    sprites = replace(wanted, denoiser=wanted.denoiser.to(fabric.device))
    indices = list(range(cfg.n)) if cfg.index is None else [cfg.index]
    mine = -(-len(indices) // fabric.world_size)
    with tqdm(total=mine, unit="sprite", disable=not fabric.is_global_zero) as bar:
        images = sprites.made_together(
            indices,
            fabric.global_rank,
            fabric.world_size,
            fabric.all_gather,
            cfg.batch_size,
            bar.update,
        )
    if fabric.is_global_zero:
        labels = sprites.labels(indices)
        folder.write(images, cfg.seed, indices, labels, loaded, recipe, cfg.guidance, cfg.png)
        if cfg.trajectory:
            folder.write_film(sprites.film(indices[:16]))
        print(f"{len(indices)} sprites in {folder.path}")


def show(cfg: DictConfig, view: str) -> None:
    """Writes pictures of one sprite: its way into noise, its panel, or its variations."""
    from hydra.utils import instantiate

    from diffusion.commands.views import in_these_sprites, show_panels, show_variations
    from diffusion.levels.noising import write_noising
    from diffusion.runs.loading import checkpoint_file, load
    from diffusion.runs.sprite_folder import training_data

    if cfg.run is None:
        data, schedule = instantiate(cfg.data, seed=cfg.seed), instantiate(cfg.schedule)
        data.setup()
    else:
        loaded = load(checkpoint_file(cfg.run, cfg.checkpoint))
        data, schedule = training_data(loaded.card), loaded.denoiser.schedule
    name, image, own = data.pick(cfg[view])
    if view != "noising":
        sampler, _ = loaded.sampler(plain(cfg.get("sampler")))
        label = own if cfg.label is None else loaded.label(cfg.label)
        sprites = loaded.sprites(sampler, cfg.seed, label=label, guidance=cfg.guidance)
    folder = Path(cfg.out or (view if cfg.run is None else beside(cfg.run) / view))
    folder.mkdir(parents=True, exist_ok=True)
    if view == "noising":
        write_noising(image[None], schedule, folder, cfg.seed)
        print(in_these_sprites(schedule, data))
    elif view == "panel":
        flip = loaded.card["config"]["flip"]
        show_panels([(name, image, label)], sprites.denoiser, data, flip, folder)
    else:
        print(show_variations(image, sprites, data, cfg.n, folder))
    print(f"{view} of {name} in {folder}")


def share(cfg: DictConfig) -> None:
    """Writes the averaged weights and their card as one safetensors file, for others."""
    from diffusion.runs.loading import checkpoint_file, load
    from diffusion.runs.safetensors import write

    target = Path(cfg.export)
    if target.suffix != ".safetensors" or target.exists():
        raise UserError(f"export={target} must be a new file that ends in .safetensors.")
    loaded = load(checkpoint_file(cfg.run, cfg.checkpoint))
    weights = {f"denoiser.{key}": value for key, value in loaded.denoiser.state_dict().items()}
    write(target, weights, loaded.card)
    print(f"{target}: python sample.py run={target} n=64")


def beside(run: str) -> Path:
    """Where what belongs to a run is written: its directory, or that of a lone checkpoint."""
    return Path(run).parent if run.endswith((".ckpt", ".safetensors")) else Path(run)


if __name__ == "__main__":
    main()
