"""What every part of a kind must hold, whoever wrote it. A law takes a maker, `make(**values)`.

A law fails by an assertion of its own; where it forbids a crash, it says so. Noise levels are
those of the cosine schedule unless a law says otherwise; tensors `(B, C, H, W)`.
"""

import io
import math
import os
import tempfile
from contextlib import chdir, contextmanager
from functools import cache, partial
from itertools import pairwise, product
from pathlib import Path
from unittest import mock

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.accelerators import AcceleratorRegistry
from lightning.pytorch.loggers import Logger
from parts import names, part
from torch import Tensor, nn

from datamodules.errors import DataError
from diffusion.callbacks.checkpoints import Checkpoints
from diffusion.commands.trainer import check_loggers, compose_loggers, compose_trainer
from diffusion.denoiser import Denoiser
from diffusion.engines.base import Layout, Taken
from diffusion.errors import UserError
from diffusion.metrics.base import NotMeasurable
from diffusion.palette import Palette
from diffusion.predictions import Clean, Epsilon, Velocity
from diffusion.runs.checkpoint import AtomicCheckpointIO
from diffusion.runs.loggers import ended_loggers
from diffusion.samplers.base import Origin
from diffusion.schedules.base import GRIDS
from diffusion.schedules.cosine import Cosine
from diffusion.weightings import Uniform

COSINE = Cosine()
TIMES = torch.linspace(0, 1, 1001, dtype=torch.float64)
HEAVY = 2 * 10**7  # weights; of such a network the shapes alone are asked about


def weighs(make):
    """The number of a network's weights, which are not made for it."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in make(channels=4, classes=0).parameters())


@cache
def _all(group):
    """One of each part that `conf/` offers."""
    return tuple(part(group, name)() for name in names(group))


@contextmanager
def _not_crashing():
    """For laws that forbid a crash."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"it ends with {type(error).__name__}: {error}") from error


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


def answers_each_time_by_itself(make):
    schedule, some = make(), TIMES[1:500:83]
    together = torch.stack(schedule(some))
    alone = torch.cat([torch.stack(schedule(t.view(1))) for t in some], dim=1)
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(together, torch.stack([*schedule(some.view(-1, 1))])[..., 0])


def gives_float32_levels_near_the_exact_ones(make):
    schedule = make()
    levels, exact = schedule(TIMES.float()), schedule(TIMES.float().double())
    assert all(level.dtype == torch.float32 for level in levels)
    torch.testing.assert_close(levels[1].double(), exact[1], rtol=1e-6, atol=1e-7)


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
    """Of every schedule. A sampler of Gaussian sprites is linear in its draws: a pixel without any
    ends on the mean, and of pixels with one draw each the squares add up to the variance."""
    order = make().order
    n, tolerance = (150, 0.035) if order == 1 else (60, 0.01)
    sampler = make(steps=n, clip=False)
    noise = torch.eye(n + 1, n + 2, dtype=torch.float64).view(n + 1, 1, 1, 1, n + 2)
    for schedule in _all("schedule"):
        pixels = sampler(Gaussian(schedule=schedule), noise.__getitem__).flatten()
        deviation = (pixels[:-1] - pixels[-1]).square().sum().sqrt()
        assert abs(float(pixels[-1]) - 0.3) < 0.02, schedule
        assert abs(float(deviation) - 0.5) < tolerance, schedule


def stays_near_a_sprite_that_it_starts_from(make):
    """From a level with little noise; from pure noise nothing of it is left."""
    sprite = torch.linspace(-1, 1, 256).view(1, 16, 16).double()

    def distance(schedule, *origin):
        made = make(steps=20)(Gaussian(schedule=schedule), draws(4), None, *origin)
        return float((made - sprite).square().mean().sqrt())

    for schedule in _all("schedule"):
        alpha, sigma = schedule(torch.tensor([0.02]).double())
        near = distance(schedule, Origin(sprite, 0.02))
        assert near < 2 * sigma / alpha, schedule
    half, far = (distance(COSINE, Origin(sprite, level)) for level in (0.5, 1.0))
    assert 0.1 < half < far
    assert far > 0.5 * distance(COSINE)


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


UNIFORM = (Uniform(),)


def _recipes(loss=None, predictions=None, weightings=UNIFORM):
    """The predictions, schedules and weightings that go together in a denoiser with this loss."""
    for recipe in product(predictions or _all("prediction"), _all("schedule"), weightings):
        prediction, schedule, weighting = recipe
        try:
            Denoiser(nn.Identity(), schedule, prediction, weighting, loss)
        except UserError:
            continue
        yield recipe


def _answers(prediction, schedule):
    """Clean sprites, noise, noised sprites, levels, and the output that means the sprites."""
    generator = torch.Generator().manual_seed(0)
    t = LEVELS.double()
    alpha, sigma = (level.view(-1, 1, 1, 1) for level in schedule(t))
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
    for _, schedule, _ in _recipes(predictions=[prediction]):
        x0, _, x_t, alpha, sigma, output = _answers(prediction, schedule)
        torch.testing.assert_close(prediction.to_clean(output, x_t, alpha, sigma), x0)


