"""Laws of the loss floor and the generalisation gap."""

import json

import pytest
import torch
from randomsprites import sprites
from torch import nn

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.levels.losses import LevelLosses, history, longer_history
from diffusion.levels.noising import noised
from diffusion.models.unet import UNet
from diffusion.noise import ImageNoise
from diffusion.pixels import PixelCodec
from diffusion.predictions import Clean, Epsilon, Velocity
from diffusion.schedules.linear import Linear
from diffusion.weightings import MinSNR, Uniform

IMAGES = PixelCodec().decode(sprites(70))
TRAIN, HELD_OUT = IMAGES[:40], IMAGES[40:]
CLEAN = PixelCodec().encode(TRAIN)
TIMES = (0.2, 0.5, 0.6, 0.7, 1.0)  # of these sprites, 1.0 to 38 are in question on average


def exact(prediction=None, weighting=None):
    return PosteriorDenoiser(Posterior(CLEAN), Linear(), prediction or Epsilon(), weighting)


class Answer(nn.Module):
    """A network for Clean() whose estimate is a function of the memoriser's."""

    classes = 0

    def __init__(self, change):
        super().__init__()
        self.change, self.memoriser = change, exact()

    def forward(self, x_t, t, label=None):
        return self.change(self.memoriser(x_t, t))


def network(prediction=None, weighting=None):
    torch.manual_seed(0)
    return Denoiser(
        UNet(4, widths=(32,), blocks=1).eval(),
        Linear(),
        prediction or Epsilon(),
        weighting or Uniform(),
    )


@pytest.fixture(scope="module")
def losses():
    return LevelLosses(TRAIN, HELD_OUT, exact(), times=TIMES)


def test_the_memoriser_is_all_memorised(losses):
    levels = losses.measure(exact())
    assert levels.memorised == 1
    assert torch.equal(levels.train, levels.exact_train)
    assert torch.equal(levels.held_out, levels.exact_held_out)
    assert levels.gap > 0.9
    assert levels.gap == pytest.approx(
        1 - float(levels.exact_train.mean() / levels.exact_held_out.mean())
    )


def test_what_costs_the_same_on_both_has_no_gap():
    levels = LevelLosses(TRAIN, TRAIN, exact(), times=TIMES).measure(network())
    assert (levels.gap, levels.memorised) == (0, 0)
    assert torch.equal(levels.exact_train, levels.exact_held_out)


def test_half_way_to_the_memoriser_is_in_between():
    """Estimates between one that ignores what it sees, all grey, and the memoriser's."""
    losses = LevelLosses(TRAIN, HELD_OUT, exact(Clean()), times=TIMES)
    memorised, gap = [], []
    for share in (0.0, 0.3, 0.7, 1.0):
        model = Answer(lambda m, share=share: share * m)
        levels = losses.measure(Denoiser(model, Linear(), Clean(), Uniform()))
        memorised.append(levels.memorised)
        gap.append(levels.gap)
    for gauge in (memorised, gap):
        assert sorted(gauge) == gauge
        assert abs(gauge[0]) < 0.05
    assert memorised[-1] == pytest.approx(1)


def test_above_the_floor_is_the_distance_from_the_memoriser():
    """E |D - x0|^2 = E |M - x0|^2 + E |D - M|^2, where D is the memoriser's estimate moved."""
    losses = LevelLosses(TRAIN.repeat(10, 1, 1, 1), HELD_OUT, exact(Clean()), times=TIMES)
    levels = losses.measure(Denoiser(Answer(lambda m: m + 0.1), Linear(), Clean(), Uniform()))
    above = levels.train - levels.exact_train
    torch.testing.assert_close(above, torch.full_like(above, 0.01), rtol=0.05, atol=0)


@pytest.mark.parametrize("change", [lambda m: 0.9 * m, lambda m: m.clamp(-0.5, 0.5), torch.sign])
def test_no_network_is_below_the_floor(change):
    losses = LevelLosses(TRAIN.repeat(5, 1, 1, 1), HELD_OUT, exact(Clean()), times=TIMES)
    levels = losses.measure(Denoiser(Answer(change), Linear(), Clean(), Uniform()))
    assert (levels.train > levels.exact_train - 5e-4).all()  # a mean of 200 draws
    assert levels.train.mean() > levels.exact_train.mean() + 5e-4


