"""Floors, ceilings and intervals, with a metric simple enough to compute by hand."""

import pytest
import torch

from diffusion.metrics.base import Metric, NotMeasurable
from diffusion.metrics.scale import Scale, mean_sprite, noise_like


class Brightness(Metric):
    """The difference of mean brightness; refuses fewer than four sprites."""

    higher_is_better = frozenset({"likeness"})

    def describe(self, images):
        return images.double().flatten(1).mean(1, keepdim=True)

    def compare(self, samples, reference):
        if len(samples) < 4:
            raise NotMeasurable("Brightness needs 4 sprites.")
        gap = float((samples.mean() - reference.mean()).abs())
        return {"gap": gap, "likeness": -gap}


def sprites(n, level, spread=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(-spread, spread + 1, (n, 1, 4, 4), generator=generator)
    return (level + noise).to(torch.uint8)


def test_a_score_has_everything_beside_it():
    training, held_out = sprites(400, 100), sprites(40, 101, seed=1)
    made = sprites(200, 130, seed=2)
    scale = Scale(Brightness(), training, held_out, 50)
    scores = scale.full_scores(made)
    gap = scores["gap"]
    brightness = [float(images.double().mean()) for images in (training, held_out, made)]
    assert gap.value == pytest.approx(brightness[2] - brightness[0])
    assert gap.floor == pytest.approx(abs(brightness[1] - brightness[0]))
    assert (gap.n, gap.floor_n) == (200, 40)
    assert gap.mean == pytest.approx(0, abs=0.6)  # the mean sprite is as bright as the mean
    assert gap.noise > 10
    assert not gap.higher_is_better
    assert scores["likeness"].higher_is_better
    assert gap.matched == pytest.approx(gap.value, abs=0.5)  # five parts of forty make up all
    assert scale.scores(made) == {"gap": gap.value, "likeness": -gap.value}


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """100 sets of 60 sprites each: about 95 intervals must hold the true difference of 30."""
    scale = Scale(Brightness(), sprites(20000, 100), sprites(40, 100, seed=1), 10)
    truth, held = 30.0, 0
    for seed in range(100):
        gap = scale.full_scores(sprites(60, 130, seed=seed + 2))["gap"]
        held += gap.low < truth < gap.high
    assert 86 <= held <= 100


class Hits(Metric):
    """Share of the 300 values of a sprite's first pixels that some sample has."""

    higher_is_better = frozenset({"hit"})
    counted = {"hit": 1.0}

    def describe(self, images):
        return (images[:, 0, 0, :2].double() @ torch.tensor([1.0, 256.0]).double())[:, None]

    def compare(self, samples, reference):
        return {"hit": float(torch.isin(reference.unique(), samples).double().mean())}


@pytest.mark.parametrize("span", [300, 3_000_000])
def test_the_interval_of_a_share_holds_it_too(span):
    """Whether a third of all is hit, or nothing at all in most sets."""
    generator = torch.Generator().manual_seed(span)

    def hitting(n):
        numbers = torch.randint(0, span, (n,), generator=generator)
        images = torch.full((n, 1, 2, 2), 255, dtype=torch.uint8)
        for place, values in enumerate((numbers % 256, numbers // 256)):
            images[:, 0, 0, place] = values.clamp(max=255)
        return images

    reference = torch.zeros(300, 1, 2, 2, dtype=torch.uint8)
    reference[:, 0, 0, 0], reference[:, 0, 0, 1] = (
        torch.arange(300) % 256,
        torch.arange(300) // 256,
    )
    scale = Scale(Hits(), reference, reference[:0], 10)
    scores = [scale.full_scores(hitting(128))["hit"] for _ in range(150)]
    truth = sum(score.value for score in scores) / len(scores)
    assert all(0 <= score.low < score.high <= 1 for score in scores)
    assert sum(score.low <= truth <= score.high for score in scores) >= 0.9 * len(scores)


def test_the_same_sprites_have_the_same_interval():
    scale = Scale(Brightness(), sprites(100, 100), sprites(10, 100, seed=1), 10)
    made = sprites(30, 120, seed=3)
    assert scale.full_scores(made) == scale.full_scores(made)


def test_what_cannot_be_measured_is_none_or_said():
    scale = Scale(Brightness(), sprites(100, 100), sprites(2, 100), 10)
    assert scale.full_scores(sprites(30, 120))["gap"].floor is None
    none = Scale(Brightness(), sprites(100, 100), sprites(0, 100), 10)
    assert none.full_scores(sprites(30, 120))["gap"].floor_n == 0
    with pytest.raises(NotMeasurable, match="needs 4 sprites"):
        scale.full_scores(sprites(3, 120))


@pytest.mark.parametrize("hard", [True, False])
def test_ceilings_have_alpha_as_the_data_has_it(hard):
    images = torch.zeros(10, 4, 6, 6, dtype=torch.uint8)
    images[:, :, 2:4, 2:4] = 255
    if not hard:
        images[0, 3, 2, 2] = 99
    noise, mean = noise_like(images, 50), mean_sprite(images, 3)
    for made in (noise, mean):
        alpha = made[:, 3]
        assert made.dtype == torch.uint8
        assert (made[:, :3][alpha[:, None].expand(-1, 3, -1, -1) == 0] == 0).all()
        if hard:
            assert ((alpha == 0) | (alpha == 255)).all()
    assert len(torch.unique(noise, dim=0)) == 50
    assert (mean == mean[0]).all()
    grey = noise_like(images[:, :1], 5)
    assert grey.shape == (5, 1, 6, 6)