def has_no_error_where_it_is_right(make):
    prediction = make()
    for _, schedule, _ in _recipes(predictions=[prediction]):
        x0, eps, x_t, alpha, sigma, output = _answers(prediction, schedule)
        for error in (prediction.error, prediction.training_error):
            right = error(output, x0, eps, x_t, alpha, sigma)
            wrong = error(0.5 * output.roll(1, 0), x0, eps, x_t, alpha, sigma)
            assert right.shape == (6,)
            assert float(right.abs().max()) < 1e-6
            assert (wrong[SEEN:] > 1e-4).all()


def scales_its_error_to_that_of_the_clean_sprite(make):
    prediction = make()
    for _, schedule, _ in _recipes(predictions=[prediction]):
        _is_scaled(prediction.error, prediction.clean_scale, prediction, schedule)


def _is_scaled(error, clean_scale, prediction, schedule):
    """error = |clean error|^2 / clean_scale"""
    x0, eps, x_t, alpha, sigma, output = _answers(prediction, schedule)
    output = output + torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    clean = prediction.to_clean(output, x_t, alpha, sigma)
    scale = clean_scale((alpha / sigma).square().flatten())
    expected = (clean - x0).square().mean(dim=(1, 2, 3)) / scale
    torch.testing.assert_close(error(output, x0, eps, x_t, alpha, sigma), expected)


def is_at_home_in_a_recipe_and_refuses_others_with_a_sentence(make):
    """Any other end than a `UserError` breaks it."""
    with _not_crashing():
        assert list(_recipes(make(), weightings=_all("weighting")))


def is_zero_where_the_answer_is_right_and_more_elsewhere(make):
    """Of every prediction and schedule that the loss goes with, at every level of training."""
    loss = make()
    for prediction, schedule, _ in _recipes(loss):
        x0, eps, x_t, alpha, sigma, output = _answers(prediction, schedule)
        right = loss.error(prediction, output, x0, eps, x_t, alpha, sigma)
        wrong = loss.error(prediction, 0.5 * output.roll(1, 0), x0, eps, x_t, alpha, sigma)
        assert right.shape == wrong.shape == (6,)
        assert float(right.abs().max()) < 1e-6
        assert wrong.isfinite().all()
        assert (wrong >= 0).all()
        assert (wrong[SEEN:] > 1e-6).all()


def counts_every_level_of_training(make):
    """With every weighting that the loss goes with; in pure noise a weight may be 0."""
    loss = make()
    for _, schedule, weighting in _recipes(loss, weightings=_all("weighting")):
        alpha, sigma = schedule(LEVELS.double())
        snr = (alpha / sigma).square()
        weight = weighting(snr, loss.clean_scale(snr))
        assert weight.shape == snr.shape
        assert weight.isfinite().all(), (schedule, weighting)
        assert (weight >= 0).all()
        assert (weight[snr > 0] > 0).all(), (schedule, weighting)


def is_scaled_where_a_weighting_relies_on_it(make):
    loss, snr, one = make(), torch.tensor([0.1, 9.0]), torch.ones(2)
    for prediction, schedule, weighting in _recipes(loss, weightings=_all("weighting")):
        if not torch.equal(weighting(snr, one), weighting(snr, 2 * one)):
            _is_scaled(partial(loss.error, prediction), loss.clean_scale, prediction, schedule)


def is_positive_and_finite(make):
    snr = torch.logspace(-5, 5, 41).double()
    for prediction in (Epsilon(), Clean(), Velocity()):
        weight = make()(snr, prediction.clean_scale(snr))
        assert weight.shape == snr.shape
        assert weight.isfinite().all()
        assert (weight > 0).all()


def is_finite_in_pure_noise(make):
    none = torch.zeros(3).double()
    for prediction in (Clean(), Velocity()):  # the denoiser refuses epsilon there
        weight = make()(none, prediction.clean_scale(none))
        assert weight.isfinite().all()
        assert (weight >= 0).all()


def takes_any_channels_and_sizes(make):
    for channels, height, width in ((1, 24, 24), (4, 13, 17), (3, 5, 3)):
        with torch.device("meta"):
            x = torch.empty(2, channels, height, width)
            model = make(channels=channels, classes=0)
            assert model(x, torch.empty(2)).shape == x.shape


def answers_with_numbers_at_odd_sizes(make):
    model = _awake(make, classes=0)
    for height, width in ((5, 3), (13, 7), (1, 1)):
        x = torch.randn(2, 4, height, width)
        with torch.no_grad():
            answer = model(x, torch.tensor([0.001, 1.0]))
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
    if not any(value == "nowhere.file" for value in make.settings().values()):
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


def _trainer(make):
    """As `train.py` makes it, on the processor."""
    config = make.config()
    config["trainer"]["accelerator"] = "cpu"
    with _not_crashing(), tempfile.TemporaryDirectory() as folder:
        return compose_trainer(config, Path(folder))


