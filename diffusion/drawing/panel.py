"""The noise-level panel as a picture, a row per level, and as a film, a frame per level."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from diffusion import pictures
from diffusion.exact.posterior import Band, in_words
from diffusion.levels.panel import Look, Panel, as_json
from diffusion.levels.sentences import panel_sentences
from diffusion.pictures import INK, PAPER, shortened, write

SIDE = 96  # about this many screen pixels for a sprite
NAME = 12, 2  # size and lines of a suspect's name
SENTENCES = 4  # at most
PALE = (112, 118, 128)
BAR = (206, 211, 218)
COLOURS = {  # the surer, the darker: they stay apart for every kind of eye, and in grey
    Band.THAT_IS: (6, 48, 52),
    Band.PROBABLY: (26, 96, 150),
    Band.ONE_OF: (190, 98, 10),
    Band.NO_IDEA: (152, 150, 168),
}
LEGEND = {
    Band.THAT_IS: "that is: certain, the network should keep this sprite",
    Band.PROBABLY: "probably: nearly certain, details can still change",
    Band.ONE_OF: "this or that: what they share is settled, the rest is open",
    Band.NO_IDEA: "no idea: anybody, the outline of some sprite",
}
HEADS = (
    ("noise level", "share of sprite"),
    ("noised sprite", "all that is seen"),
    ("network", "its clean estimate"),
    ("exact", "mean of candidates"),
    ("who it could be", "the likeliest training sprites"),
    ("in words", "how sure one can be"),
)
NOTES = (
    "network: what it would draw if it had to answer at once",
    "exact: the average of all training sprites, each counted as it is likely under this noise;",
    "no guess is better on these sprites, but a network that did only this would draw no new ones",
)


def panel_pictures(panels: Sequence[Panel]) -> dict[str, bytes]:
    """`panel.png`, `panel.gif` and `panel.json` of panels with the same levels, as files."""
    levels = range(len(panels[0].looks))
    return {
        "panel.png": pictures.png(draw_panels(panels)),
        "panel.gif": pictures.gif([_frame(panels, k) for k in levels], len(levels) * 1.2),
        "panel.json": as_json(panels).encode(),
    }


def draw_panels(panels: Sequence[Panel]) -> Image.Image:
    """One below the other."""
    sheets = [_sheet(panel) for panel in panels]
    page = Image.new("RGB", (sheets[0].width, sum(s.height for s in sheets)), PAPER)
    top = 0
    for sheet in sheets:
        page.paste(sheet, (0, top))
        top += sheet.height
    return page


class _Columns:
    """Where the columns of a row begin, for sprites of one size."""

    def __init__(self, look: Look) -> None:
        _, height, width = look.noised.shape
        self.scale = max(1, round(SIDE / max(height, width)))
        self.width, self.height = width * self.scale, height * self.scale
        self.room = max(self.width, SIDE)
        step = self.room + 14
        self.sprites = [112 + k * step for k in range(3)]
        self.suspects = [self.sprites[-1] + step + 22 + k * step for k in range(3)]
        self.words = self.suspects[-1] + step + 10
        self.right = self.words + 250
        self.row = max(self.height, 64) + 60


def _sheet(panel: Panel) -> Image.Image:
    columns = _Columns(panel.looks[0])
    top, rows, legend = 112, len(panel.looks), 24 * SENTENCES + 24
    page = Image.new("RGB", (columns.right, top + rows * columns.row + legend + 96), PAPER)
    draw = ImageDraw.Draw(page)
    inside = "a training sprite" if panel.known else "not in training"
    room = columns.right - 40
    write(draw, (20, 28), f"{panel.name}, from clean to pure noise", 24, room=room)
    write(
        draw,
        (20, 52),
        f"{inside}; of {panel.n:,} training sprites, which could be under this noise?",
        14,
        PALE,
    )
    _heads(draw, columns, 84)
    names = _names([panel], columns)
    for k, look in enumerate(panel.looks):
        _row(page, draw, columns, panel, look, names, top + k * columns.row)
    below = top + rows * columns.row
    draw.line((20, below - 1, columns.right - 20, below - 1), fill=BAR)
    for k, sentence in enumerate(panel_sentences(panel)):
        write(draw, (20, below + 20 + 24 * k), sentence, 15, room=room)
    _legend(draw, columns, below + legend)
    return page


def _frame(panels: Sequence[Panel], level: int) -> Image.Image:
    columns = _Columns(panels[0].looks[0])
    top, row = 116, columns.row + 26
    page = Image.new("RGB", (columns.right, top + len(panels) * row + 8), PAPER)
    draw = ImageDraw.Draw(page)
    t = panels[0].looks[level].t
    draw.rounded_rectangle((20, 20, columns.right - 20, 30), 5, fill=BAR)
    draw.rounded_rectangle((20, 20, 30 + t * (columns.right - 50), 30), 5, fill=INK)
    write(draw, (20, 43), "clean", 12, PALE)
    write(draw, (columns.right - 20, 43), "pure noise", 12, PALE, anchor="rm")
    _heads(draw, columns, 72)
    names = _names(panels, columns)
    for k, panel in enumerate(panels):
        write(draw, (20, top + k * row), panel.name, 16, room=columns.right - 40)
        _row(page, draw, columns, panel, panel.looks[level], names, top + k * row + 14)
    return page


def _names(panels: Sequence[Panel], columns: _Columns) -> dict[str, str]:
    """All suspects' names as they are shown."""
    whole = list({s.called for panel in panels for look in panel.looks for s in look.suspects})
    size, lines = NAME
    return dict(zip(whole, shortened(whole, size, columns.room + 8, lines), strict=True))


