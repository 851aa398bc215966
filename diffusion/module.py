"""The LightningModule: connects denoiser, data and optimizer, and logs. No more."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NoReturn

import lightning
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from diffusion.clock import budget_used, correct_saved_count, data_of, logs_after, micro_batch
from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.noise import DROPOUT, TRAINING, VALIDATION, keyed
from diffusion.pixels import PixelCodec
from diffusion.runs.loading import load

Batch = dict[str, Tensor]


class DiffusionModule(lightning.LightningModule):
    """Trains a denoiser on uint8 batches `{"image": [B,C,H,W], "index": [B]}`, which may also have
    a `"label": [B]` or `"attributes": [B,A]`.

    All randomness of a step is drawn for the whole global batch from the address
    (seed, micro-step), and each rank keeps its rows: training is the same on any number of
    devices.

    Args:
        denoiser: what is trained.
        codec: uint8 <-> model range.
        optimizer: parameters, or groups of them -> optimizer.
        learning_rate: (step, progress 0..1) -> factor on the optimizer's learning rate.
        seed: first part of every address.
        flip: mirror half of the sprites at random.
        label_drop: share of labels hidden, so that a network with classes also learns without. Of
            attributes it is the share of sprites of which nothing is told; of the others each is
            hidden with a probability that is drawn anew, so that any of them can be told alone.
        card: plain containers that describe the run; saved in every checkpoint.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        codec: PixelCodec,
        optimizer: Callable[[Iterable[Any]], Optimizer],
        learning_rate: Callable[[int, float], float],
        seed: int = 0,
        flip: bool = False,
        label_drop: float = 0.1,
        card: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        number = isinstance(label_drop, int | float)
        if not isinstance(flip, bool) or not number or not 0 <= label_drop <= 1:
            raise UserError(
                f"flip={flip} must be true or false, and label_drop={label_drop} between 0 and 1."
            )
        self.denoiser, self.codec = denoiser, codec
        self.optimizer, self.learning_rate = optimizer, learning_rate
        self.seed, self.flip, self.label_drop = seed, flip, label_drop
        self.card = card or {}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        micro_step = micro_batch(self.trainer)
        torch.manual_seed(keyed(DROPOUT, self.seed, micro_step, self.global_rank).initial_seed())
        loss = self._loss(batch, keyed(TRAINING, self.seed, micro_step, device=self.device))
        if logs_after(self.trainer, self.trainer.global_step + 1):
            self.log("train/loss", loss.detach(), sync_dist=True)
            self.log("train/learning_rate", self.trainer.optimizers[0].param_groups[0]["lr"])
            self.log("progress/images", self.images_seen(batch))
        return loss

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        if logs_after(self.trainer, self.trainer.global_step + 1):
            gradients = [w.grad for w in self.parameters() if w.grad is not None]
            self.log("train/gradient_norm", torch.nn.utils.get_total_norm(gradients))

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        generator = keyed(VALIDATION, batch_idx, device=self.device)  # equal noise every time
        loss = self._loss(batch, generator, training=False)
        if len(data_of(self.trainer).split["val"]):  # else these are training sprites
            self.log("val/loss", loss, sync_dist=True, on_epoch=True)
        # a row stands at its last training step, whether training goes on after it or not
        self.log("step", float(self.trainer.global_step - 1), sync_dist=True, on_epoch=True)
        self.log("progress/images", self.images_seen(batch), sync_dist=True, on_epoch=True)

    def _loss(self, batch: Batch, generator: torch.Generator, training: bool = True) -> Tensor:
        """Mean loss of this rank's rows; the generator serves the whole global batch."""
        x0, t, eps, label = self._draw(batch, generator, training)
        loss = self.denoiser.training_loss if training else self.denoiser.loss
        return loss(x0, t, eps, label).mean()

    def _draw(
        self, batch: Batch, generator: torch.Generator, training: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """This rank's rows: clean sprites, times, noise, labels."""
        rows = slice(self.global_rank, None, self.trainer.world_size)
        told = "attributes" if self.denoiser.attributes else "label"
        x0, label = self.codec.encode(batch["image"]), batch.get(told)
        n, device = len(x0) * self.trainer.world_size, generator.device
        t = self.denoiser.training_times(n, generator)[rows]
        eps = self._noise(x0, generator)
        mirrored, hidden = torch.rand(2, n, generator=generator, device=device)[:, rows]
        if training and self.flip:
            x0 = torch.where((mirrored < 0.5).view(-1, 1, 1, 1), x0.flip(-1), x0)
        if training and label is not None:
            hide = hidden < self.label_drop
            if label.ndim == 2:
                share = (hidden - self.label_drop) / (1 - self.label_drop)  # uniform again
                each = torch.rand(n, label.shape[1], generator=generator, device=device)[rows]
                hide = hide[:, None] | (each < share[:, None])
            label = torch.where(hide, -1, label)
        if not training:
            x0 = self.denoiser.prediction.sayable(x0)
        return x0, t, eps, label

    def _noise(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Noise of this shape, this rank's rows of that for the whole global batch."""
        n, device = len(like) * self.trainer.world_size, generator.device
        noise = torch.randn(n, *like.shape[1:], generator=generator, device=device)
        return noise[self.global_rank :: self.trainer.world_size]

    def images_seen(self, batch: Batch) -> float:
        """Training images so far, over all devices, this micro-batch included."""
        micro_batches = micro_batch(self.trainer) + 1
        return float(micro_batches * len(batch["image"]) * self.trainer.world_size)

    def configure_optimizers(self) -> Any:
        return self._with_rate(self.optimizer(self.parameters()))

    def _with_rate(self, optimizer: Optimizer, speeds: Sequence[float] | None = None) -> Any:
        """The optimizer with its learning rate; some of its groups may be faster than others."""

        @lru_cache(maxsize=1)  # once for all groups: the time used comes from the first rank
        def factor(step: int) -> float:
            return self.learning_rate(step, budget_used(self.trainer))

        def faster(step: int, speed: float) -> float:
            return speed * factor(step)

        speeds = speeds or [1.0] * len(optimizer.param_groups)
        schedule = LambdaLR(optimizer, [partial(faster, speed=speed) for speed in speeds])
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls, checkpoint_path: str | Path, map_location: Any = "cpu", **values: Any
    ) -> "DiffusionModule":
        """The module of a checkpoint with its averaged weights, also that of a student.

        Args:
            checkpoint_path: a `.ckpt`, or an exported `.safetensors`.
            map_location: the device.
            values: of the constructor; without an optimizer and a learning rate it is for
                sampling and validation, and further training is `train.py`'s.

        Raises:
            UserError: no such file, another kind of file, or a recipe that names foreign classes.
        """
        loaded = load(Path(checkpoint_path))
        own: dict[str, Any] = dict.fromkeys(("optimizer", "learning_rate"), _not_given)
        own |= {"codec": PixelCodec(loaded.card["sprites"]["hard_alpha"]), "card": loaded.card}
        return DiffusionModule(loaded.denoiser.requires_grad_().to(map_location), **(own | values))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["card"] = self.card

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        correct_saved_count(checkpoint)


def _not_given(*_: Any) -> NoReturn:
    raise UserError("Give load_from_checkpoint an optimizer= and a learning_rate= to train on.")
