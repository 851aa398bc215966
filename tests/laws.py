"""What every part of a kind must hold, whoever wrote it. A law takes a maker, `make(**values)`.

Noise levels are those of the cosine schedule unless a law says otherwise; tensors `(B, C, H, W)`.
"""

import io
import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from datamodules.errors import DataError
from diffusion.errors import UserError
from diffusion.metrics.base import NotMeasurable
from diffusion.palette import Palette
from diffusion.predictions import Clean, Epsilon, Velocity
from diffusion.samplers.base import Origin
from diffusion.schedules.base import GRIDS
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.linear import Linear
from diffusion.schedules.wrappers import ZeroTerminal
from diffusion.weightings import Uniform

COSINE = Cosine()
TIMES = torch.linspace(0, 1, 1001, dtype=torch.float64)
HEAVY = 2 * 10**7  # weights; of such a network the shapes alone are asked about


def weighs(make):
    """The number of a network's weights, which are not made for it."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in make(channels=4, classes=0).parameters())


def starts_clean_and_keeps_the_variance(make):
    alpha, sigma = make()(TIMES)
    assert alpha[0] == 1
    assert sigma[0] == 0
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(alpha))


def loses_signal_at_every_step_until_its_clamp(make):
    schedule = make()
    log_snr = schedule.log_snr(TIMES)
    clamped = log_snr[1:] == schedule.min_log_snr
    assert ((log_snr[1:] < log_snr[:-1]) | clamped).all()
    assert log_snr[0] == math.inf
    assert clamped.sum() < 500, "more than half of its levels are one"


def agrees_with_its_log_snr(make):
    schedule = make()
    alpha, sigma = schedule(TIMES[1:-1])
    torch.testing.assert_close(2 * (alpha / sigma).log(), schedule.log_snr(TIMES[1:-1]))


def says_whether_epsilon_can_be_inverted(make):
    """Only what says that it reaches zero SNR goes below -10.2, the end of DDPM's table."""
    schedule = make()
    alpha, _ = schedule(TIMES[-1:])
    assert schedule.reaches_zero_snr == (float(alpha) == 0)
    assert schedule.reaches_zero_snr or schedule.log_snr(TIMES[-1:]) >= -10.2


def makes_grids_that_fall_from_one_to_zero(make):
    schedule = make()
    for spread in GRIDS:
        for n in (1, 2, 3, 17, schedule.steps):
            grid = schedule.grid(n, spread=spread)
            assert len(grid) == n + 1
            assert (grid[0], grid[-1]) == (1, 0)
            assert (grid.diff() < 0).all()