def _heads(draw: ImageDraw.ImageDraw, columns: _Columns, y: int) -> None:
    for (head, below), x in zip(
        HEADS, (20, *columns.sprites, columns.suspects[0], columns.words), strict=True
    ):
        write(draw, (x, y), head, 15)
        write(draw, (x, y + 17), below, 11, PALE)


def _row(
    page: Image.Image,
    draw: ImageDraw.ImageDraw,
    columns: _Columns,
    panel: Panel,
    look: Look,
    names: dict[str, str],
    y: int,
) -> None:
    draw.line((20, y - 1, columns.right - 20, y - 1), fill=BAR)
    y += 8
    middle = y + columns.height // 2
    write(draw, (20, middle - 12), f"t = {look.t:g}", 18)
    write(draw, (20, middle + 8), f"{_percent(look.signal)} sprite", 12, PALE)
    for x, image in zip(columns.sprites, (look.noised, look.network, look.exact), strict=True):
        page.paste(pictures.tile(image, columns.scale), (x, y))
    called = [names[suspect.called] for suspect in look.suspects]
    for x, suspect, name in zip(columns.suspects, look.suspects, called, strict=False):
        page.paste(pictures.tile(suspect.image, columns.scale), (x, y))
        below = y + columns.height + 9
        write(draw, (x + columns.room, below), _percent(suspect.probability), 12, anchor="rm")
        full = columns.room - 46
        for share, colour in ((1, BAR), (suspect.probability, COLOURS[look.band])):
            if share * full >= 1:
                draw.rectangle((x, below - 2, x + share * full - 1, below + 2), fill=colour)
        size, lines = NAME
        write(draw, (x, below + 9), name, size, anchor="la", room=columns.room + 8, lines=lines)
    x = columns.words
    draw.rectangle((x - 10, y, x - 5, y + columns.height), fill=COLOURS[look.band])
    words = in_words(look.candidates, panel.n, called, panel.known)
    lines = max(3, columns.height // 19)
    write(draw, (x + 4, middle), words, 17, room=columns.right - x - 24, lines=lines)


def _legend(draw: ImageDraw.ImageDraw, columns: _Columns, y: int) -> None:
    for k, (band, meaning) in enumerate(LEGEND.items()):
        draw.rectangle((20, y + 20 * k, 26, y + 14 + 20 * k), fill=COLOURS[band])
        write(draw, (34, y + 7 + 20 * k), meaning, 12, PALE)
    for k, note in enumerate(NOTES):
        write(draw, (columns.suspects[0], y + 7 + 20 * k), note, 12, PALE)


def _percent(share: float) -> str:
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{share:.1%}" if 0 < share < 0.0995 else f"{share:.0%}"
