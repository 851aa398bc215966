"""Pictures of sprites: grids, strips and films, enlarged with nearest neighbour, honest colours.

Transparency is shown as a checkerboard. No picture is rescaled to its own minimum and maximum, so
the same value has the same colour in every frame.
"""

import io
import re
from collections.abc import Sequence
from math import ceil, sqrt
from os.path import commonprefix
from string import digits

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


def captioned(picture: Image.Image, captions: Sequence[str], title: str = "") -> Image.Image:
    """The picture with one line of small captions below, spread evenly from left to right, and
    a title above if there is one."""
    top = 30 if title else 0
    page = Image.new("RGB", (picture.width, top + picture.height + 20), PAPER)
    page.paste(picture, (0, top))
    draw = ImageDraw.Draw(page)
    if title:
        write(draw, (8, top // 2), title, 15, room=page.width - 16)
    room = picture.width / len(captions)
    for k, caption in enumerate(captions):
        place = (room * (k + 0.5), top + picture.height + 10)
        write(draw, place, caption, 12, anchor="mm", room=room)
    return page


def named_rows(
    rows: Sequence[Image.Image], names: Sequence[str], margin: int = 200
) -> Image.Image:
    """Pictures of one size below each other, each with its name at the left."""
    height = rows[0].height
    page = Image.new("RGB", (margin + rows[0].width, height * len(rows)), PAPER)
    draw = ImageDraw.Draw(page)
    for k, (row, name) in enumerate(zip(rows, names, strict=True)):
        page.paste(row, (margin, k * height))
        write(draw, (6, (k + 0.5) * height), name, 13, room=margin - 12, lines=3)
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
    """Writes text centred on the height of `place`, or with anchor="la" below it, and returns its
    width.

    Args:
        draw: on which page.
        place: left end, or with anchor="rm" right end, of the middle line.
        text: what to write.
        size: of the letters, in pixels.
        colour: of the ink.
        anchor: as Pillow names it.
        room: greatest width; what does not fit goes to the next line, and what does not fit
            there is left out of the middle.
        lines: greatest number of lines.
    """
    font = ImageFont.load_default(size)
    shown = [text] if room is None else _broken(text, font, room, lines)
    first = 0 if anchor.endswith("a") else (1 - len(shown)) / 2
    for k, line in enumerate(shown):
        y = place[1] + (first + k) * size * 1.25
        draw.text((place[0], y), line, fill=colour, anchor=anchor, font=font)
    return round(max(font.getlength(line) for line in shown))


def shortened(names: Sequence[str], size: int, room: float, lines: int = 1) -> list[str]:
    """Names that fit where `write` is given as much room; they keep what is their own.

    What a name and the one most like it have alike is left out first, from where they differ;
    then the middle of the rest.
    """
    font = ImageFont.load_default(size)
    found = []
    for name in names:
        forms = (_short(name, names, most) for most in range(len(name), 0, -1))
        fitting = (form for form in forms if len(_filled(form, font, room)) <= lines)
        found.append(next(fitting, "…") if name else "")
    return found


def _short(name: str, names: Sequence[str], most: int) -> str:
    """About so many characters of a name among others."""
    if len(name) <= most:
        return name
    alike = (_alike(name, other) for other in names if other != name)
    head, tail = max(alike, key=sum, default=(0, 0))
    before, own, after = name[:head], name[head : len(name) - tail], name[len(name) - tail :]
    room = max(0, most - len(own) - 2)
    behind = min(tail, max(room // 2, room - head))
    ahead = min(head, room - behind)
    before = before if ahead == head else before[:ahead] + "…"
    after = after if behind == tail else "…" + after[tail - behind :]
    return before + _middle_out(own, max(1, most - len(before) - len(after))) + after


def _alike(one: str, other: str) -> tuple[int, int]:
    """How many characters two names have alike at their beginning, and at the end of the rest;
    numbers are alike whole or not at all."""
    head = len(commonprefix([one, other]).rstrip(digits))
    return head, len(commonprefix([one[head:][::-1], other[head:][::-1]]).rstrip(digits))


def _middle_out(text: str, most: int) -> str:
    """At most so many characters of the text, with an ellipsis for its middle."""
    if len(text) <= most:
        return text
    head, tail = most // 2, most - 1 - most // 2
    return f"{text[:head]}…{text[len(text) - tail :]}"


def _broken(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float, lines: int
) -> list[str]:
    """The text in at most so many lines, each no wider than `room`."""
    for most in range(len(text), 1, -1):
        shown = _filled(_middle_out(text, most), font, room)
        if len(shown) <= lines:
            return shown
    return ["…" if len(text) > 1 else text]


def _filled(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float
) -> list[str]:
    """Lines no wider than `room`: parted at blanks, and words behind / _ or -, or anywhere."""
    shown = [""]
    for piece in re.findall(r" +|[^ /_,-]*[/_,-]+|[^ /_,-]+", text):
        if font.getlength(shown[-1] + piece.rstrip()) <= room:
            shown[-1] += piece
            continue
        shown.append("")
        for letter in piece.strip():
            if font.getlength(shown[-1] + letter) > room:
                shown.append("")
            shown[-1] += letter
    return [line.strip() for line in shown if line.strip()] or [text]


def gif(frames: Sequence[Image.Image], seconds: float = 4.0) -> bytes:
    """The content of an endlessly repeated GIF that pauses on its last frame."""
    each = int(1000 * seconds / len(frames))
    durations = [each] * (len(frames) - 1) + [max(1500, 2 * each)]
    flat = [frame.quantize(256, dither=Image.Dither.NONE) for frame in frames]
    content = io.BytesIO()
    flat[0].save(content, "GIF", save_all=True, append_images=flat[1:], duration=durations, loop=0)
    return content.getvalue()
