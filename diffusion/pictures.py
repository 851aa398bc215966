"""Pictures of sprites: grids, strips and films, enlarged with nearest neighbour, honest colours.

Transparency is shown as a checkerboard. No picture is rescaled to its own minimum and maximum, so
the same value has the same colour in every frame.
"""

import io
from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

CHECKER = (142, 148, 158), (128, 134, 144)
PAPER = (236, 238, 241)
INK = (40, 44, 52)


def grid(images: Tensor, columns: int | None = None, scale: int | None = None) -> Image.Image:
    """uint8 `(N, C, H, W)` side by side on a checkerboard.

    Args:
        images: sprites, 1, 3 or 4 channels.
        columns: sprites in a row; about a square when None.
        scale: screen pixels a side for one sprite pixel; about 80 pixels for a sprite when None.
    """
    n, _, height, width = images.shape
    columns = columns or ceil(sqrt(n))
    scale = scale or max(1, round(80 / max(height, width)))
    rows, cell_h, cell_w = -(-n // columns), height + 1, width + 1
    sheet = np.empty((rows * cell_h + 1, columns * cell_w + 1, 3), np.uint8)
    sheet[:] = PAPER
    for k, sprite in enumerate(on_checkerboard(images)):
        y, x = k // columns * cell_h + 1, k % columns * cell_w + 1
        sheet[y : y + height, x : x + width] = sprite
    return Image.fromarray(sheet.repeat(scale, axis=0).repeat(scale, axis=1))


def on_checkerboard(images: Tensor) -> np.ndarray:
    """uint8 `(N, C, H, W)` -> opaque uint8 `(N, H, W, 3)`."""
    pixels = images.cpu().permute(0, 2, 3, 1).numpy()
    if pixels.shape[-1] < 4:
        return np.broadcast_to(pixels, (*pixels.shape[:3], 3))
    y, x = np.indices(pixels.shape[1:3])
    board = np.array(CHECKER)[(y // 4 + x // 4) % 2]
    alpha = pixels[..., 3:].astype(np.float32) / 255
    return (pixels[..., :3] * alpha + board * (1 - alpha)).round().astype(np.uint8)


def tile(image: Tensor, scale: int) -> Image.Image:
    """One uint8 `(C, H, W)` sprite on its checkerboard, without a border."""
    pixels = on_checkerboard(image[None])[0]
    return Image.fromarray(pixels.repeat(scale, axis=0).repeat(scale, axis=1))


def png(picture: Image.Image) -> bytes:
    """The content of a PNG file."""
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def transparent_png(image: Tensor) -> bytes:
    """The PNG of one uint8 `(C, H, W)` sprite or sheet at its own size, alpha as it is."""
    pixels = image.cpu().permute(1, 2, 0).numpy()
    return png(Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels))


def captioned(picture: Image.Image, captions: Sequence[str]) -> Image.Image:
    """The picture with one line of small captions below, spread evenly from left to right."""
    page = Image.new("RGB", (picture.width, picture.height + 16), PAPER)
    page.paste(picture)
    draw = ImageDraw.Draw(page)
    for k, caption in enumerate(captions):
        centre = picture.width * (k + 0.5) / len(captions)
        draw.text((centre, picture.height + 8), caption, fill=INK, anchor="mm")
    return page


def write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    colour: tuple[int, int, int] = INK,
    anchor: str = "lm",
    room: float | None = None,
    lines: int = 1,
) -> int:
    """Writes text centred on the height of `place`, and returns its width.

    Args:
        draw: on which page.
        place: left end, or with anchor="rm" right end, of the middle line.
        text: what to write.
        size: of the letters, in pixels.
        colour: of the ink.
        anchor: as Pillow names it.
        room: greatest width; what does not fit goes to the next line or ends in an ellipsis.
        lines: greatest number of lines.
    """
    font = ImageFont.load_default(size)
    shown = [text] if room is None else _broken(text, font, room, lines)
    for k, line in enumerate(shown):
        y = place[1] + (k - (len(shown) - 1) / 2) * size * 1.25
        draw.text((place[0], y), line, fill=colour, anchor=anchor, font=font)
    return round(max(font.getlength(line) for line in shown))


def _broken(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float, lines: int
) -> list[str]:
    """The text in at most so many lines, each no wider than `room`."""
    shown: list[str] = []
    for word in text.split():
        if shown and font.getlength(f"{shown[-1]} {word}") <= room:
            shown[-1] += f" {word}"
        elif len(shown) < lines:
            shown.append(word)
        else:
            shown[-1] += f" {word}"  # too long: cut below
    for k, line in enumerate(shown):
        while font.getlength(shown[k]) > room and len(line) > 1:
            line = line[:-1]
            shown[k] = line.rstrip(" ,") + "…"
    return shown


def gif(frames: Sequence[Image.Image], seconds: float = 4.0) -> bytes:
    """The content of an endlessly repeated GIF that pauses on its last frame."""
    durations = [int(1000 * seconds / len(frames))] * len(frames)
    durations[-1] = 1500
    flat = [frame.quantize(256, dither=Image.Dither.NONE) for frame in frames]
    content = io.BytesIO()
    flat[0].save(content, "GIF", save_all=True, append_images=flat[1:], duration=durations, loop=0)
    return content.getvalue()
