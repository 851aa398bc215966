"""What the network thinks at every noise level, while it learns: losses beside the exact ones."""

import lightning
from lightning.pytorch import Callback

from diffusion import pictures
from diffusion.clock import data_of, logged_step
from diffusion.denoiser import Denoiser
from diffusion.drawing.panel import draw_panels
from diffusion.errors import UserError
from diffusion.exact.memoriser import memoriser, suspects
from diffusion.levels.losses import LevelLosses, longer_history
from diffusion.levels.panel import look
from diffusion.module import DiffusionModule
from diffusion.runs.files import Folder
from diffusion.runs.loggers import log_picture, log_table
from diffusion.runs.reading import record

MEASURED = ("val/gap", "val/memorised")


class NoiseLevels(Callback):
    """At every validation logs `val/gap` and `val/memorised`, and draws one sprite's panel.

    Without held-out sprites there is only the panel.

    The losses of each level are kept in `noise_levels.json`, and in loggers as the table
    `val/levels`; `panel.png` shows the first training sprite. Every process computes the same, so
    none waits; the first writes.

    Args:
        n: training sprites, and as many held-out ones, whose losses are measured.
    """

    def __init__(self, n: int = 24) -> None:
        if not isinstance(n, int) or n < 1:
            raise UserError(f"callbacks.noise_levels.n={n} must be a whole number, 1 or more.")
        self.n = n

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        assert isinstance(pl_module, DiffusionModule)
        data, denoiser = data_of(trainer), pl_module.denoiser
        known, held_out = suspects(data), data.split["val"][: self.n]
        self.names = [data.called(int(row)) for row in known]
        self.name, self.sprite, self.label, _ = data.pick(int(known[0]))
        exact = memoriser(data, denoiser, pl_module.flip)
        self.posterior = exact.model
        self.losses: LevelLosses | None = None
        if not len(held_out):
            return
        labels = data.labels(known[: self.n]), data.labels(held_out)
        self.losses = LevelLosses(
            data.images(known[: self.n]),
            data.images(held_out),
            exact,
            labels if denoiser.classes else (None, None),
        )

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        assert isinstance(pl_module, DiffusionModule)
        denoiser: Denoiser = pl_module.denoiser
        with trainer.precision_plugin.forward_context():  # as fast as training
            levels = self.losses.measure(denoiser) if self.losses else None
            panel = look(
                self.sprite, self.name, denoiser, self.posterior, self.names, label=self.label
            )
        if levels:
            found = zip(MEASURED, (levels.gap, levels.memorised), strict=True)
            pl_module.log_dict(dict(found), sync_dist=True)
        if not trainer.is_global_zero:
            return
        folder = Folder(trainer.default_root_dir)
        picture = draw_panels([panel])
        folder.write("panel.png", pictures.png(picture))
        loggers, step = trainer.loggers, logged_step(trainer)
        log_picture(loggers, "val/panel", picture, step)
        if levels:
            images = float(trainer.callback_metrics["progress/images"])
            known = longer_history(record(folder, "noise_levels.json"), images, levels)
            folder.write("noise_levels.json", known)
            curves = levels.plain()
            rows = [list(row) for row in zip(*curves.values(), strict=True)]
            log_table(loggers, "val/levels", list(curves), rows, step)
