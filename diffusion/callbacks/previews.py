"""The same sprites again and again while the network learns: fixed seed, averaged weights."""

from pathlib import Path

import lightning
from lightning.pytorch import Callback

from diffusion import pictures
from diffusion.errors import UserError
from diffusion.module import DiffusionModule
from diffusion.samplers.base import Sampler
from diffusion.sampling import SpriteSet


class Previews(Callback):
    """Samples at every validation, writes `samples.png` and shows it to loggers with pictures.

    Args:
        sampler: the way from noise to sprites.
        n: number of sprites.
        seed: which sprites.
    """

    def __init__(self, sampler: Sampler, n: int = 16, seed: int = 0) -> None:
        if n < 1:
            raise UserError(f"callbacks.previews.n={n} must be at least 1.")
        self.sampler, self.n, self.seed = sampler, n, seed

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        assert isinstance(pl_module, DiffusionModule)
        data = trainer.datamodule  # type: ignore[attr-defined]
        denoiser, codec = pl_module.denoiser, pl_module.codec
        frequencies = data.label_frequencies if denoiser.model.classes else ()
        sprites = SpriteSet(denoiser, self.sampler, codec, data.shape, frequencies, self.seed)
        # Every rank draws the same few sprites: nobody waits, nobody meets a collective.
        (images,) = sprites.batches(range(self.n), self.n)
        if trainer.is_global_zero:
            picture = pictures.grid(images)
            picture.save(Path(trainer.default_root_dir) / "samples.png")
            for logger in trainer.loggers:
                if hasattr(logger, "log_image"):
                    logger.log_image("samples/preview", [picture], step=trainer.global_step)
