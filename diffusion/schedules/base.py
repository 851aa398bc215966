"""How much noise there is at time t: a pure map t -> (alpha, sigma), 0 clean ... 1 noise.

Every schedule is variance preserving, alpha^2 + sigma^2 = 1, and given by alpha_bar = alpha^2:

    x_t = alpha(t) x0 + sigma(t) eps,    log-SNR(t) = log(alpha_bar / (1 - alpha_bar))
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from diffusion.errors import UserError

GRIDS = ("time", "log_snr", "karras")
RHO = 7  # of Karras et al.
MAX_STEPS = 10**6


class NoiseSchedule(nn.Module, ABC):
    """A noise schedule in continuous time; a new one writes `alpha_bar` and nothing else.

    Args:
        steps: number of noise levels; training draws t from [1/steps, 1], sampling takes at most
            this many steps.
    """

    min_log_snr = -10.0
    """Noisier than this counts as this, so that epsilon can always be turned into a sprite."""

    def __init__(self, steps: int = 1000) -> None:
        super().__init__()
        if not isinstance(steps, int) or not 1 <= steps <= MAX_STEPS:
            raise UserError(
                f"schedule.steps={steps} must be a whole number from 1 to {MAX_STEPS:,}; DDPM "
                "uses 1000."
            )
        self.steps = steps

    @abstractmethod
    def alpha_bar(self, t: Tensor) -> Tensor:
        """Share of the signal's variance left at time t (float64): 1 at t=0, falling."""

    def log_snr(self, t: Tensor) -> Tensor:
        """Natural logarithm of alpha^2 / sigma^2 at time t, infinite at t=0; same shape as t."""
        precise = t if t.device.type == "mps" else t.double()  # MPS knows no float64
        return torch.logit(self.alpha_bar(precise)).clamp(min=self.min_log_snr).to(t.dtype)

    def forward(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha, sigma) at time t, in t's shape and dtype."""
        precise = t if t.device.type == "mps" else t.double()
        log_snr = self.log_snr(precise)
        alpha, sigma = torch.sigmoid(log_snr).sqrt(), torch.sigmoid(-log_snr).sqrt()
        return alpha.to(t.dtype), sigma.to(t.dtype)

    def of_sprites(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha, sigma) at times t `(B,)` as `(B, 1, 1, 1)`, for sprites `(B, C, H, W)`."""
        alpha, sigma = self(t)
        return alpha.view(-1, 1, 1, 1), sigma.view(-1, 1, 1, 1)

    def times_of(self, log_snr: Tensor, latest: float = 1.0) -> Tensor:
        """The times (float64) with these log-SNRs; `latest` where that is less noisy still."""
        low, high = torch.zeros_like(log_snr), torch.full_like(log_snr, latest)
        for _ in range(60):  # bisection, to the last bit of a float64
            middle = (low + high) / 2
            clean = self.log_snr(middle) > log_snr
            low, high = torch.where(clean, middle, low), torch.where(clean, high, middle)
        return low

    def grid(self, n: int, start: float = 1.0, spread: str = "time") -> Tensor:
        """The strictly decreasing times start -> 0 (float64) that a sampler of n steps visits.

        n steps lead from 1 to 0; a later start takes as many of them as lie below it, evenly
        spread, and at least one.

        Args:
            n: number of steps.
            start: time of the first.
            spread: even in `time`, so that n=steps visits every level; even in `log_snr` down to
                1/steps, which then counts as 0 (Lu et al. 2022, "DPM-Solver"); or `karras`, even
                in (sigma / alpha)^(1/7) down to 1/steps, and then 0 (Karras et al. 2022, eq. 5).

        Raises:
            UserError: n is not in 1..steps, or start is not in [1/steps, 1].
        """
        if not 1 <= n <= self.steps:
            raise UserError(
                f"sampler.steps={n} must lie between 1 and schedule.steps={self.steps}."
            )
        if not 1 / self.steps <= start <= 1:
            raise UserError(
                f"noise_level={start} must lie between 1/schedule.steps={1 / self.steps:g} "
                "(hardly any noise) and 1 (the noise that sampling starts from)."
            )
        times = getattr(self, f"_{spread}")
        below = times(n, 1.0)[:-1] <= start * (1 + 1e-9)
        return times(max(1, int(below.sum())), start)

    def _time(self, n: int, start: float) -> Tensor:
        return start * (torch.arange(n, -1, -1, dtype=torch.float64) / n)

    def _log_snr(self, n: int, start: float) -> Tensor:
        first, last = self._ends(start)
        return self._where(first + (last - first) * torch.arange(1, n) / n, start)

    def _karras(self, n: int, start: float) -> Tensor:
        first, last = (torch.exp(-end / (2 * RHO)) for end in self._ends(start))
        root = first + (last - first) * torch.arange(1, n) / max(1, n - 1)
        return self._where(-2 * RHO * torch.log(root), start)

    def _ends(self, start: float) -> Tensor:
        """log-SNR at the start and at 1/steps."""
        ends = self.log_snr(torch.tensor([start, 1 / self.steps], dtype=torch.float64))
        return ends.clamp(min=-10.2)  # the end of DDPM's table; zero terminal SNR is -infinity

    def _where(self, wanted: Tensor, start: float) -> Tensor:
        """The start, the times at which the log-SNR is as wanted, and 0."""
        times = self.times_of(wanted, start)
        return torch.cat([times.new_tensor([start]), times, times.new_zeros(1)])

    @property
    def reaches_zero_snr(self) -> bool:
        """Whether nothing of the sprite is left at t=1."""
        return bool(torch.isneginf(self.log_snr(torch.ones((), dtype=torch.float64))))
