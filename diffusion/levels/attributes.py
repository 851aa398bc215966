"""At which noise level is each attribute decided: hair colour, belt buckle, body?

Sprites are noised to a level and completed by the sampler several times. Where a completion always
keeps an attribute of its original, the noise has left it decided; where it keeps it as often as
two different sprites share it by chance, nothing of it was left.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from diffusion.errors import UserError
from diffusion.noise import ImageNoise
from diffusion.pixels import PixelCodec
from diffusion.samplers.base import Origin
from diffusion.samplers.sprite_set import SpriteSet

LEVELS = tuple(k / 10 for k in range(1, 11))

Attributes = dict[str, str]
Reader = Callable[[Tensor], list[Attributes]]
"""uint8 `(N, C, H, W)` -> the attributes of each sprite by name, without those it cannot read."""


@dataclass(frozen=True)
class AttributeCurves:
    """How often completions keep what their originals have.

    Args:
        t: noise levels, rising, float64 `(T,)`.
        kept: by attribute, share of completions that keep the original's value, float64 `(T,)`,
            of those in which the attribute could be read; NaN at a level where there were none.
            What could be read at no level is left out.
        chance: by attribute, how often two different training sprites share its value, below 1.
        legible: share of all attributes of completions that could be read, float64 `(T,)`.
        completions: how many there are at each level.
    """

    t: Tensor
    kept: dict[str, Tensor]
    chance: dict[str, float]
    legible: Tensor
    completions: int

    def level(self, attribute: str) -> float | None:
        """The least t at which the curve of an attribute falls half way from 1 to chance.

        Linear between the measured levels, and 1 at t=0; None if it never falls so far.
        """
        half = (1 + self.chance[attribute]) / 2
        measured = zip(self.t.tolist(), self.kept[attribute].tolist(), strict=True)
        points = [(0.0, 1.0), *((t, share) for t, share in measured if not math.isnan(share))]
        for (before, above), (after, below) in pairwise(points):
            if below < half:
                return before + (above - half) / (above - below) * (after - before)
        return None

    def last(self, attribute: str) -> float:
        """The noisiest level from which completions show an attribute clearly enough."""
        return float(self.t[~self.kept[attribute].isnan()][-1])

    @property
    def order(self) -> list[str]:
        """The attributes as they are decided on the way from noise to sprite, the first first."""
        levels = {attribute: self.level(attribute) for attribute in self.kept}
        return sorted(levels, key=lambda a: -math.inf if (t := levels[a]) is None else -t)

    def plain(self) -> dict[str, object]:
        """Plain values for JSON; None instead of NaN."""
        return {
            "t": self.t.tolist(),
            "completions": self.completions,
            "legible": self.legible.tolist(),
            "attributes": {
                attribute: {
                    "decided": self.level(attribute),
                    "chance": self.chance[attribute],
                    "kept": [None if math.isnan(s) else s for s in self.kept[attribute].tolist()],
                }
                for attribute in self.order
            },
        }


def decide(
    images: Tensor,
    sprites: SpriteSet,
    read: Reader,
    training: Tensor,
    levels: Sequence[float] = LEVELS,
    n: int = 4,
    batch_size: int = 64,
    labels: Tensor | None = None,
) -> AttributeCurves:
    """Completes sprites from each noise level and compares their attributes.

    Completion j of image k is sprite `k n + j` of the set, with the same noise at every level. It
    takes `len(images) * len(levels) * n` samplings, shorter ones from lower levels.

    Args:
        images: the originals, uint8 `(M, C, H, W)`; those that cannot be read are left out.
        sprites: denoiser, sampler and seed to complete them with.
        read: tells the attributes of sprites.
        training: uint8 `(N, C, H, W)`, from which chance is counted.
        levels: noise levels in [1/schedule.steps, 1].
        n: completions of each image at each level.
        batch_size: how many are made together; the result does not depend on it.
        labels: classes of the originals, int64 `(M,)`, for a network with classes.

    Raises:
        UserError: no attribute can be read, or a noise level that the schedule does not have.
    """
    chance = by_chance(read(training))
    wanted = [{a: v for a, v in found.items() if a in chance} for found in read(images)]
    originals = [found for found in wanted for _ in range(n)]
    if not any(originals):
        raise UserError(
            "No attribute that tells sprites apart can be read from these; give sprites of a "
            "source that knows its attributes, such as data=forge."
        )
    x0 = PixelCodec().encode(images).repeat_interleave(n, dim=0)
    told = None if labels is None else labels.repeat_interleave(n)
    kept: dict[str, list[float]] = {attribute: [] for attribute in chance}
    legible = []
    for level in levels:
        same, seen = Counter[str](), Counter[str]()
        completions = [
            a for made in _complete(x0, told, level, sprites, batch_size) for a in read(made)
        ]
        for original, completion in zip(originals, completions, strict=True):
            read_of_both = original.keys() & completion.keys()
            seen.update(read_of_both)
            same.update(a for a in read_of_both if completion[a] == original[a])
        for attribute, shares in kept.items():
            shares.append(same[attribute] / seen[attribute] if seen[attribute] else math.nan)
        legible.append(seen.total() / sum(map(len, originals)))
    return AttributeCurves(
        torch.tensor(levels, dtype=torch.float64),
        {
            attribute: torch.tensor(shares, dtype=torch.float64)
            for attribute, shares in kept.items()
            if not all(map(math.isnan, shares))
        },
        chance,
        torch.tensor(legible, dtype=torch.float64),
        sum(map(bool, originals)),
    )


def _complete(
    x0: Tensor, labels: Tensor | None, level: float, sprites: SpriteSet, batch_size: int
) -> Iterator[Tensor]:
    """Sprite k of the set made from sprite k of x0 `(B, C, H, W)` at a level, batch by batch."""
    device = next(sprites.denoiser.parameters()).device
    for rows in torch.arange(len(x0)).split(batch_size):
        indices = rows.tolist()
        noise = ImageNoise(sprites.seed, indices, sprites.shape, device)
        label = None if labels is None else labels[rows].to(device)
        made = sprites.sampler(sprites.denoiser, noise, label, Origin(x0[rows], level))
        yield sprites.codec.decode(made).cpu()


def by_chance(found: Sequence[Attributes]) -> dict[str, float]:
    """By attribute, how often two different sprites share its value; without those all share."""
    chance = {}
    for attribute in dict.fromkeys(name for attributes in found for name in attributes):
        counts = Counter(a[attribute] for a in found if attribute in a)
        total = counts.total()
        if len(counts) > 1:
            pairs = sum(count * (count - 1) for count in counts.values())
            chance[attribute] = pairs / (total * (total - 1))
    return chance


def in_words(decided: AttributeCurves) -> str:
    """In the order of decision: "body is decided at t = 0.72, hair colour at t = 0.31"."""
    never: list[str] = []
    settled: list[str] = []
    for attribute in decided.order:
        name, level = attribute.replace("_", " "), decided.level(attribute)
        if level is None:
            never.append(f"{name} is kept even at t = {decided.last(attribute):g}")
        else:
            settled.append(f"{name}{' is decided' * (not settled)} at t = {level:.2f}")
    return ", ".join(never + settled)
