"""A page to choose from many sprites, by hand and eye; what is kept is made again by a command."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from diffusion.living.page import HERE, TAKEN, packed
from diffusion.report.inline import ARROWS, THEME, environment, source, source_hash

LOOKS = (
    "How real a sprite looks is what small networks say that have learned to tell real sprites, "
    "which the generator has not seen, from half of these, and judge the other half."
)
NO_LOOKS = "How real the sprites look was not judged: {why}"


@dataclass(frozen=True)
class Shown:
    """A sprite of a gallery.

    Attributes:
        seed, index: its address.
        label: its class, -1 for none.
        guidance: how much its label counts.
        verdict: `verdict`, `name` of the nearest training sprite and `distance`; None if nobody
            could say.
        percentile: how many unseen real sprites of a hundred are nearer to training; or None.
        realness: above 0 it is taken for real; None where nobody judged.
        standing: the best lowest, see `best_of.standing`; None where nobody judged.
        steered: with what, in a word; None where its address alone makes it.
        asked: the value that was asked for of each attribute, -1 for none.
    """

    seed: int
    index: int
    label: int
    guidance: float
    verdict: dict[str, Any] | None
    percentile: float | None
    realness: float | None
    standing: float | None
    steered: str | None
    asked: tuple[int, ...] = ()


def gallery(
    images: Tensor,
    shown: Sequence[Shown],
    told: Mapping[str, Sequence[Any]],
    title: str,
    command: str,
    checkpoint: str,
    unjudged: str = "",
) -> str:
    """The page.

    Args:
        images: uint8 `(N, C, H, W)`.
        shown: what is known of each.
        told: `labels`, the names of the classes; `attributes`, each with its values, and
            `asking`, each as it is typed. All may be empty.
        title: of the page.
        command: that makes sprites of this run in Python.
        checkpoint: the hash of what it loads.
        unjudged: why nobody says how real they look.
    """
    _, channels, height, width = images.shape
    model = {"channels": channels, "height": height, "width": width, "labels": told["labels"]}
    facts: dict[str, Any] = {"sha256": checkpoint, "checkpoint": checkpoint, "command": command}
    facts["asking"] = told["asking"]
    rows = [asdict(each) | {"from": each.steered} for each in shown]
    pixels = images.permute(0, 2, 3, 1).contiguous().numpy().tobytes()
    whole = json.dumps(
        {"model": model, "facts": facts, "rows": rows, "attributes": told["attributes"]}
    ).encode()
    theme, style = source(THEME[0]), source(HERE / "style.css")
    script = source(ARROWS, *(HERE / name for name in (*TAKEN, "gallery.js")), THEME[1])
    return (
        environment(HERE)
        .get_template("gallery.html.j2")
        .render(
            title=title,
            n=f"{len(images):,}",
            looks=NO_LOOKS.format(why=unjudged) if unjudged else LOOKS,
            sha256=checkpoint,
            blocks={"sprites": packed(pixels), "model": packed(whole)},
            theme=theme,
            style=style,
            script=script,
            hashes=[source_hash(script)],
            styles=[source_hash(theme), source_hash(style)],
        )
    )
