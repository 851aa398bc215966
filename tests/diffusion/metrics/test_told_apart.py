"""Told apart: what cannot be told is not, what can be is, and copies never pass both numbers."""

import numpy as np
import pytest
import torch
from torch import nn

from datamodules.forge import ForgeData
from diffusion.judge import Judge
from diffusion.metrics import told_apart
from diffusion.metrics.base import NotMeasurable
from diffusion.metrics.told_apart import ToldApart, logits

N = 400


@pytest.fixture(scope="module")
def data():
    made = ForgeData(n=3000)
    made.setup()
    return made


@pytest.fixture(scope="module")
def judge(data):
    return Judge.of(data, {}, N)


@pytest.fixture(scope="module")
def training(data):
    rows = np.random.default_rng(0).permutation(data.split["train"])[:N]
    return data.images(rows)


def pair(judge, images):
    """How often they are told apart, and the share of copies."""
    told = judge.told_apart(images, judges=1, with_floor=False)
    return told.value, judge.rates(images, judge.passport.examine(images))["copy_rate"]


def retouched(images):
    changed, drawn = images.clone(), torch.Generator().manual_seed(0)
    for sprite in changed:
        y, x = torch.randint(4, 12, (2,), generator=drawn)
        sprite[:, y, x] = torch.tensor([200, 0, 100, 255], dtype=torch.uint8)
    return changed


def test_unseen_real_sprites_are_not_told_apart(data, judge):
    score = judge.told_apart(data.images(data.split["val"]), judges=2)
    assert score.low < 0.5 < score.high
    assert score.floor == score.value
    assert score.floor_n == len(data.split["val"])


PLANTED = {
    "copies": lambda real: real,
    "one pixel repainted": retouched,
    "blanks": torch.zeros_like,
    "one sprite throughout": lambda real: real[:1].expand_as(real),
}


@pytest.mark.usefixtures("short_judges")
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_no_new_sprite_fails_one_of_the_two(judge, training, name):
    told, copies = pair(judge, PLANTED[name](training))
    assert max(abs(told - 0.5) > 0.2, copies > 0.5)
    if name == "copies":
        assert told < 0.6  # a judge alone would not notice
        assert copies == 1


@pytest.mark.usefixtures("short_judges")
def test_the_stronger_the_damage_the_more_often_it_is_told(judge, training):
    def swapped(share):
        flat, drawn = training.clone().flatten(2), torch.Generator().manual_seed(0)
        for sprite in flat:
            rows = torch.randperm(256, generator=drawn)[: int(share * 256)]
            sprite[:, rows] = sprite[:, rows.roll(1)]
        return flat.view_as(training)

    told = [pair(judge, swapped(share))[0] for share in (0, 0.06, 0.3)]
    assert told == sorted(told)
    assert told[2] > 0.9


def test_who_may_have_seen_all_is_not_judged(data, training):
    judge = Judge.of(data, {}, N, split=False)
    assert judge.told_apart(training) is None
    assert (
        judge.notes[-1]
        == "told apart is not measured: No real sprites were kept from who made these."
    )


def test_it_is_said_when_there_are_too_few(data, training):
    test = data.split["test"]
    few = data.images(test[:30])
    with pytest.raises(NotMeasurable, match="30 groups of unseen real sprites, and 40"):
        ToldApart(training, few, np.arange(30))
    with pytest.raises(NotMeasurable, match="20 groups"):
        ToldApart(training, data.images(test), np.arange(len(test)) % 20)
    asked = ToldApart(training, data.images(test), data.groups[test], judges=1)
    with pytest.raises(NotMeasurable, match="39 samples in a half"):
        asked.score(training[:79])


def test_an_interval_that_says_nothing_is_no_answer(monkeypatch, data, training):
    test = data.split["test"][:44]
    asked = ToldApart(training, data.images(test), data.groups[test], judges=2)
    monkeypatch.setattr(told_apart, "trained", lambda *_: nn.Sequential(nn.Flatten(), Odd()))
    with pytest.raises(NotMeasurable, match="with so few: the interval is"):
        asked.score(training[:90])


class Odd(nn.Module):
    """Answers by chance, the same for the same sprite."""

    def forward(self, x):
        return torch.sin(1000 * x.sum(dim=1, keepdim=True))


def test_the_judge_is_the_same_for_the_same_seed(monkeypatch, training):
    monkeypatch.setattr(told_apart, "STEPS", 9)
    before = torch.get_rng_state()
    first, second = (told_apart.trained(training[:64], training[64:128], 0) for _ in range(2))
    assert torch.equal(logits(first, training[:9]), logits(second, training[:9]))
    assert torch.equal(torch.get_rng_state(), before)
