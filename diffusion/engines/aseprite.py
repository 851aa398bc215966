"""The sprites as frames of one Aseprite document, with their palette and times."""

from typing import Any

from diffusion.engines.base import EngineFile, Taken, tags_of
from diffusion.engines.frames import check_duration
from diffusion.errors import UserError

MOST = 65_535  # frames of a document


class Aseprite(EngineFile):
    """`sprites.aseprite`: a frame for each sprite, and a tag for each label in one place.

    Written by the package `aseprite` (Python 3.12 or newer).

    Args:
        duration: milliseconds of a frame.

    Raises:
        UserError: the package is missing, or the duration is none.
    """

    def __init__(self, duration: int = 100) -> None:
        self.duration = check_duration(duration, "files.aseprite.duration")

    def names(self, tag: str) -> tuple[str, ...]:
        return (f"sprites{tag}.aseprite",)

    def content(self, taken: Taken) -> tuple[bytes, ...]:
        package = _package()
        if len(taken.images) > MOST:
            raise UserError(f"A document of Aseprite has at most {MOST:,} frames; give shards=.")
        height, width = taken.images.shape[2:]
        document = package.Sprite(width, height)
        layer = document.layers[0]
        mode = package.ColorMode.RGBA
        for k, image in enumerate(taken.images):
            frame = document.add_frame() if k else document.frames[0]
            frame.duration_ms = self.duration
            frame[layer] = package.Pixels(width, height, _rgba(image), mode)
        for name, first, last in tags_of(taken):
            document.add_tag(name, first, last)
        if taken.colours is not None:
            colours = [_colour(row) for row in taken.colours.tolist()]
            document.palette = package.Palette([package.Color(*colour) for colour in colours])
        return (document.to_bytes(),)


def _package() -> Any:
    try:
        import aseprite
    except ImportError as error:
        raise UserError(
            "files=[aseprite] needs the package aseprite and Python 3.12 or newer; install "
            "sprite-diffusion[aseprite], or leave it out."
        ) from error
    return aseprite


def _rgba(image: Any) -> bytes:
    """The bytes of uint8 `(C, H, W)` as red, green, blue and alpha of every pixel."""
    rows = image.permute(1, 2, 0).reshape(-1, image.shape[0]).tolist()
    return bytes(value for row in rows for value in _colour(row))


def _colour(row: list[int]) -> list[int]:
    """A colour of 1, 3 or 4 channels as four bytes."""
    return row if len(row) == 4 else [*(row * 3 if len(row) == 1 else row), 255]
