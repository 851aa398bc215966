"""What the network thinks at every noise level, beside what can be known at all.

One sprite drowns in one noise. At each level stand the network's clean estimate, the exact one,
the training sprites that could be under the noise, and in words: "that is Bob", "probably Bob",
"Bob, Fred or Nancy", "no idea".
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.noising import noised
from diffusion.pixels import PixelCodec
from diffusion.posterior import Band, Posterior, band, candidates, in_words

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
    """A sprite at several noise levels; `known` says whether it is one of the `n` in training."""

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
    label: int | None = None,
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
        label: its class, for a network with classes.
    """
    codec = PixelCodec()  # soft alpha: half-gone pixels are shown half gone
    device = posterior.clean.device
    times = torch.tensor(levels)
    x0 = codec.encode(image[None])
    x_t = noised(x0, denoiser.schedule, times, seed)[0].to(device)
    x0, times = x0.to(device), times.to(device)
    alpha, sigma = denoiser.schedule(times)
    classes = None if label is None else torch.full((len(times),), label, device=device)

    known = posterior.holds(x0[0])
    probability = posterior.probabilities(x_t, alpha, sigma)
    counts = candidates(probability).tolist()
    best = probability.topk(min(3, len(posterior)))
    portraits = codec.decode(posterior.clean[best.indices.flatten()]).cpu()
    portraits = portraits.unflatten(0, best.indices.shape)
    estimates = {
        "network": denoiser(x_t, times, classes),
        "exact": posterior.clean_estimate(x_t, alpha, sigma),
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
                band=band(count, len(posterior)),
                words=in_words(count, len(posterior), [s.called for s in suspects], known),
            )
        )
    return Panel(name, known, len(posterior), tuple(looks))


def write_json(panels: Sequence[Panel], path: Path) -> None:
    """Everything in the panels but the pictures."""

    def plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
        return {key: value for key, value in items if not isinstance(value, Tensor)}

    rows = [asdict(panel, dict_factory=plain) for panel in panels]
    path.write_text(json.dumps(rows, indent=1) + "\n")
