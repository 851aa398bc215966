"""The sprites of one seed: whatever the batch or the device, sprite k is always the same."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from diffusion import pictures
from diffusion.denoiser import Denoiser
from diffusion.noise import LABELS, ImageNoise, keyed
from diffusion.pixels import PixelCodec
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.base import Origin, Sampler


@dataclass(frozen=True)
class SpriteSet:
    """An endless set of sprites that do not exist yet, each with an index.

    Args:
        denoiser: on the device where sampling happens.
        sampler: the way from noise to sprites.
        codec: model range -> uint8.
        shape: `(C, H, W)` of a sprite.
        label_frequencies: share of each class, from which sprite k's label is drawn; empty for
            sprites without labels, which any network can make.
        seed: which set.
        given: the label of each index, in place of drawn ones.
        origin: a sprite and a noise level; then all sprites are variations of that one.
        draws: of a network with attributes, what sprite k's are drawn from; None to tell none.
    """

    denoiser: Denoiser
    sampler: Sampler
    codec: PixelCodec
    shape: Sequence[int]
    label_frequencies: Sequence[float] = ()
    seed: int = 0
    given: Sequence[int] = ()
    origin: Origin | None = None
    draws: AttributeDraws | None = None

    def labelled(self, label: int) -> "SpriteSet":
        """The same set, of this class alone; with -1 without labels."""
        shares = [float(k == label) for k in range(len(self.label_frequencies))]
        return replace(self, label_frequencies=shares if label >= 0 else ())

    def asked(self, given: Mapping[int, int]) -> "SpriteSet":
        """The same set with these attributes, by number; the others are drawn, if any."""
        return replace(self, draws=replace(self.draws, given=given)) if self.draws else self

    def labels(self, indices: Sequence[int]) -> Tensor | None:
        """The label of each index, int64 `(len(indices),)`, or its attributes, with A columns;
        None without."""
        if self.draws:
            return torch.stack(
                [self.draws.draw(keyed(LABELS, self.seed, index)) for index in indices]
            )
        if self.given:
            return torch.tensor([self.given[index] for index in indices])
        if not self.label_frequencies:
            return None
        weights = torch.tensor(self.label_frequencies, dtype=torch.float64)
        return torch.cat(
            [
                torch.multinomial(weights, 1, generator=keyed(LABELS, self.seed, index))
                for index in indices
            ]
        )

    def batches(self, indices: Sequence[int], batch_size: int = 64) -> Iterator[Tensor]:
        """Yields uint8 `(<= batch_size, C, H, W)` on the CPU until all indices are made."""
        for start in range(0, len(indices), batch_size):
            noise, label = self._address(indices[start : start + batch_size])
            made = self.sampler(self.denoiser, noise, label, self.origin)
            yield self.codec.decode(made).cpu()

    def make_together(
        self,
        indices: Sequence[int],
        rank: int,
        world: int,
        gather: Callable[[Tensor], Any],
        batch_size: int = 64,
        said: Callable[[int], object] = lambda made: None,
    ) -> Tensor:
        """Sprites uint8 `(N, C, H, W)` on the CPU of every process, each of which made its share.

        Args:
            indices: the wanted sprites; all processes call this with the same.
            rank, world: number of this process, and of all.
            gather: `(n, ...)` of this process -> `(world, n, ...)` of all.
            batch_size: no influence on the sprites.
            said: told after each batch how many sprites it had.
        """
        n = len(indices)
        mine = [indices[k % n] for k in range(rank, n + -n % world, world)]
        made = []
        for batch in self.batches(mine, batch_size):
            made.append(batch)
            said(len(batch))
        images = torch.cat(made)
        if world == 1:
            return images
        device = next(self.denoiser.parameters()).device
        gathered: Tensor = gather(images.to(device))  # sprite k was made by process k % world
        return gathered.transpose(0, 1).flatten(0, 1)[:n].cpu()

    def film(self, indices: Sequence[int], frames: int = 40) -> list[Image.Image]:
        """Pictures of the way from noise to sprites: about `frames` of them, evenly spread."""
        noise, label = self._address(indices)
        levels, first = self.sampler.start(self.denoiser.schedule, noise(0), self.origin)
        soft = PixelCodec()  # half-opaque pixels are shown half opaque until the end
        steps, film = len(levels) - 1, list[Image.Image]()

        def show(codec: PixelCodec, x_t: Tensor, step: int) -> None:
            frame = pictures.grid(codec.decode(x_t))
            film.append(pictures.captioned(frame, [f"step {step} of {steps}"]))

        show(soft, first, 0)
        every = -(-steps // frames)
        way = self.sampler.trajectory(self.denoiser, noise, label, self.origin)
        for step, (_, x_t, _) in enumerate(way, start=1):
            if step == steps:
                show(self.codec, x_t, step)
            elif (steps - step) % every == 0:
                show(soft, x_t, step)
        return film

    def _address(self, indices: Sequence[int]) -> tuple[ImageNoise, Tensor | None]:
        device, labels = next(self.denoiser.parameters()).device, self.labels(indices)
        noise = ImageNoise(self.seed, indices, self.shape, device)
        return noise, None if labels is None else labels.to(device)
