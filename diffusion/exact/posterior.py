"""Who is under this noise? For a finite set of sprites the answer is exact: Bayes' rule.

    x_t = alpha x_i + sigma eps     p(i | x_t) = softmax_i(-|x_t - alpha x_i|^2 / (2 sigma^2))

The mean of the sprites under this posterior is what a network that had learned the set by heart
would answer (Karras et al. 2022, "Elucidating the Design Space", appendix B.3). The exponential of
its entropy is the number of sprites that are still in question.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import torch
from torch import Tensor, nn
from torch.nn.functional import threshold

from diffusion.pixels import SHARPEST

CERTAIN, PROBABLE, UNDECIDED = 1.05, 2.0, 0.5
"""Fewer candidates than the first two, and than this share of the set, are cuts between bands."""

DIRECT = 64  # this many of the likeliest are computed again without cancellation
BLOCK = 2**22  # numbers in the largest temporary tensor


class Posterior(nn.Module):
    """p(sprite | x_t) over a finite set, all of it equally likely beforehand.

    A float32 matrix product proposes. The expanded square |x|^2 - 2xy + |y|^2 loses about half a
    nat at low noise, so the likeliest `DIRECT` are computed again by direct difference in float64.
    The sprites are this module's weights: it moves between devices as a network does.

    With a label, int64 `(B,)`, only the sprites of that class are candidates; with values of
    attributes, `(B, A)`, those that have all of them. A label of -1, what no sprite has, and any
    label to a set without labels change nothing.

    Args:
        clean: the sprites `(N, C, H, W)` in the model range, or several pictures of each.
        labels: class of each sprite, int64 `(N,)`, or values of its attributes `(N, A)`.
        copies: of `clean` rows k, k + N, k + 2N, ... show the same sprite; see `mirrored`.
    """

    labels: Tensor

    def __init__(self, clean: Tensor, labels: Tensor | None = None, copies: int = 1) -> None:
        super().__init__()
        self.clean = nn.Parameter(clean.float(), requires_grad=False)
        self.copies = copies
        labels = torch.full((len(self),), -1) if labels is None else labels
        self.register_buffer("labels", labels.to(clean.device), persistent=False)
        # as of a network, 0 without labels
        self.classes = int(labels.max()) + 1 if labels.ndim == 1 else 0
        norms = torch.linalg.vector_norm(self.clean.flatten(1), dim=1)
        self.register_buffer("squares", norms.square(), persistent=False)

    @classmethod
    def mirrored(cls, clean: Tensor, labels: Tensor | None = None) -> "Posterior":
        """Of a training that mirrors sprites: each stands for its mirror image as well."""
        return cls(torch.cat([clean, clean.flip(-1)]), labels, copies=2)

    def __len__(self) -> int:
        return len(self.clean) // self.copies

    def in_question(self, label: Tensor | Sequence[int] | int) -> Tensor:
        """Which sprites are asked about when labels are told, bool `(B, N)`."""
        known, told = self.labels, torch.as_tensor(label, device=self.labels.device)
        told = told.view(-1, *known.shape[1:] if told.ndim else [1] * (known.ndim - 1))
        theirs = (known == told[:, None]) | (told[:, None] < 0)
        theirs = theirs.all(dim=2) if known.ndim == 2 else theirs
        return theirs | ~theirs.any(1, keepdim=True)

    def probabilities(
        self, x_t: Tensor, alpha: Tensor, sigma: Tensor, label: Tensor | None = None
    ) -> Tensor:
        """Probability of every sprite, float64 `(B, N)`.

        Args:
            x_t: noised sprites `(B, C, H, W)`.
            alpha: share of the sprite, `(B,)` or one number for all.
            sigma: share of the noise, likewise; 0 is allowed.
            label: what is told beside x_t.
        """
        return torch.cat([self._whom(rows) for rows in self._rows(x_t, alpha, sigma, label)])

    def candidates(
        self, x_t: Tensor, alpha: Tensor, sigma: Tensor, label: Tensor | None = None
    ) -> Tensor:
        """How many sprites are in question, float64 `(B,)`; arguments as for `probabilities`."""
        rows = self._rows(x_t, alpha, sigma, label)
        return torch.cat([candidates(self._whom(part)) for part in rows])

    def clean_estimate(
        self, x_t: Tensor, alpha: Tensor, sigma: Tensor, label: Tensor | None = None
    ) -> Tensor:
        """The posterior mean `(B, C, H, W)`, no worse on this set than any other estimate that is
        told as much."""
        means = []
        for part in self._rows(x_t, alpha, sigma, label):
            weight = threshold(part, 1e-20, 0.0).to(self.clean.dtype)  # denormals are slow
            means.append(_product(weight, self.clean.flatten(1)))
        return torch.cat(means).view_as(x_t).to(x_t.dtype)

    def holds(self, x0: Tensor, label: Sequence[int] | int = -1) -> bool:
        """Whether this very sprite `(C, H, W)` is one of the set, or of a class of it."""
        blocks = self.clean.split(max(1, BLOCK // x0.numel()))
        same = torch.cat([(block == x0).flatten(1).all(1) for block in blocks])
        return bool((same.view(self.copies, -1) & self.in_question(label)).any())

    def _whom(self, rows: Tensor) -> Tensor:
        """Probability of each sprite from that of each row."""
        return rows.unflatten(1, (self.copies, -1)).sum(1)

    def _rows(
        self, x_t: Tensor, alpha: Tensor, sigma: Tensor, label: Tensor | None = None
    ) -> Iterator[Tensor]:
        """The posterior over the rows of `clean`, some sprites at a time."""
        precise = torch.float32 if x_t.device.type == "mps" else torch.float64
        alpha, sigma = (
            torch.as_tensor(level, device=x_t.device).to(precise).expand(len(x_t))
            for level in (alpha, sigma)
        )
        keys, precision = self.clean.flatten(1), sigma.clamp(min=SHARPEST) ** -2 / 2
        direct = min(DIRECT, len(keys))
        size = max(1, BLOCK // max(len(keys), direct * keys.shape[1]))
        if label is None or label.ndim != self.labels.ndim:
            label = self.labels.new_full((len(x_t), *self.labels.shape[1:]), -1)
        parts = (part.split(size) for part in (x_t.flatten(1), alpha, precision, label))
        for x, a, p, told in zip(*parts, strict=True):
            a, p, x = a[:, None], p[:, None], x.to(precise)
            product = _product(x.to(keys.dtype), keys.T).to(precise)
            square = x.square().sum(1, keepdim=True) - 2 * a * product + a**2 * self.squares
            others = ~self.in_question(told).repeat(1, self.copies)
            near = square.masked_fill_(others, torch.inf).topk(direct, largest=False).indices
            exact = (x[:, None] - a[..., None] * keys[near]).square_().sum(-1)
            square.scatter_(1, near, exact).masked_fill_(others, torch.inf)
            yield torch.softmax(-p * square, dim=1)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Matrix product in the precision of its factors, also where training multiplies bfloat16."""
    with torch.autocast(a.device.type, enabled=False):
        return a @ b


