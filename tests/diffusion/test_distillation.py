"""Laws of the few-step student: it makes its teacher's sprites, and leaves the teacher alone."""

import os
import signal
from types import SimpleNamespace

import pytest
import torch
import training
from chaos import equal
from lightning.pytorch import Callback
from torch.optim.lr_scheduler import LambdaLR

from diffusion.denoiser import Denoiser
from diffusion.distillation import AUXILIARY_SPEED, DistillationModule, level_above, posterior_draw
from diffusion.errors import Interrupted, UserError
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.models.unet import UNet
from diffusion.noise import ImageNoise, keyed
from diffusion.palette import Palette, SharpPalette
from diffusion.pixels import PixelCodec
from diffusion.predictions import Epsilon, Velocity
from diffusion.runs.checkpoint import read
from diffusion.runs.loading import load
from diffusion.samplers.base import Level
from diffusion.samplers.ddpm import DDPM
from diffusion.schedules.cosine import Cosine
from diffusion.weightings import Uniform

SCHEDULE = Cosine(1000)
LEARNING, STEPS = 100, 300
SPRITES = torch.randint(0, 2, (3, 1, 4, 4), generator=keyed(7), dtype=torch.uint8) * 255
TINY = [*("logger=csv", "data.n=60", "data.batch_size=8", "callbacks.samples=null")]
TINY += ["callbacks.progress=null", "trainer.max_steps=8", "trainer.val_check_interval=8"]
TEACHER = ["model.widths=[32]", "model.blocks=1", "prediction=velocity"]
TEACHER += ["callbacks.noise_levels=null"]


def student_of(teacher, prediction=None, steps=2):
    torch.manual_seed(0)
    model = UNet(1, widths=[32], blocks=1)
    student = Denoiser(model, SCHEDULE, prediction or Velocity(), Uniform())
    module = DistillationModule(
        student,
        teacher,
        SCHEDULE.grid(steps),
        codec=PixelCodec(),
        optimizer=None,
        learning_rate=None,
    )
    module._trainer = SimpleNamespace(world_size=1, global_rank=0)
    return module


def test_two_evaluations_make_the_teachers_sprites():
    """Where ancestral sampling of the exact denoiser makes mixtures of them."""
    clean = PixelCodec().encode(SPRITES)
    teacher = PosteriorDenoiser(Posterior(clean), SCHEDULE, Velocity())
    module = student_of(teacher)

    def far(denoiser):
        made = DDPM(2)(denoiser, ImageNoise(0, range(64), (1, 4, 4)))
        distance, which = (made[:, None] - clean).square().mean(dim=(2, 3, 4)).min(dim=1)
        return distance.mean(), which.bincount(minlength=3)

    networks = (module.denoiser, module.auxiliary)
    groups = [
        {"params": list(network.parameters()), "lr": rate}
        for network, rate in zip(networks, (1e-3, AUXILIARY_SPEED * 1e-3), strict=True)
    ]
    optimizer = torch.optim.Adam(groups, betas=(0.5, 0.99))
    falling = LambdaLR(optimizer, lambda step: min(1.0, (STEPS - step) / (STEPS - LEARNING)))
    for step in range(STEPS):
        rows = torch.randint(0, 3, (16,), generator=keyed(1, step))
        batch = {"image": SPRITES[rows]}
        if step < LEARNING:  # as any network does, for a student starts from a trained one
            x0, t, eps, _ = module._draw(batch, keyed(2, step), training=True)
            loss = sum(network.loss(x0, t, eps).mean() for network in networks)
        else:
            loss = module._loss(batch, keyed(2, step))
        if step == LEARNING:
            before, _ = far(module.denoiser)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()
    after, which = far(module.denoiser)
    assert after < before / 4
    assert which.min() > 0


def test_posterior_draws_are_steps_of_ddpm():
    z_t, x, noise = torch.randn(3, 2, 1, 4, 4, generator=keyed(0), dtype=torch.float64)
    t, s = torch.tensor([[1.0, 0.5], [0.6, 0.02]], dtype=torch.float64)
    drawn = posterior_draw(SCHEDULE, z_t, x, t, s, noise)
    for k in range(2):
        now, nxt = (Level(*(float(v) for v in (u[k], *SCHEDULE(u[k])))) for u in (t, s))
        step = DDPM(2).step(z_t[k], x[k], now, nxt, lambda k=k: noise[k])
        assert torch.allclose(drawn[k], step, rtol=1e-5, atol=1e-7)
    still = posterior_draw(SCHEDULE, z_t, x, t, t, noise)
    assert torch.allclose(still, z_t)


