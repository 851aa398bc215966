"""What training sprites of a label, kind or value look like, for the network to see."""

from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion.models.embeddings import ends_of, rows_of

FEWEST = 5  # sprites of a mean


class Looks(nn.Module):
    """The mean training sprite of each label or value, which the network sees beside the noise.

    It is no weight: `learn` takes it from the training sprites once, before the training, and it
    is kept with the weights. What hardly any sprite has looks like all of them, or the mean would
    be these sprites.

    A network that chooses among colours can also point: of each pixel of each mean it is known
    which colour is the most usual, and in what share of the sprites. What the network says beside
    its scores, how far it trusts each of these, is added to the score of that colour; the
    pointer-generator of See et al. 2017, "Get To The Point", with scores in place of shares.

    Args:
        told: number of classes, or numbers of values of attributes.
        channels: of the sprites.
        size: their height and width.
        points: whether there are usual colours to point at.
    """

    pictures: Tensor
    usual: Tensor
    share: Tensor
    ends: Tensor

    def __init__(
        self, told: int | Sequence[int], channels: int, size: Sequence[int], points: bool = False
    ) -> None:
        super().__init__()
        self.labels = isinstance(told, int)
        ends = ends_of([told] if isinstance(told, int) else told)
        self.register_buffer("ends", torch.tensor(ends), persistent=False)
        self.register_buffer("pictures", torch.zeros(ends[-1], channels, *size))
        self.channels = channels * len(ends)
        self.pointers = len(ends) if points else 0
        if points:
            self.register_buffer("usual", torch.zeros(ends[-1], *size, dtype=torch.uint8))
            self.register_buffer("share", torch.zeros(ends[-1], *size))

    @torch.no_grad()
    def learn(
        self,
        parts: Iterable[tuple[Tensor, Tensor]],
        colours: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        """Takes the means, and the usual colours.

        Args:
            parts: of the training sprites, in model range `(n, C, H, W)`, with the label `(n,)` or
                the values `(n, A)` of each, -1 for one that is not known.
            colours: of such sprites the number of the colour of each pixel `(n, H, W)`, where the
                network points at these.
        """
        sums = torch.zeros_like(self.pictures, dtype=torch.float64)
        counts = sums.new_zeros(len(sums))
        drawn, known = [], []
        for sprites, told in parts:
            rows = rows_of(told.view(len(told), -1), self.ends)
            if self.pointers and colours:
                drawn.append(colours(sprites).to(torch.uint8))
                known.append(rows)
            sprites = _weighed(sprites)
            for column in rows.T:
                sums.index_add_(0, column, sprites.double())
                counts += torch.bincount(column, minlength=len(counts))
        first = slice(0, int(self.ends[0]))  # each sprite has one value of each attribute, or none
        mean = sums[first].sum(0) / counts[first].sum().clamp(min=1)
        few = counts < FEWEST
        few[self.ends - 1] = True  # those for "not told"
        self.pictures.copy_(sums / counts.clamp(min=1).view(-1, 1, 1, 1))
        self.pictures[few] = mean.to(self.pictures)
        if drawn:
            self._learn_usual(torch.cat(drawn), torch.cat(known), few.tolist())

    def _learn_usual(self, drawn: Tensor, known: Tensor, few: list[bool]) -> None:
        of_all = _most_usual(drawn)
        for row, rare in enumerate(few):
            alike = None if rare else _most_usual(drawn[(known == row).any(dim=1)])
            self.usual[row], self.share[row] = alike or of_all

    def forward(self, label: Tensor | None, x_t: Tensor) -> Tensor:
        """What to see beside x_t `(B, C, H, W)`: `(B, A C, H, W)`; labels as for embeddings."""
        if label is not None and label.is_floating_point():
            seen = (label @ self.pictures.flatten(1)).unflatten(1, self.pictures.shape[1:])
        else:
            seen = self.pictures[self._rows(label, len(x_t))].flatten(1, 2)
        return F.interpolate(seen, x_t.shape[2:], mode="bilinear").to(x_t)

    def point(self, label: Tensor | None, scores: Tensor, trust: Tensor) -> Tensor:
        """Scores `(B, K, H, W)`, those of the usual colours raised by trust `(B, A, H, W)`."""
        if label is not None and label.is_floating_point():
            rows = torch.arange(len(self.usual), device=label.device).expand(len(label), -1)
            trust = trust * label[:, :, None, None]
        else:
            rows = self._rows(label, len(scores))
        size = scores.shape[2:]
        usual = F.interpolate(self.usual[rows].float(), size, mode="nearest").long()
        share = F.interpolate(self.share[rows], size, mode="nearest")
        return scores.scatter_add(1, usual, (trust * share).to(scores))

    def _rows(self, label: Tensor | None, n: int) -> Tensor:
        """Whose looks n sprites are told, `(n, A)`."""
        if label is None or (label.ndim == 1 and not self.labels):
            label = self.ends.new_full((n, len(self.ends)), -1)
        return rows_of(label.view(n, -1), self.ends)


def _weighed(sprites: Tensor) -> Tensor:
    """Colours times alpha, so that the mean of what is transparent is grey and not black."""
    if sprites.shape[1] != 4:
        return sprites
    alpha = sprites[:, 3:]
    return torch.cat([sprites[:, :3] * (alpha + 1) / 2, alpha], dim=1)


def _most_usual(drawn: Tensor) -> tuple[Tensor, Tensor]:
    """Of colours `(n, H, W)` the most usual one of each pixel, and the share that has it."""
    usual = drawn.mode(dim=0).values
    return usual, (drawn == usual).float().mean(dim=0)
