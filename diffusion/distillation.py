"""Few-step students: a network that makes in k evaluations what its teacher makes in hundreds.

A student makes sprites with `sampler=ddpm sampler.steps=k`. At level t its clean estimate x stands
for all the steps that the teacher would take down to the next level of the grid. It may do so when
nothing that is drawn from it on the way looks wrong to the teacher:

    E[x | z_s] = teacher(z_s, s),    z_s ~ q(z_s | z_t, x),    for all s from t to the next level

The left side is what a denoiser of the student's sprites would say. Such an auxiliary denoiser is
trained along with the student, which moves each x against the difference of the two: Salimans et
al. 2024, "Multistep Distillation of Diffusion Models via Moment Matching", algorithm 2. With k = 1
that is distribution matching (Yin et al. 2024, "One-step Diffusion with Distribution Matching
Distillation"), whose scale of the difference is used here.
"""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.module import Batch, DiffusionModule
from diffusion.predictions import Epsilon
from diffusion.samplers.ddpm import posterior
from diffusion.schedules.base import NoiseSchedule
from diffusion.weightings import MinSNR

MIN_SCALE = 1e-3  # of a difference, so that a student in no doubt is left alone
QUIET_SIGMA = 0.12  # sigma / alpha under which a sprite is seen as it is
AUXILIARY_SPEED = 2.0  # times the student's rate, or the auxiliary denoiser would lag behind


class DistillationModule(DiffusionModule):
    """Trains the denoiser, which begins as its teacher, to be right at the levels of a sampler.

    Below the first level z_t is a training sprite in noise; what a student that is right one level
    above makes looks the same. Student and auxiliary denoiser have one optimizer, and nothing that
    one of them loses moves the other. The teacher is no part of the module: it is not trained, not
    averaged and not saved. What the student puts out means in training what the teacher's means.

    Args:
        denoiser: the student, with its teacher's weights.
        teacher: any denoiser of the same sprites.
        times: of the student's sampler, falling from 1 to 0.
        ours: as for `DiffusionModule`.

    Raises:
        UserError: the student predicts epsilon, which says next to nothing in pure noise.
    """

    def __init__(self, denoiser: Denoiser, teacher: Denoiser, times: Tensor, **ours: Any) -> None:
        super().__init__(denoiser, **ours)
        if isinstance(denoiser.prediction, Epsilon):
            raise UserError(
                "A student decides in nearly pure noise, where prediction=epsilon is too inexact; "
                "train the teacher with prediction=palette, velocity or clean."
            )
        parts = denoiser.model, teacher.schedule, teacher.prediction, teacher.weighting
        self.auxiliary = deepcopy(Denoiser(*parts)).train()  # the student estimates no averages
        self.times = times
        self._teacher = (teacher.eval().requires_grad_(False),)  # torch looks into no tuple

    @property
    def teacher(self) -> Denoiser:
        return self._teacher[0]

    def on_fit_start(self) -> None:
        self.teacher.to(self.device)

    def _loss(self, batch: Batch, generator: torch.Generator, training: bool = True) -> Tensor:
        """Half the squared gap between teacher and auxiliary; in training also the latter's."""
        x0, s, eps, label = self._draw(batch, generator, training)
        t, schedule = level_above(self.times, s), self.denoiser.schedule
        alpha, sigma = schedule.of_sprites(t)
        z_t = alpha * x0 + sigma * eps
        output = self.denoiser.model(z_t, t, label).to(z_t.dtype)
        x = self.teacher.prediction.to_clean(output, z_t, alpha, sigma)
        x_tilde = x.detach()
        z_s = posterior_draw(schedule, z_t, x_tilde, t, s, self._noise(x0, generator))
        with torch.no_grad():
            teacher_x = self.teacher(z_s, s, label)
        auxiliary_x, auxiliary_loss = self._auxiliary(z_s, s, label, x_tilde)
        scale = (x_tilde - teacher_x).abs().mean(dim=(1, 2, 3), keepdim=True).clamp(min=MIN_SCALE)
        gap = (x - (x_tilde - (auxiliary_x - teacher_x) / scale)).square().mean() / 2
        return gap + auxiliary_loss.mean() if training else gap

    def _auxiliary(
        self, z_s: Tensor, s: Tensor, label: Tensor | None, x_tilde: Tensor
    ) -> tuple[Tensor, Tensor]:
        """E[x | z_s], and the loss `(B,)` of the auxiliary denoiser that estimates it.

        In little noise it is x itself. A network of colour scores could not say that of a colour
        off the palette, and it is there that the student learns to mix none.
        """
        alpha, sigma = self.auxiliary.schedule.of_sprites(s)
        estimate = self.auxiliary(z_s, s, label)
        weight = MinSNR()((alpha / sigma).square(), torch.ones_like(alpha))
        loss = (weight * (estimate - x_tilde).square()).mean(dim=(1, 2, 3))
        return torch.where(sigma < QUIET_SIGMA * alpha, x_tilde, estimate.detach()), loss

    def configure_optimizers(self) -> Any:
        networks = (self.denoiser, self.auxiliary)
        groups = [{"params": list(network.parameters())} for network in networks]
        return self._with_rate(self.optimizer(groups), speeds=(1.0, AUXILIARY_SPEED))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if checkpoint["card"].get("teacher") != self.card.get("teacher"):
            raise UserError(
                "The teacher has changed since this run was begun; give another hydra.run.dir, or "
                "the old teacher to continue it."
            )
        super().on_load_checkpoint(checkpoint)


def level_above(times: Tensor, s: Tensor) -> Tensor:
    """The last of the falling times that is not below s, for each s `(B,)`."""
    rising = times.flip(0).to(s)
    return rising[torch.searchsorted(rising, s).clamp(1, len(rising) - 1)]


def posterior_draw(
    schedule: NoiseSchedule, z_t: Tensor, x: Tensor, t: Tensor, s: Tensor, noise: Tensor
) -> Tensor:
    """z_s ~ q(z_s | z_t, x) as `DDPM` steps, with times s <= t `(B,)` of each sprite."""
    mean, beta, share = posterior(z_t, x, schedule.of_sprites(t), schedule.of_sprites(s))
    return mean + (beta * share).clamp(min=0).sqrt() * noise  # 0 but for rounding where s = t