class Gaussian:
    """The exact denoiser of pixels that are independent N(mean, std^2)."""

    def __init__(self, mean: float = 0.3, std: float = 0.5, schedule=COSINE) -> None:
        self.schedule, self.mean, self.std = schedule, mean, std

    def __call__(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        alpha, sigma = (level.view(-1, 1, 1, 1) for level in self.schedule(t))
        gain = alpha * self.std**2 / (alpha**2 * self.std**2 + sigma**2)
        return self.mean + gain * (x_t - alpha * self.mean)


class Point:
    """The exact denoiser of a data set of one sprite."""

    schedule = COSINE

    def __init__(self, sprite: Tensor) -> None:
        self.sprite = sprite

    def __call__(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        return self.sprite.expand_as(x_t)


def draws(n, shape=(1, 16, 16), rows=None):
    """Noise by draw; sprite k has its own, whichever others are there."""

    def draw(k):
        generator = torch.Generator().manual_seed(k)
        noise = torch.randn(n, *shape, generator=generator, dtype=torch.float64)
        return noise if rows is None else noise[rows]

    return draw


def recovers_mean_and_deviation(make):
    for schedule in (COSINE, Linear(), ZeroTerminal(COSINE)):
        sprites = make(steps=150, clip=False)(Gaussian(schedule=schedule), draws(16))
        assert abs(float(sprites.mean()) - 0.3) < 0.03, schedule
        assert abs(float(sprites.std()) - 0.5) < 0.03, schedule


def stays_near_a_sprite_that_it_starts_from(make):
    """From a level with little noise; from pure noise nothing of it is left."""
    sprite = torch.linspace(-1, 1, 256).view(1, 16, 16).double()
    distances = []
    for level in (0.02, 0.3, 1.0):
        made = make(steps=100)(Gaussian(), draws(8), origin=Origin(sprite, level))
        distances.append(float((made - sprite).square().mean().sqrt()))
    assert distances[0] < 0.1
    assert distances == sorted(distances)
    whole = make(steps=100)(Gaussian(), draws(8))
    assert distances[2] > 0.5 * float((whole - sprite).square().mean().sqrt())


def tells_the_denoiser_the_labels(make):
    labels, told = torch.tensor([2, -1, 0]), []

    def listening(x_t, t, label=None):
        told.append(label)
        return Gaussian()(x_t, t)

    listening.schedule = COSINE
    make(steps=4)(listening, draws(3), label=labels)
    assert told
    assert all(label is not None and torch.equal(label, labels) for label in told)


def ends_on_the_only_sprite_after_any_number_of_steps(make):
    sprite = torch.linspace(-1, 1, 256).view(1, 1, 16, 16).double()
    for n in (1, 2, 3, 7, 30, 333):
        sprites = make(steps=n)(Point(sprite), draws(3))
        torch.testing.assert_close(sprites, sprite.expand_as(sprites))


def makes_a_sprite_the_same_alone(make):
    together = make(steps=6)(Gaussian(), draws(5))
    alone = make(steps=6)(Gaussian(), draws(5, rows=[3]))
    torch.testing.assert_close(together[3:4], alone)


def asks_as_often_as_it_says(make):
    asked, denoiser = [], Gaussian()

    def counting(*arguments):
        asked.append(1)
        return denoiser(*arguments)

    counting.schedule = denoiser.schedule
    for n in (1, 5):
        asked.clear()
        sampler = make(steps=n)
        sampler(counting, draws(1))
        assert len(asked) == sampler.evaluations


def converges_at_its_order(make):
    """Each draw has a pixel of its own, so the squares add up to the exact variance."""
    errors, order = [], make().order
    for n in (80, 160, 320):
        noise = torch.eye(n + 1, dtype=torch.float64)
        alpha, sigma = COSINE(torch.ones(1).double())
        noise[0] *= (alpha**2 * 0.25 + sigma**2).sqrt()
        way = make(steps=n, clip=False).trajectory(
            Gaussian(mean=0.0), lambda k, noise=noise: noise[k].view(1, 1, 1, -1)
        )
        level, x = next((level, x) for level, x, _ in way if level.t < 0.26)
        errors.append(abs(float(x.square().sum()) - level.alpha**2 * 0.25 - level.sigma**2))
    for coarse, fine in pairwise(errors):
        assert 0.7 * 2**order < coarse / fine < 1.4 * 2**order, errors


LEVELS = torch.tensor([0.001, 0.01, 0.1, 0.5, 0.9, 1.0])  # from end to end of training
SEEN = 2  # in less noise than at this one a palette sees colours whatever its network says


def _answers(prediction):
    """Clean sprites, noise, noised sprites, levels, and the output that means the sprites."""
    generator = torch.Generator().manual_seed(0)
    t = LEVELS.double()
    alpha, sigma = (level.view(-1, 1, 1, 1) for level in COSINE(t))
    x0 = torch.rand(6, 4, 5, 5, generator=generator).double() * 2 - 1
    eps = torch.randn(6, 4, 5, 5, generator=generator).double()
    if not isinstance(prediction, Palette):
        target = prediction.target(x0, eps, alpha, sigma)
        return x0, eps, alpha * x0 + sigma * eps, alpha, sigma, target
    kinds = torch.randint(0, len(prediction.colours), (6, 5, 5), generator=generator)
    x0 = prediction.colours.double()[kinds].permute(0, 3, 1, 2)
    sure = nn.functional.one_hot(kinds, len(prediction.colours)).permute(0, 3, 1, 2) * 1e4
    return x0, eps, alpha * x0 + sigma * eps, alpha, sigma, sure.double()


def comes_back_to_the_clean_sprite(make):
    prediction = make()
    x0, _, x_t, alpha, sigma, output = _answers(prediction)
    torch.testing.assert_close(prediction.to_clean(output, x_t, alpha, sigma), x0)


def has_no_error_where_it_is_right(make):
    prediction = make()
    x0, eps, x_t, alpha, sigma, output = _answers(prediction)
    for error in (prediction.error, prediction.training_error):
        right = error(output, x0, eps, x_t, alpha, sigma)
        assert right.shape == (6,)
        assert float(right.abs().max()) < 1e-6
        assert (error(0.5 * output.roll(1, 0), x0, eps, x_t, alpha, sigma)[SEEN:] > 1e-4).all()


def scales_its_error_to_that_of_the_clean_sprite(make):
    prediction = make()
    x0, eps, x_t, alpha, sigma, output = _answers(prediction)
    output = output + torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    clean = prediction.to_clean(output, x_t, alpha, sigma)
    scale = prediction.clean_scale((alpha / sigma).square().flatten())
    expected = (clean - x0).square().mean(dim=(1, 2, 3)) / scale
    torch.testing.assert_close(prediction.error(output, x0, eps, x_t, alpha, sigma), expected)


def is_zero_where_the_answer_is_right_and_more_elsewhere(make):
    """Of every prediction that the loss goes with, at every level of training."""
    loss, tried = make(), 0
    colours = [[0, 0, 0, 0], [255, 0, 0, 255], [20, 40, 90, 255]]
    for prediction in (Epsilon(), Clean(), Velocity(), Palette(colours)):
        try:
            loss.check(prediction, COSINE, Uniform())
        except UserError:
            continue
        x0, eps, x_t, alpha, sigma, output = _answers(prediction)
        right = loss.error(prediction, output, x0, eps, x_t, alpha, sigma)
        wrong = loss.error(prediction, 0.5 * output.roll(1, 0), x0, eps, x_t, alpha, sigma)
        assert right.shape == wrong.shape == (6,)
        assert float(right.abs().max()) < 1e-6
        assert wrong.isfinite().all()
        assert (wrong >= 0).all()
        assert (wrong[SEEN:] > 1e-6).all()
        scale = loss.clean_scale((alpha / sigma).square().flatten())
        assert scale.shape == (6,)
        assert (scale > 0).all()
        tried += 1
    assert tried


def is_positive_and_finite(make):
    snr = torch.logspace(-5, 5, 41).double()
    for prediction in (Epsilon(), Clean(), Velocity()):
        weight = make()(snr, prediction.clean_scale(snr))
        assert weight.shape == snr.shape
        assert weight.isfinite().all()
        assert (weight > 0).all()


def takes_any_channels_and_sizes(make):
    for channels, height, width in ((1, 16, 16), (4, 13, 17), (3, 5, 3), (4, 24, 24)):
        with torch.device("meta"):
            x = torch.empty(2, channels, height, width)
            model = make(channels=channels, classes=0)
            assert model(x, torch.empty(2)).shape == x.shape


def answers_with_numbers_at_odd_sizes(make):
    for height, width in ((5, 3), (13, 17), (1, 1)):
        x = torch.randn(2, 4, height, width)
        with torch.no_grad():
            answer = _awake(make, classes=0)(x, torch.tensor([0.001, 1.0]))
        assert answer.shape == x.shape
        assert answer.isfinite().all()


def _awake(make, **values):
    """Fresh networks output zeros; random last layers make every input count."""
    torch.manual_seed(0)
    model = make(channels=4, **values)
    for weight in model.parameters():
        if not weight.any():
            nn.init.normal_(weight, std=0.1)
    return model.eval()


def answers_each_sprite_by_itself(make):
    model = _awake(make, classes=0)
    x, t = torch.randn(3, 4, 8, 8), torch.tensor([0.1, 0.5, 0.9])
    with torch.no_grad():
        torch.testing.assert_close(model(x, t)[1:2], model(x[1:2], t[1:2]), atol=1e-4, rtol=1e-4)


def listens_to_time_and_label(make):
    model = _awake(make, classes=3)
    x, t = torch.randn(1, 4, 8, 8), torch.tensor([0.3])

    def answer(t, label):
        with torch.no_grad():
            return model(x, t, label)

    found = [answer(t, torch.tensor([k])) for k in (-1, 0, 1)] + [answer(t + 0.4, None)]
    for k, one in enumerate(found):
        for other in found[:k]:
            assert not torch.allclose(one, other)
    torch.testing.assert_close(found[0], answer(t, None))


def _sprites(n, seed=0):
    """Blocks of a few colours, half of each sprite transparent."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.randint(0, 4, (n, 4, 4, 4), generator=generator) * 80
    small[:, 3] = (small[:, 3] > 100) * 255
    return small.repeat_interleave(4, 2).repeat_interleave(4, 3).to(torch.uint8)


def describes_each_sprite_by_itself(make):
    metric, images = make(), _sprites(9)
    together = metric.describe(images)
    alone = torch.cat([metric.describe(images[k : k + 1]) for k in range(len(images))])
    torch.testing.assert_close(together, alone)


def compares_sets_whatever_their_order(make):
    metric, one, two = make(), _sprites(120), _sprites(150, seed=1)
    known, found = metric.describe(two), metric.describe(one)
    scores = metric.compare(found, known)
    assert scores
    assert all(math.isfinite(value) for value in scores.values())
    turned = metric.compare(found.flip(0), known.flip(0))
    for name, value in scores.items():
        assert math.isclose(turned[name], value, rel_tol=1e-4, abs_tol=1e-6), name


def says_what_it_cannot_measure(make):
    metric = make()
    for images in (_sprites(1), torch.zeros(40, 4, 16, 16, dtype=torch.uint8)):
        try:
            scores = metric.compare(metric.describe(images), metric.describe(_sprites(40)))
        except NotMeasurable:
            continue
        assert all(math.isfinite(value) for value in scores.values())


def says_what_is_missing(make):
    data = make()
    if not any(value == "nowhere.file" for value in make.settings.values()):
        data.setup()
        assert len(data.split["train"]) > 0
        return
    said = ""
    try:
        data.setup()
    except DataError as refusal:
        said = str(refusal)
    except Exception as error:
        raise AssertionError("what is missing is not said") from error
    assert "nowhere.file" in said


def _trained(optimizer, weights, steps):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = sum((weight - 1).square().sum() for weight in weights)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def _weights():
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(shape)) for shape in ((20, 24), (7,), (16, 4, 3, 3))]


def goes_down(make):
    losses = _trained(make()(weights := _weights()), weights, 20)
    assert losses[-1] < losses[0]
    assert all(weight.isfinite().all() for weight in weights)


def goes_on_from_what_a_checkpoint_keeps(make):
    weights = _weights()
    optimizer = make()(weights)
    _trained(optimizer, weights, 3)
    kept = io.BytesIO()
    torch.save({"state": optimizer.state_dict(), "weights": weights}, kept)
    kept.seek(0)
    read = torch.load(kept, weights_only=True)
    again = [nn.Parameter(weight.detach().clone()) for weight in read["weights"]]
    second = make()(again)
    second.load_state_dict(read["state"])
    _trained(optimizer, weights, 2)
    _trained(second, again, 2)
    assert all(torch.equal(one, two) for one, two in zip(weights, again, strict=True))


def is_a_share_of_the_rate_at_any_time(make):
    rate = make()
    for step in (0, 1, 50, 10**6):
        for progress in (0.0, 0.3, 1.0, 1.5):
            assert 0 <= rate(step, progress) <= 1
    assert max(rate(step, 0.0) for step in range(2000)) == 1


LAWS = {
    "schedule": (
        starts_clean_and_keeps_the_variance,
        loses_signal_at_every_step_until_its_clamp,
        agrees_with_its_log_snr,
        says_whether_epsilon_can_be_inverted,
        makes_grids_that_fall_from_one_to_zero,
    ),
    "loss": (is_zero_where_the_answer_is_right_and_more_elsewhere,),
    "sampler": (
        recovers_mean_and_deviation,
        stays_near_a_sprite_that_it_starts_from,
        tells_the_denoiser_the_labels,
        ends_on_the_only_sprite_after_any_number_of_steps,
        makes_a_sprite_the_same_alone,
        asks_as_often_as_it_says,
        converges_at_its_order,
    ),
    "prediction": (
        comes_back_to_the_clean_sprite,
        has_no_error_where_it_is_right,
        scales_its_error_to_that_of_the_clean_sprite,
    ),
    "weighting": (is_positive_and_finite,),
    "model": (
        takes_any_channels_and_sizes,
        answers_with_numbers_at_odd_sizes,
        answers_each_sprite_by_itself,
        listens_to_time_and_label,
    ),
    "metrics": (
        describes_each_sprite_by_itself,
        compares_sets_whatever_their_order,
        says_what_it_cannot_measure,
    ),
    "data": (says_what_is_missing,),
    "optimizer": (goes_down, goes_on_from_what_a_checkpoint_keeps),
    "learning_rate": (is_a_share_of_the_rate_at_any_time,),
}
