"""Is the best configuration better by more than its seeds differ?"""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import studentized_range, ttest_ind

from diffusion.errors import UserError
from diffusion.report.judged import Judged, Score
from diffusion.report.measure import names_of
from diffusion.report.plots import learning
from diffusion.report.ranking import compare, configurations, differing, leading_score
from diffusion.report.sentences import (
    cautions,
    headline,
    novelty_sentences,
    sentences_of_one,
    short,
)

NO_SPRITES = torch.zeros(0, 4, 8, 8, dtype=torch.uint8)


def run(model, seed, value, higher=False, interval=None, **config):
    low, high = (None, None) if interval is None else (value - interval, value + interval)
    score = Score(value, 100, low, high, higher_is_better=higher)
    settings = {"seed": seed, "model": model, "steps": 10, **config}
    return Judged(f"model-{model}_seed-{seed}", {}, NO_SPRITES, settings, {"sprite_fd": score})


def runs(higher=False, **values):
    return [run(m, k, v, higher) for m, each in values.items() for k, v in enumerate(each)]


def verdict(judged):
    return compare(judged, "sprite_fd")


def test_runs_that_differ_only_in_their_seed_are_one_configuration():
    judged = runs(small=[3.0, 3.2, 3.4], tiny=[5.0])
    found = configurations(judged)
    assert [(c.name, len(c.runs)) for c in found] == [("model-small", 3), ("model-tiny_seed-0", 1)]


def test_seeds_of_two_sweeps_are_one_configuration():
    judged = [run("tiny", k, 3.0 + k, sweep_name=name) for k, name in enumerate("ab")]
    assert [len(c.runs) for c in configurations(judged)] == [2]
    assert differing(judged) == ([], 2)


def test_what_only_one_choice_has_goes_without_saying():
    def of(name, **schedule):
        config = {f"schedule.{key}": value for key, value in schedule.items()}
        return Judged(name, {}, NO_SPRITES, config=config)

    linear = of("a", _target_="Linear", steps=1000, beta_end=0.02)
    cosine = of("b", _target_="Cosine", steps=500, offset=0.008)
    assert differing([linear, cosine])[0] == ["schedule._target_", "schedule.steps"]
    bent = of("c", _target_="Cosine", steps=500, offset=0.1)
    assert "schedule.offset" in differing([linear, cosine, bent])[0]
    alone = of("d", _target_="Cosine", steps=500)
    assert differing([cosine, alone])[0] == ["schedule.offset"]


def test_runs_are_called_by_what_their_paths_do_not_share():
    assert names_of(["a/b/seed-0", "a/b/seed-1"]) == ["seed-0", "seed-1"]
    assert names_of(["a/tiny/seed-0", "a/small/seed-0"]) == ["tiny/seed-0", "small/seed-0"]
    with pytest.raises(UserError, match="named twice"):
        names_of(["a/b", "a/c", "./a/b"])


def test_files_of_sprites_are_not_seeds_of_each_other():
    files = [Judged(name, {}, NO_SPRITES) for name in ("a.npz", "b.npz")]
    assert [c.name for c in configurations(files)] == ["a.npz", "b.npz"]


def test_runs_without_a_seed_in_their_names_are_called_after_the_first():
    found = configurations([Judged(n, {}, NO_SPRITES, {"seed": n, "x": 1}) for n in "abc"])
    assert [c.name for c in found] == ["a and 2 more"]


def test_a_number_that_is_the_seed_is_left_out_of_the_name():
    judged = [
        Judged(f"{word}-{k}", {}, NO_SPRITES, {"seed": k, "x": word})
        for word in ("long", "short")
        for k in range(3)
    ]
    assert [c.name for c in configurations(judged)] == ["long", "short"]


