"""One HTML file in which a run's network lives: it opens by a double click, and needs nothing."""

import gzip
import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from diffusion.living.serving import Served, places_of
from diffusion.report.inline import ARROWS, THEME, environment, source, source_hash

HERE = Path(__file__).parent
SHARED = ("noise.js", "network.js", "samplers.js", "posterior.js")  # by the page and its worker
WORKER = (*SHARED, "relatives.js", "worker.js")
BLOCK = re.compile(r'<script type="text/plain" id="block-(\w+)">([^<]*)</script>')
TAKEN = ("files.js", "sprites.js", "shelf.js")  # by whatever has sprites to keep
TOLD = ("draws.js", "telling.js", "wishes.js")  # labels and attributes
PAGE = (*SHARED, *TAKEN, *TOLD, "asking.js", "lesson.js", "workbench.js", "easel.js", "start.js")


@dataclass(frozen=True)
class Training:
    """Training sprites that go into a page.

    Attributes:
        images: uint8 `(N, C, H, W)`.
        names: of each.
        classes: of each, or None without labels.
        limits: distances below which a sprite repeats a training sprite, moved or mirrored, and
            below which it is unusually near.
    """

    images: Tensor
    names: Sequence[str]
    classes: Sequence[int] | None
    limits: tuple[float, float]


@dataclass(frozen=True)
class Facts:
    """What the page says about its network.

    Attributes:
        title: of the page.
        command: that makes the same sprites in Python.
        checkpoint: the hash that `command` finds in the file it loads.
        sha256: of the checkpoint that the network comes from.
        seed: of the sprites.
        drawn: the class of the first sprites of the seed, as `sample.py` draws them.
        seen: how many sprites the network was trained on; 0 if nobody says.
        art: whose the training sprites are, in a sentence.
        asking: each attribute as it is typed to ask for a value of it.
    """

    title: str
    command: str
    checkpoint: str
    sha256: str
    seed: int
    drawn: Sequence[int]
    seen: int
    art: str
    asking: Sequence[str] = ()


def living_page(
    served: Served, ways: dict[str, list[list[float]]], facts: Facts, training: Training | None
) -> str:
    """The page.

    Args:
        served: the network.
        ways: from `ways_into_noise`.
        facts: what it says.
        training: the training sprites; None keeps them out.
    """
    known: dict[str, Any] = {"names": [], "classes": None, "limits": None}
    blocks = {"kernel": _kernel()}
    if training:
        limits = dict(zip(("repeats", "unusual"), training.limits, strict=True))
        known = {"names": training.names, "classes": training.classes, "limits": limits}
        pixels = training.images.permute(0, 2, 3, 1).contiguous().numpy().tobytes()
        blocks["sprites"] = packed(pixels)
    whole = {"model": served.model, "ways": ways, "facts": asdict(facts) | known}
    blocks["model"] = packed(json.dumps(whole).encode())
    blocks["weights"] = packed(served.weights)
    return _rendered(blocks)


def refreshed(page: str) -> str:
    """A page of an earlier day as the code of today writes it: the same network and sprites."""
    blocks = dict(BLOCK.findall(page))
    blocks["kernel"] = _kernel()
    whole = _whole(blocks)
    whole["model"]["places"] = places_of(whole["model"]["colours"])
    blocks["model"] = packed(json.dumps(whole).encode())
    return _rendered(blocks)


def _whole(blocks: dict[str, str]) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(gzip.decompress(b64decode(blocks["model"])))
    return whole


def _rendered(blocks: dict[str, str]) -> str:
    """The page around its blocks, of which `model` says all that is said in words."""
    whole = _whole(blocks)
    model, facts = whole["model"], whole["facts"]
    script = source(ARROWS, *(HERE / name for name in PAGE), THEME[1])
    theme, style = source(THEME[0]), source(HERE / "style.css")
    return (
        environment(HERE)
        .get_template("page.html.j2")
        .render(
            title=facts["title"],
            seen=f"{facts['seen']:,}" if facts["seen"] else "some",
            network=_network(model),
            sha256=facts["sha256"],
            way=f"Sampler: {model['sampler']['kind']}, {model['sampler']['steps']} steps, "
            f"seed {facts['seed']}.",
            art=facts["art"],
            novelty=NOVELTY if facts["limits"] else NO_NOVELTY,
            blocks=blocks,
            theme=theme,
            style=style,
            worker=source(*(HERE / name for name in WORKER)),
            script=script,
            hashes=[source_hash(script)],
            styles=[source_hash(theme), source_hash(style)],
        )
    )


NOVELTY = (
    "A verdict compares a sprite with every training sprite as it stands, shifted by one or two "
    "pixels, and mirrored. Recoloured and retouched ones are found by report.py, not here."
)
NO_NOVELTY = "Without the training sprites this page cannot tell whether a sprite is new."


def _network(model: dict[str, Any]) -> str:
    weights = [each for each in model["tensors"] if not each["name"].startswith("looks.")]
    numbers = sum(math.prod(tensor["shape"]) for tensor in weights)
    exact = "" if model["weights"] == "f32" else ", weights rounded to 16 bits"
    return (
        f"{numbers / 1e6:.2f} million weights{exact}, {model['prediction']} prediction, for "
        f"sprites of {model['width']} x {model['height']}"
    )


def packed(content: bytes) -> str:
    """Bytes as a block of a page: compressed, in letters."""
    return b64encode(gzip.compress(content, mtime=0)).decode()


def _kernel() -> str:
    return b64encode((HERE / "kernel.wasm").read_bytes()).decode()
