"""Laws of the losses that a recipe may name."""

import pytest
import torch
import training

from diffusion.commands.composing import check_weighting
from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.losses import Colours, Noise
from diffusion.palette import Palette
from diffusion.predictions import Clean, Epsilon, Velocity
from diffusion.runs.loading import load
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.linear import Linear
from diffusion.schedules.wrappers import ZeroTerminal
from diffusion.weightings import MinSNR, Truncated, Uniform

COLOURS = [[0, 0, 0, 0], [20, 12, 28, 255], [208, 70, 72, 255], [222, 238, 214, 255]]
PREDICTIONS = [Epsilon(), Clean(), Velocity(), Palette(COLOURS)]


class Fixed(torch.nn.Module):
    """A network that puts out a fixed tensor."""

    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, x_t, t, label=None):
        return self.output


def case(n=32):
    """Sprites of the palette, times, noise, and an output `(n, 4, 3, 2)`, float64."""
    generator = torch.Generator().manual_seed(0)
    which = torch.randint(len(COLOURS), (n, 3, 2), generator=generator)
    x0 = (torch.tensor(COLOURS) / 127.5 - 1)[which].permute(0, 3, 1, 2).double()
    eps, output = torch.randn(2, *x0.shape, generator=generator, dtype=torch.float64)
    return x0, torch.linspace(0.05, 1, n, dtype=torch.float64), eps, output


@pytest.mark.parametrize("prediction", PREDICTIONS, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize(
    "weighting", [Uniform(), MinSNR(), Truncated()], ids=lambda w: type(w).__name__
)
def test_the_noise_loss_is_ddpms_of_the_noise_that_the_estimate_means(prediction, weighting):
    x0, t, eps, output = case()
    denoiser = Denoiser(Fixed(output), Cosine(), prediction, weighting, Noise())
    alpha, sigma = (level.view(-1, 1, 1, 1) for level in denoiser.schedule(t))
    x_t = alpha * x0 + sigma * eps
    eps_hat = (x_t - alpha * denoiser(x_t, t)) / sigma
    ddpm = Denoiser(Fixed(eps_hat), Cosine(), Epsilon(), weighting)
    torch.testing.assert_close(denoiser.training_loss(x0, t, eps), ddpm.training_loss(x0, t, eps))


@pytest.mark.parametrize("prediction", PREDICTIONS, ids=lambda p: type(p).__name__)
def test_validation_does_not_ask_which_loss_was_trained(prediction):
    x0, t, eps, output = case()
    plain, noise = (
        Denoiser(Fixed(output), Linear(), prediction, Uniform(), loss) for loss in (None, Noise())
    )
    torch.testing.assert_close(plain.loss(x0, t, eps), noise.loss(x0, t, eps))


def test_without_a_loss_a_palette_trains_its_cross_entropy():
    x0, t, eps, output = case()
    absent, named = (
        Denoiser(Fixed(output), Cosine(), Palette(COLOURS), Uniform(), loss)
        for loss in (None, Colours())
    )
    torch.testing.assert_close(absent.training_loss(x0, t, eps), named.training_loss(x0, t, eps))


def test_truncated_weighs_the_clean_error_alike_where_noise_hides_the_sprite():
    x0, t, eps, _ = case()
    schedule = Cosine()
    denoiser = Denoiser(Fixed(x0 + 0.1), schedule, Clean(), Truncated(2.0), Noise())
    alpha, sigma = schedule(t)
    snr = (alpha / sigma) ** 2
    torch.testing.assert_close(denoiser.training_loss(x0, t, eps), 0.01 * snr.clamp(min=2))
    assert (snr < 1e-3).any()


def test_the_noise_loss_of_a_palette_is_finite_with_its_gradient_at_every_level():
    x0, _, eps, output = (part.float() for part in case(n=64))
    output.requires_grad_()
    denoiser = Denoiser(Fixed(output), Cosine(), Palette(COLOURS), Truncated(), Noise())
    t = torch.linspace(1 / 1000, 1, 64)
    loss = denoiser.training_loss(x0, t, eps)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert output.grad.isfinite().all()
    assert output.grad[-1].abs().max() > 1e-4  # pure noise teaches as well


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((Cosine(), Velocity(), Uniform(), Colours()), "prediction=palette"),
        ((Cosine(), Palette(COLOURS), MinSNR(), Colours()), "weighting=uniform"),
        ((Cosine(), Palette(COLOURS), Truncated(), Colours()), "weighting=uniform"),
        ((ZeroTerminal(Linear()), Velocity(), Uniform(), Noise()), "or ~loss"),
    ],
)
def test_parts_that_do_not_go_together_are_refused_with_what_does(parts, said):
    schedule, prediction, weighting, loss = parts
    with pytest.raises(UserError, match=said):
        Denoiser(torch.nn.Identity(), schedule, prediction, weighting, loss)


@pytest.mark.parametrize("weighting", [MinSNR(), Truncated()], ids=lambda w: type(w).__name__)
def test_new_trainings_of_a_palette_without_a_loss_weigh_all_levels_alike(weighting):
    """Old checkpoints with another weighting are made and load."""
    model, palette = torch.nn.Identity(), Palette(COLOURS)
    unnamed = Denoiser(model, Cosine(), palette, weighting)
    with pytest.raises(UserError, match="use weighting=uniform, or loss=noise"):
        check_weighting(unnamed)
    check_weighting(Denoiser(model, Cosine(), palette, weighting, Noise()))
    check_weighting(Denoiser(model, Cosine(), palette, Uniform()))
    check_weighting(Denoiser(model, Cosine(), Velocity(), weighting))


def test_truncated_refuses_a_floor_of_zero():
    with pytest.raises(UserError, match="floor"):
        Truncated(floor=0)


def test_a_run_keeps_its_loss_in_its_recipe(tmp_path):
    words = ("prediction=palette", "loss=noise", "weighting=truncated", "trainer.max_steps=5")
    training.fit(tmp_path, *words, "trainer.val_check_interval=5")
    loaded = load(tmp_path / "checkpoints" / "last.ckpt")
    assert loaded.card["recipe"]["loss"] == {"_target_": "diffusion.losses.Noise"}
    assert isinstance(loaded.denoiser.objective, Noise)
