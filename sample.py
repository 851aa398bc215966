"""Makes sprites from a trained run: `python sample.py run=runs/first n=64 sampler.steps=20`.

`python sample.py noising=Bob schedule=cosine` shows a sprite's way into noise instead.
"""

from pathlib import Path

from omegaconf import DictConfig

from diffusion.entry import entry, plain
from diffusion.errors import UserError


@entry("sample")
def main(cfg: DictConfig) -> None:
    """Either new sprites or one sprite's way into noise."""
    for key, least in (("n", 1), ("batch_size", 1), ("devices", 1), ("seed", 0), ("index", 0)):
        value = cfg[key]
        if (value is not None or key != "index") and not (
            isinstance(value, int) and value >= least
        ):
            raise UserError(f"{key}={value} must be a whole number, {least} or more.")
    if cfg.noising is None:
        make_sprites(cfg)
    else:
        show_noising(cfg)


def make_sprites(cfg: DictConfig) -> None:
    """Sprites by their index, the same on any device and in any batch, and a manifest of them."""
    if cfg.run is None:
        raise UserError("run is missing; give a run directory or a .ckpt file as run=...")

    import torch
    from hydra.utils import instantiate
    from lightning.fabric import Fabric
    from tqdm import tqdm

    from diffusion.checkpoint import checkpoint_file, load
    from diffusion.export import SpriteFolder

    file = checkpoint_file(cfg.run, cfg.checkpoint)
    loaded, sampler = load(file), instantiate(cfg.sampler)
    loaded.denoiser.schedule.grid(sampler.steps)  # refuses a number of steps it does not have
    loaded.sprites(sampler, cfg.seed, label=cfg.label)  # refuses a label it does not know
    beside = file.parent if file == Path(cfg.run) else Path(cfg.run)
    folder = SpriteFolder(cfg.out or beside / "samples")

    strategy = "ddp" if cfg.devices > 1 else "auto"
    fabric = Fabric(accelerator=cfg.accelerator, devices=cfg.devices, strategy=strategy)
    fabric.launch()
    sprites = loaded.sprites(sampler, cfg.seed, fabric.device, cfg.label)
    indices = list(range(cfg.n)) if cfg.index is None else [cfg.index]
    world, n = fabric.world_size, len(indices)
    mine = [indices[k % n] for k in range(fabric.global_rank, n + -n % world, world)]
    made = []
    with tqdm(total=len(mine), unit="sprite", disable=not fabric.is_global_zero) as bar:
        for batch in sprites.batches(mine, cfg.batch_size):
            made.append(batch)
            bar.update(len(batch))
    images = torch.cat(made)
    if world > 1:  # every process made as many; sprite k was made by process k % world
        gathered = fabric.all_gather(images)
        assert isinstance(gathered, torch.Tensor)
        images = gathered.transpose(0, 1).flatten(0, 1)[:n].cpu()
    if fabric.is_global_zero:
        labels = sprites.labels(indices)
        folder.write(images, cfg.seed, indices, labels, loaded, plain(cfg.sampler), cfg.png)
        if cfg.trajectory:
            folder.write_film(sprites.film(indices[:16]))
        print(f"{n} sprites in {folder.path}")


def show_noising(cfg: DictConfig) -> None:
    """Writes the strip and the film of one sprite's way into noise."""
    from hydra.utils import instantiate

    from diffusion.checkpoint import checkpoint_file, load
    from diffusion.export import training_data
    from diffusion.noising import write_noising

    if cfg.run is None:
        data, schedule = instantiate(cfg.data, seed=cfg.seed), instantiate(cfg.schedule)
        data.setup()
    else:
        loaded = load(checkpoint_file(cfg.run, cfg.checkpoint))
        data, schedule = training_data(loaded.card), loaded.denoiser.schedule
    row = cfg.noising if isinstance(cfg.noising, int) else data.find(str(cfg.noising))
    if not 0 <= row < len(data.sprites):
        raise UserError(f"noising={row} must be a row of the data, 0 to {len(data.sprites) - 1}.")
    folder = Path(cfg.out or "noising")
    folder.mkdir(parents=True, exist_ok=True)
    write_noising(data.images([row]), schedule, folder, cfg.seed)
    print(f"{folder}/noising.png and {folder}/noising.gif")


if __name__ == "__main__":
    main()