def test_an_untrained_network_is_above_the_floor(losses):
    levels = losses.measure(network())
    assert (levels.train > levels.exact_train).all()
    assert abs(levels.gap) < 0.01


@pytest.mark.parametrize("denoiser", [network(), exact()], ids=["network", "exact"])
def test_losses_are_those_of_one_sprite_after_the_other(losses, denoiser):
    levels = losses.measure(denoiser)
    for images, mean in ((TRAIN, levels.train), (HELD_OUT, levels.held_out)):
        for t, found in list(zip(TIMES, mean, strict=True))[::2]:
            each = [
                denoiser.loss(
                    PixelCodec().encode(images[k : k + 1]),
                    torch.tensor([t]),
                    ImageNoise(0, [k], (4, 8, 8))(0),
                ).item()
                for k in range(len(images))
            ]
            assert found == pytest.approx(sum(each) / len(each), rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_the_batch_size_changes_nothing(losses, batch_size):
    other = LevelLosses(TRAIN, HELD_OUT, exact(), times=TIMES, batch_size=batch_size)
    one, two = (found.measure(network()).plain() for found in (losses, other))
    for name, curve in one.items():
        assert curve == pytest.approx(two[name], rel=1e-4, abs=1e-8), name


@pytest.mark.parametrize("prediction", [Epsilon(), Clean(), Velocity()])
@pytest.mark.parametrize("weighting", [Uniform(), MinSNR(2.0)])
def test_clean_error_turns_the_loss_into_that_of_the_clean_estimate(prediction, weighting):
    denoiser = network(prediction, weighting)
    losses = LevelLosses(TRAIN, HELD_OUT, exact(prediction, weighting), times=TIMES)
    levels = losses.measure(denoiser)
    x_t = noised(CLEAN, Linear(), torch.tensor(TIMES))
    for k, t in enumerate(TIMES):
        estimate = denoiser(x_t[:, k], torch.full((len(CLEAN),), t))
        error = (estimate - CLEAN).square().mean()
        found = levels.train[k] * levels.clean_error[k]
        torch.testing.assert_close(found.float(), error, rtol=1e-3, atol=1e-5)


def test_labels_reach_the_network():
    class Labelled(nn.Module):
        classes = 2

        def forward(self, x_t, t, label):
            return label.view(-1, 1, 1, 1) * torch.ones_like(x_t)

    labels = torch.ones(40).long(), torch.full((30,), 3)
    losses = LevelLosses(TRAIN, HELD_OUT, exact(Clean()), labels, times=TIMES)
    levels = losses.measure(Denoiser(Labelled(), Linear(), Clean(), Uniform()))
    held_out = (PixelCodec().encode(HELD_OUT) - 3).square().mean()
    torch.testing.assert_close(levels.train.float(), (CLEAN - 1).square().mean().expand(5))
    torch.testing.assert_close(levels.held_out.float(), held_out.expand(5))


def test_without_held_out_sprites_there_is_no_gap():
    with pytest.raises(UserError, match="held-out"):
        LevelLosses(TRAIN, HELD_OUT[:0], exact())


def test_a_history_is_told_once_however_often_it_is_interrupted(losses):
    first, second = losses.measure(network()), losses.measure(exact())
    assert history(None) == []
    rows = None
    for images in (100, 200, 300):
        rows = json.loads(longer_history(rows, images, first))
    rows = json.loads(longer_history(rows, 200, second))
    assert rows == history(rows)
    assert rows == [{"images": 100, **first.plain()}, {"images": 200, **second.plain()}]


@pytest.mark.parametrize(
    "text",
    [
        "[3]",
        '[{"images": "1", "t": [1], "train": [1], "held-out": [1]}]',
        '[{"images": 1, "t": [], "train": [], "held-out": []}]',
        '[{"t": [1]}]',
        '{"a": 1}',
        '[{"images": 2, "t": [1], "train": [1, 2], "held-out": [1]}]',
        '[{"images": 2, "t": [1], "train": [1], "held-out": [1]},'
        ' {"images": 1, "t": [1], "train": [1], "held-out": [1]}]',
    ],
)
def test_a_foreign_history_is_refused(text):
    with pytest.raises(UserError, match="remove it"):
        history(json.loads(text))
