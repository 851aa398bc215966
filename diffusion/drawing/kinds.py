"""What kinds of sprites were found: `kinds.png`, a row of training sprites for each."""

from PIL import Image

from diffusion import pictures
from diffusion.sprite_data import SpriteData

SHOWN = 8  # sprites of a kind
SIDE = 34  # screen pixels of a sprite, about
MARGIN = 80  # screen pixels for the word


def kinds_picture(data: SpriteData, attribute: str) -> Image.Image:
    """A row for each value of the attribute, with the word that asks for it and how many training
    sprites have it."""
    rows = data.split["train"]
    of = data.attribute_values(rows)[:, [*data.attribute_names].index(attribute)].numpy()
    scale = max(1, round(SIDE / max(data.shape[1:])))
    values = data.attribute_names[attribute]
    shown = [data.images(rows[of == k][:SHOWN]) for k in range(len(values))]
    names = [f"{attribute}={name} ({(of == k).sum()})" for k, name in enumerate(values)]
    return pictures.named_rows(
        [pictures.grid(sprites, columns=SHOWN, scale=scale) for sprites in shown], names, MARGIN
    )