def test_two_configurations_never_have_one_name():
    judged = [Judged(f"x_seed-{k}", {}, NO_SPRITES, {"seed": k, "x": k // 2}) for k in range(4)]
    names = [c.name for c in configurations(judged)]
    assert names == ["x_seed-0 and 1 more", "x_seed-2 and 1 more"]


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_the_spread_of_a_configuration_is_the_deviation_of_its_seeds(spread):
    (found,) = configurations(runs(small=[3.0 - spread, 3.0, 3.0 + spread]))
    assert found.spread("sprite_fd") == pytest.approx(spread)
    assert configurations(runs(small=[3.0]))[0].spread("sprite_fd") == 0


def test_the_same_configuration_with_three_seeds_is_no_difference():
    found = verdict(runs(small=[3.0, 3.2, 3.4]))
    assert not found.decided
    assert headline(found).startswith("No difference")
    assert "3.00 to 3.40" in headline(found)


def test_a_difference_beyond_seeds_is_decided_and_said():
    found = verdict(runs(tiny=[5.0, 5.2, 5.4], small=[3.0, 3.1, 3.2]))
    assert found.decided
    assert [c.name for c in found.ranked] == ["model-small", "model-tiny"]
    sentence = headline(found)
    assert sentence.startswith("model-small is better than model-tiny")
    assert "3.10 ± 0.1 (3 seeds), against 5.20 ± 0.2 (3 seeds) of model-tiny" in sentence
    assert "They are 2.10 apart" in sentence
    assert "configuration differ by 0.200" in sentence  # mean of .1 .1 .2 and .2 .2 .4


def test_a_difference_within_seeds_is_none():
    found = verdict(runs(tiny=[3.1, 3.5, 3.9], small=[3.0, 3.4, 3.8]))
    assert not found.decided
    assert headline(found).startswith("That cannot be told. model-small comes first")


def test_a_score_that_rises_with_quality_is_ranked_from_the_top():
    found = verdict(runs(higher=True, tiny=[0.5, 0.51], small=[0.8, 0.81]))
    assert found.ranked[0].name == "model-small"


def test_two_configurations_are_told_apart_by_welchs_t():
    a, b = [3.0, 3.3, 3.1], [3.4, 3.2, 3.9, 3.7]
    expected = ttest_ind(np.log(a), np.log(b), equal_var=False).pvalue
    assert verdict(runs(a=a, b=b)).chance[1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("higher", [False, True])
def test_of_three_configurations_the_best_is_held_to_its_having_been_picked(higher):
    """Games and Howell: the studentised range of three with Welch's degrees of freedom."""
    a, b, c = [3.0, 3.3, 3.1], [3.4, 3.2, 3.9], [4.0, 4.4, 4.3]
    groups = [c, b, a] if higher else [np.log(each) for each in (a, b, c)]
    expected = []
    for other in groups[1:]:
        pair = ttest_ind(groups[0], other, equal_var=False)
        expected.append(studentized_range.sf(abs(pair.statistic) * 2**0.5, 3, pair.df))
    found = verdict(runs(higher, a=a, b=b, c=c))
    assert found.chance[1:] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("spread", [1, 10])
def test_what_one_configuration_varies_is_not_held_against_another(spread):
    """With pooled variances a steady configuration is called worse than a shaky one by chance."""
    draw, wrong = np.random.default_rng(0), 0
    for _ in range(300):
        shaky = draw.normal(0.5, 0.01 * spread, 3).tolist()
        steady = draw.normal(0.5, 0.01, 12).tolist()
        wrong += verdict(runs(True, a=shaky, b=steady)).decided
    assert wrong <= 30  # 15 are to be expected


def test_a_configuration_that_failed_hides_no_difference_between_the_others():
    assert verdict(runs(a=[3.0, 3.1, 3.2], b=[5.0, 5.2, 5.4], c=[400.0, 430.0, 370.0])).decided


def test_distances_around_zero_are_compared_as_they_are():
    a, b = [-0.1, 0.1, 0.0], [0.9, 1.1, 1.0]
    expected = ttest_ind(a, b, equal_var=False).pvalue
    assert verdict(runs(a=a, b=b)).chance[1] == pytest.approx(expected, rel=1e-6)


def test_equal_configurations_are_seldom_called_different():
    draw = np.random.default_rng(0)
    wrong = 0
    for _ in range(100):
        values = draw.normal(3, 0.3, (4, 3)).tolist()
        wrong += verdict(runs(**dict(zip("abcd", values, strict=True)))).chance[-1] < 0.05
    assert wrong <= 12  # 5 are to be expected


@pytest.mark.parametrize(("interval", "decided"), [(0.1, True), (2.0, False), (None, False)])
def test_with_one_seed_each_the_samples_intervals_decide_and_the_doubt_is_said(interval, decided):
    found = verdict([run("a", 0, 3.0, interval=interval), run("b", 0, 4.0, interval=interval)])
    assert found.decided == decided
    doubt = (
        "may be chance"
        if interval is None
        else "another seed of the training would change is not known"
    )
    assert doubt in headline(found)


def test_one_seed_beside_several_is_held_against_the_spread_of_the_others():
    assert verdict(runs(a=[3.0, 3.1, 3.2], b=[9.0])).decided
    assert not verdict(runs(a=[3.0, 3.1, 3.2], b=[3.3])).decided


@pytest.mark.parametrize(("other", "decided"), [(3.0, False), (3.1, True)])
def test_seeds_without_any_spread_still_give_an_answer(other, decided):
    assert verdict(runs(a=[3.0, 3.0], b=[other, other])).decided == decided


def test_runs_that_make_no_sprites_have_no_winner():
    """Three confetti machines, of which one is reliably less bad than noise, and no better than
    the mean sprite."""
    judged = [
        replace(each, scores={"sprite_fd": replace(score, noise=560.0, mean=132.0)})
        for each in runs(a=[300.0, 301.0, 302.0], b=[400.0, 401.0, 402.0])
        for score in each.scores.values()
    ]
    said = headline(verdict(judged))
    assert said.startswith(
        "None of these makes sprites yet: the sprite distance of model-a is 301"
    )
    assert "the mean sprite, over and over, has 132" in said
    alone = sentences_of_one(judged[0], "sprite_fd")
    assert alone[1].startswith("It makes no sprites yet")
    fine = replace(judged[0], scores={"sprite_fd": Score(40.0, 100, noise=560.0, mean=132.0)})
    assert "no sprites yet" not in " ".join(sentences_of_one(fine, "sprite_fd"))
    assert "no sprites yet" not in headline(verdict([*judged, fine]))


def test_losses_of_different_units_come_with_a_warning():
    def of(name, **parts):
        config = {f"{part}._target_": target for part, target in parts.items()}
        curves = {"val/loss": [(0.0, 1.0), (10.0, 0.5)]}
        return replace(run(name, 0, 3.0, **config), curves=curves)

    alike = [of(name, prediction="Epsilon", weighting="Uniform") for name in "ab"]
    for other in ({"prediction": "Velocity"}, {"weighting": "MinSNR"}, {"loss": "Noise"}):
        parts = {"prediction": "Epsilon", "weighting": "Uniform", **other}
        judged = [alike[0], of("c", **parts)]
        (plot,) = learning(configurations(judged))
        assert "do not compare" in plot.caption, other
    (plot,) = learning(configurations(alike))
    assert "do not compare" not in plot.caption


def test_those_that_may_be_as_good_are_named():
    found = verdict(runs(a=[3.0, 3.2], b=[3.1, 3.3], c=[9.0, 9.2]))
    assert "model-a comes first, but model-b may be as good" in headline(found)
    assert headline(found).endswith("model-c is worse.")


def test_only_what_differs_counts_as_different_and_the_seed_never():
    judged = [run("a", 0, 1.0), run("b", 1, 1.0), run("b", 2, 1.0, extra=True)]
    assert differing(judged) == (["extra", "model"], 1)


def test_the_leading_score_is_the_most_telling_that_all_have():
    def scored(*names):
        return Judged("x", {}, NO_SPRITES, scores={name: Score(1.0, 9) for name in names})

    assert leading_score([scored("own", "recall", "sprite_fd"), scored("recall")]) == "recall"
    assert leading_score([scored("own"), scored("own", "recall")]) == "own"
    assert leading_score([scored("own"), scored("recall")]) is None


def test_scores_against_other_sprites_or_of_other_numbers_come_with_a_caution():
    def of(floor, n):
        return Judged("x", {}, NO_SPRITES, scores={"sprite_fd": Score(2.0, n, floor=floor)})

    assert cautions([of(1.0, 9), of(1.0, 9)], "sprite_fd") == []
    assert "different real sprites" in cautions([of(1.0, 9), of(2.0, 9)], "sprite_fd")[0]
    assert "numbers of samples" in cautions([of(1.0, 9), of(1.0, 8)], "sprite_fd")[0]


def test_the_run_that_copies_most_is_named_with_its_base_rate():
    rates = [{"copy": 0.25, "mirrored": 0.05, "new": 0.7}, {"copy": 0.0, "new": 1.0}]
    judged = [
        Judged(name, {}, NO_SPRITES, rates=each, base_rates={"copy": 0.01})
        for name, each in zip("ab", rates, strict=True)
    ]
    (sentence,) = novelty_sentences(judged)
    assert sentence.startswith("Copies: 30% of the samples of a repeat a training sprite")
    assert "the least is 0%" in sentence
    assert "of unseen real sprites 1.0% do" in sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.00"), (312.4, "312"), (3.14159, "3.14"), (0.0123, "0.0123"), (12345.6, "12,346"),
     (-0.5, "-0.500"), (math.nan, "–")],
)  # fmt: skip
def test_numbers_have_three_digits_that_count(value, text):
    assert short(value) == text
