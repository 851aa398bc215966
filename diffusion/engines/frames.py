"""Where each sprite is on the sheet, as TexturePacker's JSON hash and Aseprite's export write it.

Phaser, PixiJS and Godot's importers read it; the times and tags of Aseprite are in it as well.
"""

import json

from diffusion.engines.base import EngineFile, Taken, tags_of
from diffusion.errors import UserError

MOST_MS = 65_535  # milliseconds, as Aseprite holds them


class Frames(EngineFile):
    """`sheet.json`, with a tag for each label whose sprites stand together.

    Args:
        duration: milliseconds of a frame, where sprites are played.

    Raises:
        UserError: it is none.
    """

    def __init__(self, duration: int = 100) -> None:
        self.duration = check_duration(duration, "files.sheet.duration")

    def names(self, tag: str) -> tuple[str, ...]:
        return (f"sheet{tag}.json",)

    def content(self, taken: Taken) -> tuple[bytes, ...]:
        width, height = taken.size
        frames = {
            name: {
                "frame": at._asdict(),
                "rotated": False,
                "trimmed": False,
                "spriteSourceSize": {"x": 0, "y": 0, "w": at.w, "h": at.h},
                "sourceSize": {"w": at.w, "h": at.h},
                "duration": self.duration,
            }
            for name, at in zip(taken.names, taken.rectangles, strict=True)
        }
        meta = {
            "app": "sprite-diffusion",
            "version": "1.0",
            "image": taken.sheet,
            "format": "RGBA8888" if taken.images.shape[1] == 4 else "RGB888",
            "size": {"w": width, "h": height},
            "scale": str(taken.layout.scale),
            "frameTags": [
                {"name": name, "from": first, "to": last, "direction": "forward"}
                for name, first, last in tags_of(taken)
            ],
        }
        return ((json.dumps({"frames": frames, "meta": meta}, indent=1) + "\n").encode(),)


def check_duration(duration: int, key: str) -> int:
    """The duration, if it is a number of milliseconds that a frame can have.

    Raises:
        UserError: it is none.
    """
    if type(duration) is not int or not 1 <= duration <= MOST_MS:
        raise UserError(f"{key}={duration} must be a whole number, 1 to {MOST_MS:,}.")
    return duration
