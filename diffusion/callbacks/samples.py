"""The same sprites again and again while the network learns: looked at, and measured."""

from collections.abc import Mapping

import lightning
import torch
from lightning.pytorch import Callback

from diffusion import pictures
from diffusion.clock import data_of, logged_step
from diffusion.errors import UserError
from diffusion.judge import Judge, with_inception
from diffusion.metrics.base import Metric
from diffusion.module import DiffusionModule
from diffusion.runs.files import Folder
from diffusion.runs.loggers import log_picture
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.base import Sampler
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.sprite_data import SpriteData

SEARCHED = 20_000  # training sprites of 16 pixels are compared with 128 samples in 1 to 2 s


class Samples(Callback):
    """Makes sprites at every validation, with averaged weights; logs `preview/...`.

    `samples/...` are of the run's own sampler, and are measured when it is closed.

    All processes make their share and then measure all of it: none waits for another, and the
    values do not depend on how many there are.

    Args:
        sampler: the way from noise to sprites; few steps, for this is done often.
        metrics: what is measured, by name; see `conf/metrics`.
        inception: also FID and KID: true, or a file with the weights of that network.
        n: number of sprites.
        shown: how many of them go into `samples.png` and to loggers with pictures.
        seed: which sprites.

    Attributes:
        scores: those of the last validation, as far as they could be measured.
    """

    def __init__(
        self,
        sampler: Sampler,
        metrics: Mapping[str, Metric] | None = None,
        inception: bool | str = False,
        n: int = 128,
        shown: int = 16,
        seed: int = 0,
    ) -> None:
        for name, value in (("n", n), ("shown", shown)):
            if not isinstance(value, int) or not 1 <= value <= SEARCHED:
                raise UserError(
                    f"callbacks.samples.{name}={value} must be a whole number from 1 to "
                    f"{SEARCHED}; they are made at every validation."
                )
        self.sampler, self.metrics = sampler, with_inception(metrics or {}, inception)
        self.n, self.shown, self.seed = n, shown, seed
        self.scores: dict[str, float] = {}
        self._judge: Judge | None = None
        self._said: set[str] = set()

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self._prepare(data_of(trainer))

    def measured(self, data: SpriteData) -> list[str]:
        """The names of the values that every validation with these sprites logs."""
        self._prepare(data)
        return [f"preview/{name}" for name in self.judge.names()]

    @property
    def judge(self) -> Judge:
        """Who measures the samples."""
        assert self._judge is not None
        return self._judge

    def _prepare(self, data: SpriteData) -> None:
        if self._judge is None or self._judge.data is not data:
            self._judge = Judge.of(data, self.metrics, self.n, searched=SEARCHED)

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        assert isinstance(pl_module, DiffusionModule)
        images = self._make(trainer, pl_module)
        self.scores = self.judge.scores(images)
        scores = {f"preview/{name}": value for name, value in self.scores.items()}
        floors = {f"held_out/{name}": value for name, value in self.judge.floors.items()}
        pl_module.log_dict(scores | floors, sync_dist=True)
        doubts = [self._copying()] if self.scores["copying"] else []
        self._say_once(trainer, self.judge.notes + doubts)
        if trainer.is_global_zero:
            picture = pictures.grid(images[: self.shown])
            Folder(trainer.default_root_dir).write("samples.png", pictures.png(picture))
            log_picture(trainer.loggers, "preview/sprites", picture, logged_step(trainer))

    def _make(self, trainer: lightning.Trainer, pl_module: DiffusionModule) -> torch.Tensor:
        data = data_of(trainer)
        denoiser = pl_module.denoiser
        frequencies = data.label_frequencies if denoiser.classes else ()
        sprites = SpriteSet(
            denoiser,
            self.sampler,
            pl_module.codec,
            data.shape,
            frequencies,
            self.seed,
            draws=AttributeDraws.of_card(pl_module.card.get("sprites", {})),
        )
        with trainer.precision_plugin.forward_context():  # as fast as training
            return sprites.make_together(
                range(self.n),
                trainer.global_rank,
                trainer.world_size,
                pl_module.all_gather,
                self.n,
            )

    def _copying(self) -> str:
        return (
            "The network has begun to copy: more samples repeat training sprites than unseen real "
            "sprites do. best.ckpt prefers validations without that; train a smaller model, fewer "
            "steps, or on more sprites."
        )

    def _say_once(self, trainer: lightning.Trainer, sentences: list[str]) -> None:
        for sentence in sentences:
            if trainer.is_global_zero and sentence not in self._said:
                print(sentence, flush=True)
            self._said.add(sentence)
