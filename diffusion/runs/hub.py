"""A folder that model hubs take: weights, configuration, and a card with real figures.

Nothing is uploaded. Figures are those of the run's closing; what was not measured is not there.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from diffusion.judge import who_is_new
from diffusion.runs.loading import Loaded
from diffusion.runs.safetensors import content, named, shared

FIGURES = {  # of the summary -> what a reader calls it, and whether less is better
    "sprite_fd": ("Distance of sprite features to training sprites", True),
    "precision": ("Precision: share of samples that look like training sprites", False),
    "recall": ("Recall: share of training sprites that samples reach", False),
    "coverage": ("Coverage", False),
    "told_apart": ("Told apart from unseen real sprites (0.5 is a guess)", True),
    "copy_rate": ("Share of samples that repeat a training sprite", True),
}
FLOORS = {"told_apart": "samples/told_apart_floor"}


def hub_files(
    loaded: Loaded, name: str, summary: Mapping[str, Any], credit: str
) -> dict[str, bytes]:
    """The files of the folder, by name.

    Args:
        loaded: the run.
        name: of the model.
        summary: the run's `summary.json`; empty where it has none.
        credit: a sentence on whose the training sprites are.
    """
    config = json.dumps(shared(loaded.card), indent=1) + "\n"
    return {
        "model.safetensors": content(named(loaded.denoiser), loaded.card),
        "config.json": config.encode(),
        "README.md": _card(loaded, name, summary, credit).encode(),
    }


def _card(loaded: Loaded, name: str, summary: Mapping[str, Any], credit: str) -> str:
    measured = {key: summary[f"samples/{key}"] for key in FIGURES if f"samples/{key}" in summary}
    head: dict[str, Any] = {
        "library_name": "sprite-diffusion",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["pixel-art", "sprites", "diffusion", "ddpm"],
    }
    if measured:
        metrics = [
            {"type": key, "value": round(float(value), 4), "name": FIGURES[key][0]}
            for key, value in measured.items()
        ]
        task = {"type": "unconditional-image-generation", "name": "New sprites"}
        data = {"type": "sprites", "name": "the run's own sprites"}
        head["model-index"] = [
            {"name": name, "results": [{"task": task, "dataset": data, "metrics": metrics}]}
        ]
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n{_text(loaded, name, summary, measured, credit)}"


def _text(
    loaded: Loaded,
    name: str,
    summary: Mapping[str, Any],
    measured: Mapping[str, float],
    credit: str,
) -> str:
    sprites, recipe = loaded.card["sprites"], loaded.card["recipe"]
    channels, height, width = sprites["shape"]
    train = loaded.card.get("data", {}).get("split", {}).get("train")
    classes = {part: node["_target_"].rpartition(".")[2] for part, node in recipe.items()}
    seen = f"{train:,} sprites" if train else "sprites"
    lines = [
        f"# {name}",
        "",
        f"Makes new sprites of {width} x {height} pixels with {channels} channels. A "
        f"{classes['model']} with {classes['prediction']} prediction under a "
        f"{classes['schedule']} schedule, trained on {seen}.",
        "",
        "```",
        "python sample.py run=model.safetensors n=64",
        "```",
        "",
        f"Training sprites: {credit}",
    ]
    if loaded.denoiser.classes:
        lines += ["", f"Labels: {', '.join(sprites['label_names'])}."]
    if measured:
        lines += ["", f"| measured at the end of training | samples | {who_is_new(summary)} |"]
        lines += ["|---|---|---|"]
        for key, value in measured.items():
            floor = summary.get(FLOORS.get(key, f"held_out/{key}"))
            beside = "" if floor is None else f"{float(floor):.3g}"
            words, less = FIGURES[key]
            better = "less" if less else "more"
            lines.append(f"| {words} ({better} is better) | {float(value):.3g} | {beside} |")
        lines += ["", "A figure of copying and one of looks belong together: neither alone says "]
        lines[-1] += "that a model is good."
    else:
        lines += ["", "Nothing was measured at the end of its training."]
    return "\n".join(lines) + "\n"
