"""Loss floor and generalisation gap: the loss at every noise level, where a bare mean hides both.

Four curves over t: the network's loss on training and on held-out sprites, and beside them the
loss of the exact memoriser (`PosteriorDenoiser`). On training sprites its loss is the floor: for a
sprite drawn from the training set, D any denoiser and M the exact one that is told as much,

    E |D - x0|^2 = E |M - x0|^2 + E |D - M|^2

so what a network loses above the floor is its distance from the memoriser. That holds for the
sprites the memoriser knows, in a large set the first of training. On held-out sprites a
good network is below the memoriser: that is what it learned beyond copying.
"""

import json
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.noise import ImageNoise
from diffusion.pixels import PixelCodec

TIMES = tuple(k / 10 for k in range(1, 11))
CURVES = ("t", "train", "held-out")  # that every row of a history has


@dataclass(frozen=True)
class LossLevels:
    """Mean losses at each noise level, float64 `(K,)`, in the units of `val/loss`.

    Args:
        t: noise levels, rising.
        clean_error: mean squared error of the clean estimate in the model range for a loss of 1;
            `levels.train * levels.clean_error` is that error.
        train, held_out: of the network.
        exact_train, exact_held_out: of the exact memoriser.
    """

    t: Tensor
    clean_error: Tensor
    train: Tensor
    held_out: Tensor
    exact_train: Tensor
    exact_held_out: Tensor

    @property
    def gap(self) -> float:
        """Share of the held-out loss that training sprites are spared: 0 without a gap, at most 1.

        Losses are averaged over the levels, as in `val/loss`.
        """
        return float((self.held_out - self.train).mean() / self.held_out.mean())

    @property
    def memorised(self) -> float:
        """How far the network has gone from generalising, 0, to learning by heart, 1.

        0: training sprites cost as much as unseen ones. 1: they cost as little as they can, which
        only the exact memoriser reaches. In between, the share of the way from the held-out loss
        down to the floor that the loss on training sprites has gone; losses averaged over levels.
        """
        spared = (self.held_out - self.train).mean()
        return float(spared / (self.held_out - self.exact_train).mean())

    def plain(self) -> dict[str, list[float]]:
        """Plain lists for JSON."""
        curves = {
            "t": self.t,
            "train": self.train,
            "held-out": self.held_out,
            "exact train": self.exact_train,
            "exact held-out": self.exact_held_out,
        }
        return {name: curve.tolist() for name, curve in curves.items()}


class LevelLosses:
    """Measures `LossLevels` again and again on the same sprites and noise.

    The memoriser is asked once, when this is made. Sprite k of both sets has the same noise at
    every level, which leaves less of their difference to chance; that some sprites are harder than
    others remains: with 64 of each it moved `gap` by 0.03. One measurement evaluates the network
    once for every sprite and level.

    Args:
        train: some training sprites, uint8 `(n, C, H, W)`.
        held_out: as many or another number of held-out ones, `(m, C, H, W)`.
        exact: over the training sprites (`memoriser`), with the network's schedule, prediction and
            weighting, and told labels if it is; on the device where to measure.
        labels: classes `(n,)` and `(m,)`, for a network with classes; else None.
        times: K noise levels in [1/steps, 1].
        seed: address of the noise.
        batch_size: sprites that are evaluated together; the result does not depend on it.

    Raises:
        UserError: there is no training or no held-out sprite.
    """

    def __init__(
        self,
        train: Tensor,
        held_out: Tensor,
        exact: PosteriorDenoiser,
        labels: tuple[Tensor | None, Tensor | None] = (None, None),
        times: tuple[float, ...] = TIMES,
        seed: int = 0,
        batch_size: int = 64,
    ) -> None:
        if not len(train) or not len(held_out):
            raise UserError(
                "The generalisation gap needs training and held-out sprites; give more sprites."
            )
        device = exact.model.clean.device
        known, encode = exact.prediction.sayable, PixelCodec().encode
        self._sets = [known(encode(images).to(device)) for images in (train, held_out)]
        self._labels = [None if label is None else label.to(device) for label in labels]
        self._t = torch.tensor(times, dtype=torch.float64)
        self._times = self._t.to(device, torch.float32)
        self.batch_size = batch_size
        n = max(len(train), len(held_out))
        self._eps = ImageNoise(seed, range(n), train.shape[1:], device)(0)
        alpha, sigma = exact.schedule(self._t)
        snr = (alpha / sigma) ** 2
        scale = exact.prediction.clean_scale(snr)
        self._clean_error = scale / exact.weighting(snr, scale)
        self._exact = self._losses(exact)

    def measure(self, denoiser: Denoiser) -> LossLevels:
        """The network's losses, in evaluation mode, beside the memoriser's."""
        train, held_out = self._losses(denoiser)
        return LossLevels(self._t, self._clean_error, train, held_out, *self._exact)

    @torch.no_grad()
    def _losses(self, denoiser: Denoiser) -> tuple[Tensor, Tensor]:
        """Mean loss at each level on training and on held-out sprites, float64 `(K,)` each."""
        means = []
        for x0, label in zip(self._sets, self._labels, strict=True):
            rows = torch.arange(len(x0), device=x0.device).repeat(len(self._times))
            times = self._times.repeat_interleave(len(x0))
            losses = [
                denoiser.loss(x0[k], t, self._eps[k], None if label is None else label[k]).cpu()
                for k, t in zip(
                    rows.split(self.batch_size), times.split(self.batch_size), strict=True
                )
            ]
            means.append(torch.cat(losses).double().unflatten(0, (-1, len(x0))).mean(1))
        return means[0], means[1]


def longer_history(known: Any, images_seen: float, levels: LossLevels) -> str:
    """The history of a training as JSON, such as `noise_levels.json`, and one row more.

    Rows of as many images or more go: a training that was killed comes by there again.
    """
    rows = [row for row in history(known) if row["images"] < images_seen]
    rows.append({"images": images_seen, **levels.plain()})
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def history(known: Any) -> list[dict[str, Any]]:
    """The rows of a history, oldest first: `LossLevels.plain()` and "images"; [] for None.

    Args:
        known: what the JSON held, plain values of any kind.

    Raises:
        UserError: it is something else.
    """
    rows = [] if known is None else known
    if not isinstance(rows, list) or not all(map(_is_row, rows)):
        raise UserError("noise_levels.json is not a history of noise levels; remove it.")
    lengths = {len(row[name]) for row in rows for name in CURVES}
    if len(lengths) > 1 or rows != sorted(rows, key=lambda row: row["images"]):
        raise UserError("noise_levels.json mixes histories of different noise levels; remove it.")
    return rows


def _is_row(row: Any) -> bool:
    """Whether this is images, and numbers for each noise level."""
    if not isinstance(row, dict) or type(row.get("images")) not in (int, float):
        return False
    curves = [row.get(name) for name in CURVES]
    return all(
        isinstance(curve, list) and curve and all(type(value) in (int, float) for value in curve)
        for curve in curves
    )
