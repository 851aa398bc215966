"""The judge of a data set: copies are called copies, and nothing is ever a NaN."""

import math

import pytest
import torch

from datamodules.forge import ForgeData
from diffusion.errors import UserError
from diffusion.judge import Judge, with_inception
from diffusion.metrics.pixel_art import PixelArt
from diffusion.metrics.sprite_features import SpriteFeatures

METRICS = {"sprite_features": SpriteFeatures(), "pixel_art": PixelArt()}


@pytest.fixture(scope="module")
def data():
    data = ForgeData(n=600)
    data.setup()
    return data


@pytest.fixture(scope="module")
def judge(data):
    return Judge.of(data, METRICS, 60)


def test_unseen_sprites_are_good_and_new(judge, data):
    scores = judge.scores(data.images(data.split["test"]))
    assert not scores["copying"]
    assert scores["copy_rate"] <= 0.05
    assert scores["valid_exact"] == 1
    assert scores["sprite_fd"] == pytest.approx(judge.floors["sprite_fd"], abs=3)
    assert all(math.isfinite(value) for value in scores.values())


@pytest.mark.parametrize(("most", "said"), [(8, True), (200, False), (None, False)])
def test_real_sprites_in_few_colours_are_said_to_be(most, said):
    few = ForgeData(n=100, most_colours=most)
    few.setup()
    notes = [note for note in Judge.of(few, {}, 8).notes if "data.most_colours" in note]
    assert bool(notes) == said
    assert all(f"real sprites in {most} colours" in note for note in notes)


def test_it_knows_beforehand_what_it_will_measure(judge, data):
    known = judge.names()
    assert sorted(known) == sorted(set(known))
    assert set(known) == judge.scores(data.images(data.split["test"])).keys()


def test_training_sprites_are_copies(judge, data):
    made = data.images(data.split["train"][5:65])
    scores, findings = judge.scores(made), judge.passport.examine(made)
    assert scores["copying"] == scores["copy_rate"] == scores["copy"] == 1
    assert judge.rows[findings.row.numpy()].tolist() == data.split["train"][5:65].tolist()


def test_a_fifth_of_copies_is_noticed_and_a_tenth_of_sixty_is_enough(judge, data):
    unseen, seen = data.images(data.split["test"]), data.images(data.split["train"])
    for copies, copying in ((0, 0), (6, 1), (12, 1)):
        made = torch.cat([seen[:copies], unseen[: 60 - copies]])
        assert judge.scores(made)["copying"] == copying


def test_noise_scores_worse_than_sprites_in_everything_that_is_measured(judge, data):
    full = judge.full_scores(data.images(data.split["test"]))
    for name in ("sprite_fd", "sprite_kd", "colours_distance", "orphans_distance"):
        assert full[name].value < full[name].noise / 10, name


def test_too_few_sprites_are_said_once_and_leave_the_metric_out(data):
    judge = Judge.of(data, METRICS, 3)
    made = data.images(data.split["test"][:3])
    for _ in range(2):
        scores = judge.scores(made)
        assert "sprite_fd" not in scores
        assert scores["colours_distance"] >= 0
    assert len(judge.notes) == 1
    assert judge.notes[0].startswith("sprite_features is not measured: ")
    assert "sprite_fd" not in judge.full_scores(made)


def test_what_is_noted_of_some_samples_is_not_noted_of_others(data):
    judge = Judge.of(data, METRICS, 60)
    first, second = judge.afresh(), judge.afresh()
    first.full_scores(data.images(data.split["test"][:3]))
    assert len(first.notes) == 1
    assert second.notes == judge.notes == []
    made = data.images(data.split["test"])
    assert second.full_scores(made) == judge.full_scores(made)


def test_without_a_split_everything_is_the_reference(data):
    judge = Judge.of(data, {}, 10, split=False)
    assert len(judge.rows) == 600
    assert judge.floors == {}
    held_out = data.images(data.split["test"][:10])
    assert judge.scores(held_out)["copy_rate"] == 1
    assert judge.passport.base_rates["copy_rate"] <= 0.05


def test_inception_weights_that_are_not_there_are_refused_at_once(tmp_path):
    assert with_inception(METRICS, False) == METRICS
    with pytest.raises(UserError):
        with_inception(METRICS, str(tmp_path / "missing.pth"))


def test_a_large_set_is_searched_in_part_and_that_is_said(data):
    judge = Judge.of(data, {}, 10, searched=100)
    assert len(judge.rows) == 100
    assert judge.notes == [
        "While training, copies are looked for among 100 of the 480 training sprites; report.py "
        "looks at all."
    ]
    assert judge.scores(data.images(judge.rows[:10]))["copy"] == 1
