"""What kinds of sprites were found: `kinds.png`, a row of training sprites for each."""

from PIL import Image

from diffusion import pictures
from diffusion.sprite_data import SpriteData

SHOWN = 8  # sprites of a kind
SIDE = 34  # screen pixels of a sprite, about
MARGIN = 80  # screen pixels for the word
LONGEST = 32  # rows below each other


def kinds_picture(data: SpriteData, attribute: str) -> Image.Image:
    """A row for each value of the attribute, with the word that asks for it and how many training
    sprites have it."""
    rows = data.split["train"]
    of = data.attribute_values(rows)[:, [*data.attribute_names].index(attribute)].numpy()
    scale = max(1, round(SIDE / max(data.shape[1:])))
    drawn, names = [], []
    for k, name in enumerate(data.attribute_names[attribute]):
        shown = data.images(rows[of == k][:SHOWN])
        drawn.append(pictures.grid(shown, columns=SHOWN, scale=scale))
        names.append(f"{attribute}={name} ({(of == k).sum()})")
    parts = [slice(start, start + LONGEST) for start in range(0, len(drawn), LONGEST)]
    columns = [pictures.named_rows(drawn[part], names[part], MARGIN) for part in parts]
    page = Image.new("RGB", (sum(each.width for each in columns), columns[0].height))
    page.paste(pictures.PAPER, (0, 0, *page.size))
    for k, column in enumerate(columns):
        page.paste(column, (k * column.width, 0))
    return page
