"""Told apart: can a small network learn to tell samples from real sprites?

A classifier two-sample test (Lopez-Paz and Oquab 2017, "Revisiting Classifier Two-Sample Tests").
The judge learns from the sprites that the generator was trained on and from one half of the
samples, and is asked about real sprites of other groups and about the other half. Its balanced
accuracy is 0.5 where it cannot tell, and 1 where it always can. Copies of training sprites pass
unnoticed, so the number means something only beside the share of copies.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diffusion.metrics.base import NotMeasurable
from diffusion.metrics.scale import Score

MIN_GROUPS = 40  # of unseen sprites, and of samples in a half: with fewer the interval is wider
WIDEST = 0.07  # half of an interval that still says something
BATCH = 32  # sprites of either kind
REPEATS = 1000  # bootstrap
HALVES = 2
JUDGES = 4
STEPS = 100  # of a judge's training
RATE = 0.002  # the highest learning rate of it


class ToldApart:
    """Asks judges of several seeds about samples of one data set.

    Args:
        training: uint8 `(M, C, H, W)`, real sprites that the generator has seen.
        unseen: uint8 `(m, C, H, W)`, real sprites of other groups.
        groups: int64 `(m,)`, which of them repeat each other.
        judges: networks that are asked; half of them learn from each half of the samples.

    Raises:
        NotMeasurable: the unseen sprites have too few groups for any answer.
    """

    def __init__(
        self,
        training: Tensor,
        unseen: Tensor,
        groups: np.ndarray,
        judges: int = JUDGES,
    ) -> None:
        self._training, self._unseen = training, unseen
        self._groups = np.unique(groups, return_inverse=True)[1]
        self._judges = judges
        _refuse_few("groups of unseen real sprites", len(np.unique(groups)))

    def score(self, samples: Tensor, groups: np.ndarray | None = None) -> Score:
        """Balanced accuracy about samples, and its 95% interval.

        The interval is that of the bootstrap over judges, groups of unseen sprites, and samples.

        Args:
            samples: uint8 `(N, C, H, W)`.
            groups: int64 `(N,)`, of real sprites in the place of samples; None where each is its
                own.

        Raises:
            NotMeasurable: too few samples, or an interval of more than 0.07 to either side.
        """
        alone = np.arange(len(samples))
        of = alone if groups is None else np.unique(groups, return_inverse=True)[1]
        _refuse_few("samples in a half", (of.max() + 1) // HALVES)
        real, made = self._answers(samples, of)
        drawn = np.random.default_rng(0)
        sizes = np.bincount(self._groups)
        by_group = np.stack([np.bincount(self._groups, each) for each in real])
        values = []
        for _ in range(REPEATS):
            judges = drawn.integers(len(real), size=len(real))
            chosen = drawn.integers(len(sizes), size=len(sizes))
            sprites = drawn.integers(made.shape[1], size=made.shape[1])
            of_real = by_group[np.ix_(judges, chosen)].sum() / sizes[chosen].sum() / len(judges)
            values.append((of_real + np.nanmean(made[np.ix_(judges, sprites)])) / 2)
        low, high = np.quantile(values, [0.025, 0.975])
        if high - low > 2 * WIDEST:
            raise NotMeasurable(
                f"It cannot be told with so few: the interval is {low:.2f} to {high:.2f}."
            )
        value = (real.mean() + np.nanmean(made)) / 2
        return Score(float(value), len(samples), float(low), float(high))

    def _answers(self, samples: Tensor, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which answers of each judge are right, 0 or 1: about unseen sprites `(judges, m)`, and
        about samples `(judges, N)`, NaN where it has learned from them."""
        real = np.zeros((self._judges, len(self._unseen)))
        made = np.full((self._judges, len(samples)), np.nan)
        half = np.random.default_rng(0).permutation(of.max() + 1)[of] % HALVES
        for seed in range(self._judges):
            asked = np.flatnonzero(half == seed % HALVES)
            learned = np.flatnonzero(half != seed % HALVES)
            judge = trained(self._training, samples[learned], seed)
            real[seed] = (logits(judge, self._unseen) > 0).numpy()
            made[seed, asked] = (logits(judge, samples[asked]) < 0).numpy()
        return real, made


def realness(real: Tensor, made: Tensor, judges: int) -> Tensor:
    """How real samples uint8 `(N, C, H, W)` look: float32 `(N,)`, mean logits of those judges that
    have not learned from the sample; above 0 they take it for real."""
    found = torch.zeros(len(made))
    order = torch.randperm(len(made), generator=torch.Generator().manual_seed(0))
    halves = order.tensor_split(HALVES)
    for seed in range(judges):
        asked = halves[seed % HALVES]
        learned = torch.cat([half for half in halves if half is not asked])
        judge = trained(real, made[learned], judges + seed)  # others than those that measure
        found[asked] += logits(judge, made[asked]) / (judges // HALVES)
    return found


def trained(real: Tensor, made: Tensor, seed: int) -> nn.Module:
    """A judge of uint8 sprites `(N, C, H, W)`: its logit is positive for real ones."""
    generator = torch.Generator().manual_seed(seed)
    batches = zip(_rows(len(real), generator), _rows(len(made), generator), strict=True)
    truth = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # of the first weights, and of dropout
        judge = _network(real.shape[1])
        optimizer = torch.optim.AdamW(judge.parameters(), weight_decay=0.05)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
        for some_real, some_made in islice(batches, STEPS):
            x = _moved(_seen(torch.cat([real[some_real], made[some_made]])), generator)
            loss = F.binary_cross_entropy_with_logits(judge(x).squeeze(1), truth)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
    return judge.eval()


@torch.no_grad()
def logits(judge: nn.Module, images: Tensor) -> Tensor:
    """The answers about uint8 sprites `(N, C, H, W)`: float32 `(N,)`, positive for real ones."""
    return torch.cat([judge(_seen(part)).squeeze(1) for part in images.split(256)])


class _MeanAndLargest(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1)


def _network(channels: int) -> nn.Sequential:
    def block(c_in: int, c_out: int) -> list[nn.Module]:
        return [nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU()]

    return nn.Sequential(
        *block(channels, 24),
        *block(24, 24),
        nn.AvgPool2d(2),
        *block(24, 48),
        *block(48, 48),
        nn.AvgPool2d(2),
        *block(48, 48),
        _MeanAndLargest(),
        nn.Dropout(0.3),
        nn.Linear(96, 1),
    )


def _seen(images: Tensor) -> Tensor:
    """float32 -1 ... 1, colours as they look where alpha lets through."""
    x = images.float() / 255
    if x.shape[1] == 4:
        x = torch.cat([x[:, :3] * x[:, 3:], x[:, 3:]], dim=1)
    return 2 * x - 1


def _moved(x: Tensor, generator: torch.Generator) -> Tensor:
    """The batch, mirrored or not, and moved by at most a pixel."""
    if torch.rand((), generator=generator) < 0.5:
        x = x.flip(-1)
    dy, dx = torch.randint(-1, 2, (2,), generator=generator).tolist()
    return x.roll((dy, dx), (2, 3))


def _rows(n: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless batches of rows, all of them once before any of them twice."""
    left = torch.empty(0, dtype=torch.int64)
    while True:
        while len(left) < BATCH:
            left = torch.cat([left, torch.randperm(n, generator=generator)])
        yield left[:BATCH]
        left = left[BATCH:]


def _refuse_few(what: str, there_are: int) -> None:
    if there_are < MIN_GROUPS:
        raise NotMeasurable(
            f"It cannot be told with so few: there are {there_are} {what}, and {MIN_GROUPS} are "
            "the least."
        )