def is_a_trainer_with_a_budget(make):
    known = {"auto", "gpu", *AcceleratorRegistry.available_accelerators()}
    assert make.config()["trainer"]["accelerator"] in known
    trainer = _trainer(make)
    assert isinstance(trainer, Trainer)
    assert trainer.max_steps > 0 or make.config()["trainer"]["max_time"]


def has_our_checkpoints_and_no_sanity_steps(make):
    trainer = _trainer(make)
    assert any(isinstance(each, Checkpoints) for each in trainer.callbacks)
    assert isinstance(trainer.strategy.checkpoint_io, AtomicCheckpointIO)
    assert trainer.num_sanity_val_steps == 0


def are_callbacks_in_a_trainer(make):
    callbacks = _trainer(make).callbacks
    assert all(isinstance(each, Callback) for each in callbacks)
    made = {f"{type(each).__module__}.{type(each).__qualname__}" for each in callbacks}
    assert {each["_target_"] for each in make.config()["callbacks"].values() if each} <= made


def logs_a_number_and_stays_in_the_run(make):
    """A crash breaks it; a logger whose package is not installed is skipped."""
    with tempfile.TemporaryDirectory() as place:
        run, elsewhere = Path(place) / "run", Path(place) / "elsewhere"
        run.mkdir()
        elsewhere.mkdir()
        offline = mock.patch.dict(os.environ, {"WANDB_MODE": "disabled"})
        with offline, chdir(elsewhere), ended_loggers(), _not_crashing():
            try:
                check_loggers(make.config())
            except UserError as error:
                if "is not installed" in str(error):
                    pytest.skip(str(error))
                raise
            loggers = compose_loggers(make.config(), run, 0)
            assert all(isinstance(logger, Logger) for logger in loggers)
            for logger in loggers:
                logger.log_metrics({"train/loss": 0.5}, step=1)
                logger.finalize("success")
        assert (run / "metrics.csv").exists()
        assert not list(elsewhere.iterdir())


def taken(tag, channels=4, n=5):
    """Sprites that are taken away, of some colours, in a sheet with room between them."""
    drawn = torch.Generator().manual_seed(0)
    images = torch.randint(0, 5, (n, channels, 6, 4), generator=drawn, dtype=torch.uint8) * 60
    names, labels = [f"sprite-{k}" for k in range(n)], ["one", None, "two", "two", "<&>"][:n]
    return Taken(images, names, labels, None, Layout(spacing=1, margin=2), tag)


def has_its_package(make):
    """Skips where a kind of file needs a package that this Python cannot have."""
    try:
        make().content(taken(""))
    except UserError as error:
        if "needs the package" not in str(error):
            raise
        pytest.skip(str(error))


def writes_what_it_names(make):
    """As many contents as names, of any channels, the same each time."""
    has_its_package(make)
    for channels in (1, 3, 4):
        found = make().content(taken("", channels))
        assert len(found) == len(make().names("")) > 0
        assert all(isinstance(content, bytes) and content for content in found)
        assert make().content(taken("", channels)) == found


def names_files_of_parts_apart(make):
    """The files of every part have other names, and none is one that is there anyway."""
    names = [name for tag in ("", "-00000", "-00001") for name in make().names(tag)]
    anyway = {f"{name}{tag}" for name in ("sheet", "grid", "sprites") for tag in (".png", ".npz")}
    assert len(set(names)) == len(names)
    assert not set(names) & (anyway | {"manifest.json", "settings.json"})
    assert all("/" not in name for name in names)


def tells_different_sprites_apart(make):
    """What is written depends on the sprites or on where they are."""
    has_its_package(make)
    one, more = make().content(taken("")), make().content(taken("", n=4))
    assert one != more


LAWS = {
    "files": (writes_what_it_names, names_files_of_parts_apart, tells_different_sprites_apart),
    "schedule": (
        starts_clean_and_keeps_the_variance,
        loses_signal_at_every_step_until_its_clamp,
        agrees_with_its_log_snr,
        says_whether_epsilon_can_be_inverted,
        makes_grids_that_fall_from_one_to_zero,
        answers_each_time_by_itself,
        gives_float32_levels_near_the_exact_ones,
    ),
    "loss": (
        is_at_home_in_a_recipe_and_refuses_others_with_a_sentence,
        is_zero_where_the_answer_is_right_and_more_elsewhere,
        counts_every_level_of_training,
        is_scaled_where_a_weighting_relies_on_it,
    ),
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
    "weighting": (is_positive_and_finite, is_finite_in_pure_noise),
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
    "trainer": (is_a_trainer_with_a_budget, has_our_checkpoints_and_no_sanity_steps),
    "callbacks": (are_callbacks_in_a_trainer,),
    "logger": (logs_a_number_and_stays_in_the_run,),
}
CHOICES = {"experiment", "sweep"}
"""Groups that choose among others and hold no part; `test_conf.py` composes them."""
