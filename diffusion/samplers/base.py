"""From noise to sprites: the time grid and the only loop. A sampler is one `step`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError


class Level(NamedTuple):
    """One point of the time grid: the time and what the schedule says there."""

    t: float
    alpha: float
    sigma: float


class Sampler(ABC):
    """Walks a time grid from pure noise (t=1) to sprites (t=0); a new sampler writes `step`.

    Args:
        steps: number of network evaluations, 1..schedule.steps.
        clip: clamp clean estimates to the model range [-1, 1].
    """

    def __init__(self, steps: int = 50, clip: bool = True) -> None:
        if steps < 1:
            raise UserError(f"sampler.steps={steps} must be at least 1.")
        self.steps, self.clip = steps, clip

    @abstractmethod
    def step(
        self, x_t: Tensor, x0_hat: Tensor, now: Level, nxt: Level, noise: Callable[[], Tensor]
    ) -> Tensor:
        """x at `nxt` from x_t at `now` and its clean estimate; `noise()` draws fresh noise."""

    @torch.no_grad()
    def trajectory(
        self, denoiser: Denoiser, noise: Callable[[int], Tensor], label: Tensor | None = None
    ) -> Iterator[tuple[Level, Tensor, Tensor]]:
        """Yields (level reached, x there, the clean estimate that led there) after each step.

        Args:
            denoiser: anything with `.schedule` and `forward(x_t, t, label) -> clean estimate`.
            noise: draw number -> noise `(B, C, H, W)`; draw 0 is the start, draw k is for step k.
            label: class of each sprite `(B,)`, for a network with classes.
        """
        times = denoiser.schedule.grid(self.steps)
        alphas, sigmas = denoiser.schedule(times)  # on the CPU: plain numbers, no device sync
        levels = [Level(*row) for row in torch.stack([times, alphas, sigmas], dim=1).tolist()]
        x_t = noise(0)
        for k, (now, nxt) in enumerate(zip(levels, levels[1:], strict=False), start=1):
            x0_hat = denoiser(x_t, x_t.new_full((len(x_t),), now.t), label)
            if self.clip:
                x0_hat = x0_hat.clamp(-1, 1)
            x_t = self.step(x_t, x0_hat, now, nxt, lambda k=k: noise(k))  # type: ignore[misc]
            yield nxt, x_t, x0_hat

    def __call__(
        self, denoiser: Denoiser, noise: Callable[[int], Tensor], label: Tensor | None = None
    ) -> Tensor:
        """Sprites `(B, C, H, W)` in the model range; arguments as for `trajectory`."""
        for _level, x_t, _x0_hat in self.trajectory(denoiser, noise, label):
            sprites = x_t
        return sprites
