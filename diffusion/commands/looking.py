"""What `look.py` does once its words are in order."""

import hashlib
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig

from diffusion.commands.asking import about_sprite, asked
from diffusion.commands.choosing import as_they_are
from diffusion.commands.entry import plain
from diffusion.commands.labelling import wanted_labels
from diffusion.commands.sampling import place
from diffusion.commands.views import in_these_sprites, show_panels, show_variations
from diffusion.levels.noising import noising_pictures
from diffusion.runs.files import Folder
from diffusion.runs.loading import checkpoint_file, load
from diffusion.runs.output import Output
from diffusion.runs.training_data import training_data
from diffusion.runs.trust import trusted


def look(cfg: DictConfig, view: str) -> Path:
    """Writes pictures of one sprite: its way into noise, its panel, or its variations.

    Returns:
        their folder.
    """
    if cfg.run is None:
        data = instantiate(as_they_are(plain(cfg.data)), seed=cfg.seed)
        schedule = instantiate(cfg.schedule)
        data.setup()
        settings: dict[str, Any] = {"schedule": plain(cfg.schedule)}
    else:
        loaded = load(checkpoint_file(str(cfg.run), cfg.checkpoint), trusted(plain(cfg.trust)))
        data = training_data(loaded.card, cfg.data.get("path"), loaded.trust)
        schedule, settings = loaded.denoiser.schedule, {"checkpoint": loaded.sha256}
    picked = data.pick(cfg[view])
    name, image, own, _ = picked
    settings |= {"sprite": hashlib.sha256(image.numpy().tobytes()).hexdigest(), "seed": cfg.seed}
    if view != "noising":
        sampler, recipe = loaded.sampler(plain(cfg.get("sampler")))
        words, stay = about_sprite(plain(cfg), loaded, picked)
        loaded, told, in_words = asked(words, loaded, stay, "look")
        labels = wanted_labels(words, loaded, own)
        label = own if labels.label is None else labels.label
        guidance = 1.0 if in_words else cfg.guidance
        sprites = labels.told(loaded).sprites(sampler, cfg.seed, label=label, guidance=guidance)
        settings |= {"sampler": recipe, "guidance": cfg.guidance, "n": cfg.n}
        settings |= labels.decides(loaded)
        settings |= {"told": [[k, told[k]] for k in sorted(told)]} if told else {}
    if view == "noising":
        files = noising_pictures(image[None], schedule, cfg.seed)
        print(in_these_sprites(schedule, data))
    elif view == "panel":
        flip = loaded.card["config"]["flip"]
        values = [told.get(k, -1) for k in range(len(loaded.denoiser.attributes))]
        files, lines = show_panels([(name, image, values or label)], sprites.denoiser, data, flip)
        print(lines)
    else:
        files, lines = show_variations(image, sprites, data, cfg.n)
        print(lines)
    folder = Folder(view) if cfg.run is None and cfg.out is None else place(cfg.out, cfg.run, view)
    output = Output(folder, settings)
    for file, content in files.items():
        output.add(file, content)
    print(f"{view} of {name} in {output.path}")
    return output.path
