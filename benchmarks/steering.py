"""What each word that steers makes of the same noise, and whether it is obeyed.

    python train.py data=forge model.classes=true hydra.run.dir=runs/forge trainer.max_steps=1200
    OMP_NUM_THREADS=1 python benchmarks/steering.py runs/forge --picture docs/pictures/steering.png

The run is one on procedural characters with labels, whose attributes can be read back.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
import sprite_diffusion as sd  # noqa: E402
from datamodules.forge import ForgeData  # noqa: E402
from diffusion import pictures  # noqa: E402

FOUR = ["1a1c2c", "5d275d", "b13e53", "ef7d57"]
VERBS: dict[str, dict[str, Any]] = {
    "nothing": {},
    f"colours=[{','.join(FOUR)}]": {"colours": FOUR},
    "max_colours=5": {"max_colours": 5},
    "from=Bob keep=top": {"from_": "Bob", "keep": "top"},
    "from=Bob keep=alpha": {"from_": "Bob", "keep": "alpha"},
    "from=Bob keep=colours": {"from_": "Bob", "keep": "colours"},
    "from=Bob noise_level=0.4": {"from_": "Bob", "noise_level": 0.4},
    "mirror=true": {"mirror": True},
    "label=knight": {"label": "knight"},
    "label=knight guidance=2": {"label": "knight", "guidance": 2.0},
    "label=knight+noble": {"label": "knight+noble"},
    "tile=xy": {"tile": "xy"},
}
SHOWN, SCALE = 12, 3


def draw(rows: dict[str, np.ndarray], bob: torch.Tensor) -> Image.Image:
    """A row of sprites for each word, which stands at its left; Bob below."""
    pieces = [
        pictures.grid(torch.from_numpy(row).permute(0, 3, 1, 2), columns=SHOWN, scale=SCALE)
        for row in rows.values()
    ]
    pieces.append(pictures.grid(bob[None], columns=1, scale=SCALE))
    return pictures.named_rows(pieces, [*rows, "Bob"])


def opaque(images: np.ndarray) -> list[set[bytes]]:
    """The opaque colours of each sprite."""
    return [
        {pixel.tobytes() for pixel in image.reshape(-1, 4)[:, :3][image[..., 3].ravel() > 0]}
        for image in images
    ]


def obeyed(words: dict[str, Any], images: np.ndarray, bob: np.ndarray, data: ForgeData) -> str:
    """In what share of the sprites the word is obeyed, where that can be counted."""
    if "colours" in words:
        allowed = {bytes.fromhex(colour) for colour in words["colours"]}
        return f"{np.mean([found <= allowed for found in opaque(images)]):.1%}"
    if "max_colours" in words:
        return f"{np.mean([len(found) <= words['max_colours'] for found in opaque(images)]):.1%}"
    if words.get("keep") == "top":
        half = len(bob) // 2
        kept = (images[:, :half] == bob[:half]).all(axis=(1, 2, 3))
        return f"{kept.mean():.1%}, {len({each.tobytes() for each in images}):,} distinct"
    if words.get("keep") == "alpha":
        return f"{(images[..., 3] == bob[..., 3]).all(axis=(1, 2)).mean():.1%}"
    if words.get("keep") == "colours":
        (allowed,) = opaque(bob[None])
        return f"{np.mean([found <= allowed for found in opaque(images)]):.1%}"
    if "mirror" in words:
        return f"{(images == images[:, :, ::-1]).all(axis=(1, 2, 3)).mean():.1%}"
    if "label" in words:
        read = [each.get("clothes", "-") for each in attributes(images, data)]
        return ", ".join(
            f"{name} {read.count(name) / len(read):.1%}" for name in sorted(set(read))
        )
    return ""


def attributes(images: np.ndarray, data: ForgeData) -> list[dict[str, str]]:
    """What can be read in each sprite."""
    return data.attributes(torch.from_numpy(images).permute(0, 3, 1, 2))


def main() -> None:
    """Prints a row per word, and draws them if asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--n", type=int, default=512)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    run, data = sd.load(arguments.run), ForgeData(n=4000)
    data.setup()
    _, image, _ = data.pick("Bob")
    bob, rows = image.permute(1, 2, 0).numpy(), {}
    print("| words | obeyed | characters to the pixel | readable | attributes readable |")
    print("|---|---|---|---|---|")
    for name, words in VERBS.items():
        images = run.sample(arguments.n, seed=0, **words).images
        rows[name] = images[:SHOWN]
        valid = data.validity(torch.from_numpy(images).permute(0, 3, 1, 2))
        shares = [valid[key] for key in ("valid_exact", "readable", "readable_attributes")]
        told = " | ".join(f"{share:.1%}" for share in shares)
        print(f"| `{name}` | {obeyed(words, images, bob, data)} | {told} |", flush=True)
    if arguments.picture:
        draw(rows, image).save(arguments.picture)


if __name__ == "__main__":
    main()