def candidates(probabilities: Tensor) -> Tensor:
    """exp(entropy) of each row of `(B, N)`: 1 when one sprite is certain, N when all are equal."""
    return torch.special.entr(probabilities).sum(1).exp()


class Band(StrEnum):
    """What the posterior amounts to, from low noise to high."""

    THAT_IS = "that is"
    PROBABLY = "probably"
    ONE_OF = "one of"
    NO_IDEA = "no idea"


def borders(n: int) -> Tensor:
    """The numbers of candidates at which one band ends and the next begins, float64 `(3,)`."""
    return torch.tensor([CERTAIN, PROBABLE, max(PROBABLE, UNDECIDED * n)], dtype=torch.float64)


def band(count: float, n: int) -> Band:
    """The band of so many candidates out of n sprites."""
    return list(Band)[int(torch.bucketize(count, borders(n), right=True))]


def in_words(count: float, n: int, likeliest: Sequence[str], known: bool = True) -> str:
    """One of the four bands as a person would say it.

    Args:
        count: how many sprites are in question.
        n: how many there are.
        likeliest: names of the likeliest sprites, best first; three are used.
        known: whether the sprite under the noise is one of the set.
    """
    nearest = "" if known else "nearest: "
    match band(count, n):
        case Band.THAT_IS:
            return f"{nearest or 'that is '}{likeliest[0]}"
        case Band.PROBABLY:
            return f"{nearest}probably {likeliest[0]}"
        case Band.ONE_OF:
            return nearest + _either(likeliest[:3], round(count))
        case _:
            return f"no idea: about {count:,.0f} candidates"


def _either(names: Sequence[str], count: int) -> str:
    """ "Bob or Fred", "Bob, Fred or Nancy", "Bob, Fred, Nancy or 5 others"."""
    words, others = list(names[:count]), count - len(names)
    if others > 0:
        words.append(f"{others:,} other{'s' * (others > 1)}")
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
