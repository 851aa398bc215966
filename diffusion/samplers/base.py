"""From noise to sprites: the time grid and the only loop. A sampler is one `step`."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.schedules.base import GRIDS, NoiseSchedule


class Level(NamedTuple):
    """One point of the time grid: the time and what the schedule says there."""

    t: float
    alpha: float
    sigma: float


COLDEST, HOTTEST = 0.1, 2.0  # temperatures
Estimate = tuple[Level, Tensor]  # where, and what of


class Origin(NamedTuple):
    """A sprite to start from instead of pure noise, for variations of it.

    Meng et al. 2022, "SDEdit": noise it to a level between 0 and 1 and let the sampler finish it.
    `x0` is `(C, H, W)`, or `(B, C, H, W)` one for each sprite, in the model range.
    """

    x0: Tensor
    noise_level: float


class Sampler(ABC):
    """Walks a time grid from noise (t=1, or an origin's level) to sprites (t=0).

    A new sampler writes `step`; one that asks the denoiser more than once in a step, or looks at
    earlier estimates, writes `advance` as well.

    Args:
        steps: number of steps of the time grid, 1..schedule.steps.
        clip: clamp clean estimates to the model range [-1, 1].
        grid: how the steps are spread: even in `time` or in `log_snr`, or as `karras` does it.
        temperature: of a network that chooses among colours, 0.1..2; below 1 insides are plainer.
    """

    order = 1
    """Of convergence: with half as long steps the error falls to 2^-order of what it was."""

    def __init__(
        self, steps: int, clip: bool = True, grid: str = "time", temperature: float = 1.0
    ) -> None:
        if not isinstance(steps, int) or steps < 1:
            raise UserError(f"sampler.steps={steps} must be a whole number, 1 or more.")
        if grid not in GRIDS:
            raise UserError(f"sampler.grid={grid} must be one of {', '.join(GRIDS)}.")
        self.steps, self.clip, self.grid, self.temperature = steps, clip, grid, temperature
        self._check_temperature()

    def at(self, temperature: float) -> "Sampler":
        """The same sampler at another temperature."""
        other = copy(self)
        other.temperature = temperature
        other._check_temperature()
        return other

    def _check_temperature(self) -> None:
        it = self.temperature
        if type(it) not in (int, float) or not COLDEST <= it <= HOTTEST:
            raise UserError(
                f"sampler.temperature={it} must be a number from {COLDEST} to {HOTTEST:g}."
            )

    @property
    def evaluations(self) -> int:
        """How often a sprite's denoiser is asked on the way from pure noise."""
        return self.steps

    @abstractmethod
    def step(
        self, x_t: Tensor, x0_hat: Tensor, now: Level, nxt: Level, noise: Callable[[], Tensor]
    ) -> Tensor:
        """x at `nxt` from x_t at `now` and its clean estimate; `noise()` draws fresh noise."""

    def advance(
        self,
        x_t: Tensor,
        now: Level,
        nxt: Level,
        denoise: Callable[[Tensor, Level], Tensor],
        noise: Callable[[], Tensor],
        earlier: Sequence[Estimate],
    ) -> tuple[Tensor, Tensor]:
        """x at `nxt`, and the clean estimate of x_t at `now`: by one evaluation and one `step`.

        Args:
            denoise: x and its level -> clean estimate, clamped if it shall be.
            noise: draws fresh noise.
            earlier: the estimates before this one, the newest first; at most two.
        """
        x0_hat = denoise(x_t, now)
        return self.step(x_t, x0_hat, now, nxt, noise), x0_hat

    def start(
        self, schedule: NoiseSchedule, noise: Tensor, origin: Origin | None = None
    ) -> tuple[list[Level], Tensor]:
        """The levels of the time grid, and x `(B, C, H, W)` at the first of them."""
        times = schedule.grid(self.steps, origin.noise_level if origin else 1.0, self.grid)
        alphas, sigmas = schedule(times)  # on the CPU: plain numbers, no device sync
        levels = [Level(*row) for row in torch.stack([times, alphas, sigmas], dim=1).tolist()]
        if origin is None:
            return levels, noise
        return levels, levels[0].alpha * origin.x0.to(noise) + levels[0].sigma * noise

    @torch.no_grad()
    def trajectory(
        self,
        denoiser: Denoiser,
        noise: Callable[[int], Tensor],
        label: Tensor | None = None,
        origin: Origin | None = None,
    ) -> Iterator[tuple[Level, Tensor, Tensor]]:
        """Yields (level reached, x there, the clean estimate that led there) after each step.

        Args:
            denoiser: anything with `.schedule` and `forward(x_t, t, label) -> clean estimate`.
            noise: draw number -> noise `(B, C, H, W)`; draw 0 is the start, draw k is for step k.
            label: class of each sprite `(B,)`, for a network with classes.
            origin: a sprite to make variations of, instead of new ones.
        """

        def denoise(x_t: Tensor, level: Level) -> Tensor:
            t = x_t.new_full((len(x_t),), level.t)
            x0_hat = self.ask(denoiser, x_t, t, label)
            return x0_hat.clamp(-1, 1) if self.clip else x0_hat

        levels, x_t = self.start(denoiser.schedule, noise(0), origin)
        earlier: deque[Estimate] = deque(maxlen=2)
        for k, (now, nxt) in enumerate(pairwise(levels), start=1):
            x_t, x0_hat = self.advance(x_t, now, nxt, denoise, partial(noise, k), earlier)
            earlier.appendleft((now, x0_hat))
            yield nxt, x_t, x0_hat

    def ask(self, denoiser: Denoiser, x_t: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        """The clean estimate at this temperature."""
        if self.temperature == 1:
            estimate: Tensor = denoiser(x_t, t, label)
            return estimate
        levels = denoiser.schedule.of_sprites(t)
        output = denoiser.output(x_t, t, label)
        output = denoiser.prediction.tempered(output, *levels, self.temperature)
        return denoiser.estimate(output, x_t, t)

    def check(self, denoiser: Denoiser) -> None:
        """Refuses a denoiser that it cannot sample from.

        Raises:
            UserError: the schedule has fewer steps, or it chooses no colours at a temperature.
        """
        denoiser.schedule.grid(self.steps, spread=self.grid)
        one = torch.ones(1)
        denoiser.prediction.tempered(one, one, one, self.temperature)

    def __call__(
        self,
        denoiser: Denoiser,
        noise: Callable[[int], Tensor],
        label: Tensor | None = None,
        origin: Origin | None = None,
    ) -> Tensor:
        """Sprites `(B, C, H, W)` in the model range; arguments as for `trajectory`."""
        for _level, x_t, _x0_hat in self.trajectory(denoiser, noise, label, origin):
            sprites = x_t
        return sprites