def test_each_time_belongs_to_the_step_that_crosses_it():
    s = torch.tensor([0.001, 0.3, 0.5, 0.5001, 1.0])
    assert level_above(SCHEDULE.grid(2), s).tolist() == [0.5, 0.5, 0.5, 1.0, 1.0]
    assert level_above(SCHEDULE.grid(1), s).tolist() == [1.0] * 5


def test_a_student_of_a_palette_decides_where_there_is_a_sprite_to_see():
    colours = [[0], [100], [255]]
    scores, x_t = torch.randn(2, 3, 4, 4, generator=keyed(0)), torch.zeros(2, 1, 4, 4)

    def estimates(t):
        alpha, sigma = SCHEDULE(torch.tensor(t))
        return [
            part(colours).to_clean(scores, x_t, alpha, sigma) for part in (Palette, SharpPalette)
        ]

    soft, sharp = estimates(1.0)
    assert torch.allclose(soft, sharp, atol=1e-3)
    soft, sharp = estimates(0.5)
    known = torch.tensor(colours) / 127.5 - 1

    def mixed(x):
        return (x[..., None] - known.flatten()).abs().amin(dim=-1).mean()

    assert mixed(sharp) < mixed(soft) / 3


def test_epsilon_is_refused():
    with pytest.raises(UserError, match="prediction=palette"):
        student_of(None, Epsilon())  # of whatever teacher


class Stop(Callback):
    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 5:
            os.kill(os.getpid(), signal.SIGTERM)


def fit(monkeypatch, folder, *words, callbacks=()):
    monkeypatch.setattr(training, "WORDS", [*TINY, *words])
    return training.fit(folder, callbacks=callbacks)


@pytest.fixture
def teacher(tmp_path, monkeypatch):
    fit(monkeypatch, tmp_path / "teacher", *TEACHER)
    return tmp_path / "teacher"


def test_a_student_continues_to_the_same_bits_and_keeps_no_teacher(teacher, tmp_path, monkeypatch):
    words = ["experiment=distill", f"teacher={teacher}"]
    first = load(teacher / "checkpoints" / "last.ckpt")
    trainer = fit(monkeypatch, tmp_path / "whole", *words)
    kept = trainer.lightning_module.teacher.state_dict()
    assert equal(kept, first.denoiser.state_dict())
    with pytest.raises(Interrupted):
        fit(monkeypatch, tmp_path / "cut", *words, callbacks=[Stop()])
    fit(monkeypatch, tmp_path / "cut", *words)
    whole, cut = (read(tmp_path / n / "checkpoints" / "last.ckpt") for n in ("whole", "cut"))
    for part in ("state_dict", "current_model_state", "optimizer_states"):
        assert equal(whole[part], cut[part]), part
    assert {name.split(".")[0] for name in whole["state_dict"]} == {"denoiser", "auxiliary"}
    assert whole["card"]["teacher"] == first.sha256
    student = load(tmp_path / "whole" / "checkpoints" / "last.ckpt")
    assert student.sampler()[0].steps == 2
    assert not equal(student.denoiser.state_dict(), first.denoiser.state_dict())
    fit(monkeypatch, teacher, *TEACHER, "trainer.max_steps=9")
    with pytest.raises(UserError, match="teacher has changed"):
        fit(monkeypatch, tmp_path / "whole", *words, "trainer.max_steps=9")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "teacher="),
        (["teacher=nowhere"], "no run nowhere"),
        (["teacher={}", "model=tiny"], "without model="),
        (["teacher={}", "sampler=ddim"], "sampler=ddpm"),
        (["teacher={}", "optimizer=muon"], "optimizer=adamw"),
        (["teacher={}", "data.size=24"], "other sprites"),
    ],
)
def test_what_a_student_cannot_learn_from_is_refused(
    teacher, tmp_path, monkeypatch, words, sentence
):
    typed = [word.format(teacher) for word in words]
    with pytest.raises(UserError, match=sentence):
        fit(monkeypatch, tmp_path / "run", "experiment=distill", *typed)
