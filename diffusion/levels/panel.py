"""What the network thinks at every noise level, beside what can be known at all.

One sprite drowns in one noise. At each level stand the network's clean estimate, the exact one,
the training sprites that could be under the noise, and in words: "that is Bob", "probably Bob",
"Bob, Fred or Nancy", "no idea".
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.exact.posterior import Band, Posterior, band, candidates, in_words
from diffusion.levels.noising import noised
from diffusion.pixels import PixelCodec

LEVELS = tuple(k / 10 for k in range(11))


@dataclass(frozen=True)
class Suspect:
    """A training sprite that may be under the noise: its row there, its picture, its name."""

    row: int
    name: str
    probability: float
    image: Tensor

    @property
    def called(self) -> str:
        """The name without the folders above its own."""
        return "/".join(self.name.split("/")[-2:])


@dataclass(frozen=True)
class Look:
    """One noise level; pictures are uint8 `(C, H, W)`, errors mean squares in the model range."""

    t: float
    signal: float
    noised: Tensor
    network: Tensor
    exact: Tensor
    network_error: float
    exact_error: float
    suspects: tuple[Suspect, ...]
    candidates: float
    band: Band
    words: str


@dataclass(frozen=True)
class Panel:
    """A sprite at several noise levels.

    Attributes:
        name: of the sprite.
        known: whether it is a training sprite.
        n: number of training sprites; where the network is told a label or attributes, of these.
        looks: what is found at each level.
    """

    name: str
    known: bool
    n: int
    looks: tuple[Look, ...]


@torch.no_grad()
def look(
    image: Tensor,
    name: str,
    denoiser: Denoiser,
    posterior: Posterior,
    names: Sequence[str],
    levels: Sequence[float] = LEVELS,
    seed: int = 0,
    label: Sequence[int] | int = -1,
) -> Panel:
    """The panel of one sprite.

    Args:
        image: uint8 `(C, H, W)`.
        name: what to call it.
        denoiser: the network, on the device of the posterior.
        posterior: over the training sprites.
        names: of the training sprites, in the order of the posterior.
        levels: times from 0, clean, to 1, noise.
        seed: address of the noise, the same at every level.
        label: its class, for a network with classes, or the values of its attributes; the exact
            answer is told it as well, and who has another label is no suspect.
    """
    codec = PixelCodec()  # soft alpha: half-gone pixels are shown half gone
    device = posterior.clean.device
    times = torch.tensor(levels)
    x0 = codec.encode(image[None])
    x_t = noised(x0, denoiser.schedule, times, seed)[0].to(device)
    x0, times = x0.to(device), times.to(device)
    alpha, sigma = denoiser.schedule(times)
    none = max([label] if isinstance(label, int) else label) < 0
    told = None if none else torch.tensor([label] * len(times), device=device)
    known, asked = posterior.holds(x0[0], label), posterior.in_question(label)
    n = int(asked.sum())
    probability = posterior.probabilities(x_t, alpha, sigma, told)
    counts = candidates(probability).tolist()
    best = probability.masked_fill(~asked, -1).topk(min(3, n))
    portraits = codec.decode(posterior.clean[best.indices.flatten()]).cpu()
    portraits = portraits.unflatten(0, best.indices.shape)
    estimates = {
        "network": denoiser(x_t, times, told),
        "exact": posterior.clean_estimate(x_t, alpha, sigma, told),
    }
    pictures = {what: codec.decode(x).cpu() for what, x in estimates.items()}
    errors = {what: (x - x0).square().mean((1, 2, 3)) for what, x in estimates.items()}
    noisy = codec.decode(x_t).cpu()

    looks = []
    for k, count in enumerate(counts):
        rows, shares = best.indices[k].tolist(), best.values[k].tolist()
        suspects = tuple(
            Suspect(row, names[row], share, portrait)
            for row, share, portrait in zip(rows, shares, portraits[k], strict=True)
        )
        looks.append(
            Look(
                t=float(levels[k]),
                signal=float(alpha[k] ** 2),
                noised=noisy[k],
                network=pictures["network"][k],
                exact=pictures["exact"][k],
                network_error=float(errors["network"][k]),
                exact_error=float(errors["exact"][k]),
                suspects=suspects,
                candidates=count,
                band=band(count, n),
                words=in_words(count, n, [s.called for s in suspects], known),
            )
        )
    return Panel(name, known, n, tuple(looks))


def as_json(panels: Sequence[Panel]) -> str:
    """Everything in the panels but the pictures."""

    def plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
        return {key: value for key, value in items if not isinstance(value, Tensor)}

    rows = [asdict(panel, dict_factory=plain) for panel in panels]
    return json.dumps(rows, indent=1) + "\n"
