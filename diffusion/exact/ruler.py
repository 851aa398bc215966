"""Which part of the noise does a schedule spend its steps on, measured on this data set's sprites?

How well a sprite can be told from the others depends on the log-SNR alone. That curve is computed
once for a data set; every schedule is then read off it.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffusion.exact.posterior import UNDECIDED, Band, Posterior, borders
from diffusion.noise import ImageNoise
from diffusion.schedules.base import NoiseSchedule

REFERENCE = -3.6
"""Half point of real 16-pixel RGBA sprites, for which no schedule needs a shift.

Two sets measured -3.57 and -3.67. On sprite sets of 16 to 64 pixels half of the identity is lost
where SNR times the summed variance of all pixels is 1.2 to 1.5 log N; by that rule CIFAR-10, for
which the linear and the cosine schedule were made, would have about -4.
"""


@dataclass(frozen=True)
class Reading:
    """What the ruler says about a schedule.

    Args:
        shares: share of the schedule's steps in each band.
        log_snr: at t=1.
        candidates: sprites in question at t=1, out of `n`.
        n: sprites in the set.
        needed: the log-SNR shift, in tenths, after which nobody is identifiable at t=1; 0 if that
            is so already.
        mean: the largest absolute mean of a pixel's channel at t=1; 0 in N(0, I).
        variance: the least and the largest variance of one at t=1; 1 in N(0, I).
        divergence: of x_1 from N(0, I) in nats, each channel of each pixel taken as a Gaussian of
            its own: sum of (mean^2 + variance - 1 - log variance) / 2. The true divergence is at
            least this.
    """

    shares: dict[Band, float]
    log_snr: float
    candidates: float
    n: int
    needed: float
    mean: float
    variance: tuple[float, float]
    divergence: float

    @property
    def identifiable(self) -> bool:
        """Whether the sprite under the noise of t=1 can still be guessed: not `Band.NO_IDEA`."""
        return self.needed < 0

    @property
    def warning(self) -> str | None:
        """One sentence with the remedy if sprites are still identifiable at t=1."""
        if not self.identifiable:
            return None
        return (
            f"At its noisiest this schedule leaves {self.candidates:,.0f} of {self.n:,} sprites "
            "in question, so training never sees the pure noise that sampling starts from; use "
            f"schedule=shifted with schedule.shift={self.needed:.1f}, schedule=zero_terminal "
            "with prediction=velocity, or more schedule.steps."
        )


class Ruler:
    """The entropy of a data set's posterior as a function of log-SNR.

    Args:
        posterior: over the training sprites.
        queries: this many of them, evenly spread over the set, are noised to measure the curve.
        seed: address of their noise.
        log_snr: where to measure, evenly spaced and rising; all that counts unless said.

    Attributes:
        log_snr: where the curve was measured, float64 `(L,)`, increasing.
        entropy: nats, float64 `(L, queries)`; from log N at most down to 0.
    """

    def __init__(
        self,
        posterior: Posterior,
        queries: int = 64,
        seed: int = 0,
        log_snr: Tensor | None = None,
    ) -> None:
        self.n = len(posterior)
        rows = torch.linspace(0, self.n - 1, min(queries, self.n)).long()
        x0, device = posterior.clean[rows.to(posterior.clean.device)], posterior.clean.device
        eps = ImageNoise(seed, rows.tolist(), x0.shape[1:], device)(0)
        whole = torch.arange(-14, 6.5, 0.5, dtype=torch.float64)
        self.log_snr = whole if log_snr is None else log_snr
        entropy = []
        for level in self.log_snr:
            alpha, sigma = torch.sigmoid(level).sqrt(), torch.sigmoid(-level).sqrt()
            x_t = float(alpha) * x0 + float(sigma) * eps
            entropy.append(posterior.candidates(x_t, alpha, sigma).log().cpu())
        self.entropy = torch.stack(entropy)
        clean = posterior.clean.flatten(1)
        self._mean, self._variance = clean.mean(0).cpu(), clean.var(0, correction=0).cpu()

    def entropy_at(self, log_snr: Tensor) -> Tensor:
        """Entropy in nats `(T, queries)` at log-SNRs `(T,)`, linear between the measured ones."""
        first, step = self.log_snr[0], self.log_snr[1] - self.log_snr[0]
        place = ((log_snr.double() - first) / step).clamp(0, len(self.log_snr) - 1)
        below = place.floor().long().clamp(max=len(self.log_snr) - 2)
        part = (place - below)[:, None]
        return torch.lerp(self.entropy[below], self.entropy[below + 1], part)

    def crossing(self, entropy: float) -> float:
        """The log-SNR at which the mean entropy falls to this many nats."""
        mean = self.entropy.mean(1)
        k = int((mean >= entropy).sum().clamp(1, len(mean) - 1))
        part = (mean[k - 1] - entropy) / (mean[k - 1] - mean[k]).clamp(min=1e-12)
        return float(torch.lerp(self.log_snr[k - 1], self.log_snr[k], part.clamp(0, 1)))

    @property
    def half(self) -> float:
        """The log-SNR at which half of log N, the information of who it is, is lost."""
        return self.crossing(math.log(self.n) / 2)

    @property
    def shift(self) -> float:
        """The log-SNR shift that shows these sprites as an unshifted schedule shows 16-pixel ones.

        It moves the half point to `REFERENCE`. Sprites blown up k times get 2 ln(1/k), as in
        Hoogeboom et al. 2023 (equation 4), but what counts is measured: how much the sprites of
        this set differ and how many they are, not only their size.
        """
        return self.half - REFERENCE

    def read(self, schedule: NoiseSchedule) -> Reading:
        """What this schedule does with these sprites."""
        times = torch.arange(1, schedule.steps + 1, dtype=torch.float64) / schedule.steps
        log_snr = schedule.log_snr(times)
        found = torch.bucketize(self.entropy_at(log_snr).exp(), borders(self.n), right=True)
        end = float(self.entropy_at(log_snr[-1:]).mean())
        undecided = math.log(max(1.0, UNDECIDED * self.n))
        to_go = self.crossing(undecided) - float(log_snr[-1])
        alpha, sigma = schedule(times[-1:])
        mean, variance = alpha * self._mean, alpha**2 * self._variance + sigma**2
        return Reading(
            shares={band: float((found == k).double().mean()) for k, band in enumerate(Band)},
            log_snr=float(log_snr[-1]),
            candidates=math.exp(end),
            n=self.n,
            needed=math.floor(10 * to_go) / 10 if end < undecided else 0.0,
            mean=float(mean.abs().max()),
            variance=(float(variance.min()), float(variance.max())),
            divergence=float((mean**2 + variance - 1 - variance.log()).sum() / 2),
        )
