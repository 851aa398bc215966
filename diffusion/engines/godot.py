"""The sheet as a resource of Godot 4 (text, format 3): an AtlasTexture for each sprite."""

from diffusion.engines.base import EngineFile, Taken, tags_of
from diffusion.engines.frames import check_duration


class Godot(EngineFile):
    """`sheet.tres`, SpriteFrames with an animation for each label whose sprites stand together,
    or else one, `default`, of all of them.

    The sheet belongs beside it at the root of the project, `res://`.

    Args:
        duration: milliseconds of a frame.

    Raises:
        UserError: it is none.
    """

    def __init__(self, duration: int = 100) -> None:
        self.duration = check_duration(duration, "files.godot.duration")

    def names(self, tag: str) -> tuple[str, ...]:
        return (f"sheet{tag}.tres",)

    def content(self, taken: Taken) -> tuple[bytes, ...]:
        count = len(taken.images)
        lines = [
            f'[gd_resource type="SpriteFrames" load_steps={count + 2} format=3]\n',
            f'[ext_resource type="Texture2D" path="res://{taken.sheet}" id="1"]\n',
        ]
        for k, (x, y, w, h) in enumerate(taken.rectangles):
            lines.append(f'[sub_resource type="AtlasTexture" id="sprite_{k}"]')
            lines.append(f'atlas = ExtResource("1")\nregion = Rect2({x}, {y}, {w}, {h})\n')
        animations = [
            self._animation(*tag) for tag in tags_of(taken) or [("default", 0, count - 1)]
        ]
        lines.append(f"[resource]\nanimations = [{', '.join(animations)}]\n")
        return ("\n".join(lines).encode(),)

    def _animation(self, name: str, first: int, last: int) -> str:
        frames = [
            f'{{\n"duration": 1.0,\n"texture": SubResource("sprite_{k}")\n}}'
            for k in range(first, last + 1)
        ]
        word = name.replace("\\", "\\\\").replace('"', '\\"')
        speed = 1000 / self.duration
        return (
            f'{{\n"frames": [{", ".join(frames)}],\n"loop": true,\n"name": &"{word}",\n'
            f'"speed": {speed:.3f}\n}}'
        )
