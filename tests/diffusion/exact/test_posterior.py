"""Laws of the exact posterior, against Bayes' rule written out in float64."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from randomsprites import sprites

from diffusion.exact import posterior as module
from diffusion.exact.posterior import Band, Posterior, band, candidates, in_words


def noisy(x0, log_snr, seed=1):
    """x_t of every sprite at its log-SNR, and alpha and sigma."""
    level = torch.as_tensor(log_snr, dtype=torch.float64).expand(len(x0))
    alpha, sigma = torch.sigmoid(level).sqrt(), torch.sigmoid(-level).sqrt()
    eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(seed)).double()
    wide = (-1, 1, 1, 1)
    return alpha.view(wide) * x0.double() + sigma.view(wide) * eps, alpha, sigma


def bayes(clean, x_t, alpha, sigma):
    """p(i | x_t), one pair after the other."""
    rows = [
        [-((x - a * sprite.double()) ** 2).sum() / (2 * s**2) for sprite in clean]
        for x, a, s in zip(x_t, alpha, sigma, strict=True)
    ]
    return torch.softmax(torch.tensor(rows, dtype=torch.float64), dim=1)


@settings(max_examples=20)
@given(log_snr=st.floats(-12, 12), n=st.sampled_from([1, 2, 30, 90]))
def test_probabilities_are_bayes_rule_and_sum_to_one(log_snr, n):
    clean = sprites(n)
    x_t, alpha, sigma = noisy(clean[:3], log_snr)
    found = Posterior(clean).probabilities(x_t, alpha, sigma)
    torch.testing.assert_close(found, bayes(clean, x_t, alpha, sigma), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(found.sum(1), torch.ones(len(x_t)).double())


def test_low_noise_entropy_is_exact_where_the_expanded_square_is_not():
    """Sixty sprites that differ by one byte of one channel, under noise as small as that byte."""
    clean = sprites(1).repeat(60, 1, 1, 1)
    clean.view(60, -1)[torch.arange(60), torch.arange(60)] += 2 / 255
    clean = torch.cat([clean, sprites(200, seed=3)])
    x_t, alpha, sigma = noisy(clean[:5], 2 * math.log(1 / 0.004))
    exact = candidates(bayes(clean, x_t, alpha, sigma)).log()
    ours = Posterior(clean).candidates(x_t, alpha, sigma).log()
    assert 0.5 < exact.mean() < 4
    assert (ours - exact).abs().max() < 1e-6

    x, a, keys = x_t.flatten(1).float(), alpha[:, None].float(), clean.flatten(1)
    square = x.square().sum(1, keepdim=True) - 2 * a * x @ keys.T + a**2 * keys.square().sum(1)
    expanded = torch.softmax(-square.double() / (2 * sigma[:, None] ** 2), dim=1)
    assert (candidates(expanded).log() - exact).abs().max() > 1e-3


def test_mean_entropy_rises_with_noise():
    clean = sprites(64)
    posterior = Posterior(clean)
    means = [
        float(posterior.candidates(*noisy(clean, level)).log().mean())
        for level in range(4, -12, -1)
    ]
    assert all(after > before - 1e-9 for before, after in zip(means, means[1:], strict=False))
    assert means[0] < 1e-6
    assert means[-1] > 0.99 * math.log(64)


@pytest.mark.parametrize("log_snr", [9.0, 0.0, -9.0])
def test_one_sprite_is_its_own_estimate(log_snr):
    clean = sprites(1)
    x_t, alpha, sigma = noisy(clean, log_snr)
    posterior = Posterior(clean)
    assert torch.equal(posterior.clean_estimate(x_t.float(), alpha, sigma), clean)
    assert posterior.candidates(x_t, alpha, sigma) == 1


def test_the_estimate_is_the_mean_under_the_posterior():
    clean = sprites(70)
    x_t, alpha, sigma = noisy(clean[:4], -5.0)
    mean = torch.einsum("bn,nchw->bchw", bayes(clean, x_t, alpha, sigma), clean.double())
    found = Posterior(clean).clean_estimate(x_t, alpha, sigma)
    torch.testing.assert_close(found, mean, atol=1e-5, rtol=1e-5)


def test_without_noise_it_is_certain_and_without_signal_it_knows_nothing():
    clean = sprites(5)
    posterior = Posterior(clean)
    zero, one = torch.zeros(()), torch.ones(())
    assert torch.equal(posterior.probabilities(clean, one, zero), torch.eye(5).double())
    blind = posterior.probabilities(torch.randn_like(clean), zero, one)
    torch.testing.assert_close(blind, torch.full((5, 5), 0.2).double())


def test_blocks_change_nothing(monkeypatch):
    clean = sprites(100)
    x_t, alpha, sigma = noisy(clean[:30], torch.linspace(4, -10, 30))
    at_once = Posterior(clean)
    together = at_once.probabilities(x_t, alpha, sigma), at_once.clean_estimate(x_t, alpha, sigma)
    monkeypatch.setattr(module, "BLOCK", 40_000)
    in_blocks = Posterior(clean)
    assert len(list(in_blocks._rows(x_t, alpha, sigma))) == 15
    apart = in_blocks.probabilities(x_t, alpha, sigma), in_blocks.clean_estimate(x_t, alpha, sigma)
    torch.testing.assert_close(apart, together, atol=1e-6, rtol=1e-6)
    assert in_blocks.holds(clean[99])


def test_a_mirrored_sprite_is_still_that_sprite():
    clean = sprites(9)
    clean[0] = (clean[0] + clean[0].flip(-1)) / 2  # its own mirror image: no doubt about who it is
    posterior = Posterior.mirrored(clean)
    x_t, alpha, sigma = noisy(clean.flip(-1), 4.0)
    assert len(posterior) == 9
    torch.testing.assert_close(
        posterior.probabilities(x_t, alpha, sigma), torch.eye(9).double(), atol=1e-6, rtol=0
    )
    estimate = posterior.clean_estimate(x_t.float(), alpha, sigma)
    torch.testing.assert_close(estimate, clean.flip(-1), atol=1e-4, rtol=0)
    assert posterior.holds(clean[3].flip(-1))
    assert not Posterior(clean).holds(clean[3].flip(-1))


def labelled(clean, groups=3):
    return torch.arange(len(clean)) % groups


@settings(max_examples=15)
@given(log_snr=st.floats(-12, 6), n=st.sampled_from([3, 30, 300]))
def test_who_is_told_a_label_asks_about_that_class_alone(log_snr, n):
    """Classes smaller and larger than what is computed twice, and sprites of another class."""
    clean = sprites(n, shape=(3, 4, 4))
    labels, told = labelled(clean), torch.tensor([1, 1, 1])
    x_t, alpha, sigma = noisy(clean[:3], log_snr)
    whole, part = Posterior(clean, labels), Posterior(clean[labels == 1])
    found = whole.probabilities(x_t, alpha, sigma, told)
    assert not found[:, labels != 1].any()
    close = {"atol": 1e-5, "rtol": 1e-5}
    expected = part.probabilities(x_t, alpha, sigma)
    torch.testing.assert_close(found[:, labels == 1], expected, **close)
    expected = part.clean_estimate(x_t, alpha, sigma)
    torch.testing.assert_close(whole.clean_estimate(x_t, alpha, sigma, told), expected, **close)
    expected = part.candidates(x_t, alpha, sigma)
    torch.testing.assert_close(whole.candidates(x_t, alpha, sigma, told), expected, **close)
    assert (whole.in_question(1).sum(), whole.classes) == (len(part), 3)


def test_a_label_that_says_nothing_changes_nothing():
    clean = sprites(30)
    x_t, alpha, sigma = noisy(clean[:4], -5.0)
    posterior = Posterior(clean, labelled(clean))
    everybody = Posterior(clean).probabilities(x_t, alpha, sigma)
    for label in (None, torch.full((4,), -1), torch.full((4,), 7)):
        assert torch.equal(posterior.probabilities(x_t, alpha, sigma, label), everybody)
    told = torch.tensor([2, -1, 2, -1])
    found = posterior.probabilities(x_t, alpha, sigma, told)
    assert torch.equal(found[1::2], everybody[1::2])
    assert not torch.equal(found[::2], everybody[::2])
    unlabelled = Posterior(clean)
    assert torch.equal(unlabelled.probabilities(x_t, alpha, sigma, told), everybody)
    for each, label in ((unlabelled, 2), (posterior, 7), (posterior, -1)):
        assert each.in_question(label).all()


def test_who_is_told_attributes_asks_about_those_who_have_all_of_them():
    clean, values = sprites(30), torch.arange(30)[:, None] // torch.tensor([10, 1]) % 3
    x_t, alpha, sigma = noisy(clean[:3], -5.0)
    whole = Posterior(clean, values)
    told = torch.tensor([[1, 2], [1, -1], [-1, -1]])
    both, one, all_of_them = whole.probabilities(x_t, alpha, sigma, told)
    asked = [(values == row).all(1) for row in (torch.tensor([1, 2]),)] + [values[:, 0] == 1]
    for found, theirs in zip((both, one), asked, strict=True):
        assert not found[~theirs].any()
        assert found.sum() == pytest.approx(1)
    everybody = Posterior(clean).probabilities(x_t, alpha, sigma)
    assert torch.equal(all_of_them, everybody[2])
    assert torch.equal(whole.probabilities(x_t, alpha, sigma), everybody)
    label = torch.tensor([1, 1, 1])
    assert torch.equal(whole.probabilities(x_t, alpha, sigma, label), everybody), "no attribute"
    assert torch.equal(Posterior(clean).probabilities(x_t, alpha, sigma, told), everybody)
    assert whole.in_question([1, 2]).sum() == asked[0].sum()
    assert whole.in_question(-1).all()
    assert whole.holds(clean[12], [1, -1])
    assert not whole.holds(clean[12], [0, -1])
    assert whole.classes == 0


def test_mirror_images_keep_their_label():
    clean = sprites(9)
    posterior = Posterior.mirrored(clean, labelled(clean))
    assert posterior.in_question(1).sum() == 3
    assert posterior.holds(clean[4].flip(-1), 1)
    assert not posterior.holds(clean[4], 2)
    x_t, alpha, sigma = noisy(clean[4:5].flip(-1), 4.0)
    found = posterior.probabilities(x_t, alpha, sigma, torch.tensor([1]))
    assert found[0, 4] == pytest.approx(1)


def test_the_exact_answer_is_exact_where_training_multiplies_bfloat16():
    clean = sprites(200)
    posterior = Posterior(clean)
    x_t, alpha, sigma = noisy(clean[:20], torch.linspace(0, -9, 20))
    query = x_t.float(), alpha, sigma
    alone = posterior.candidates(*query), posterior.clean_estimate(*query)
    with torch.autocast("cpu", torch.bfloat16):
        assert (clean[0] @ clean[0]).dtype == torch.bfloat16
        under = posterior.candidates(*query), posterior.clean_estimate(*query)
    assert all(map(torch.equal, alone, under))


def test_bands_agree_with_brute_force_at_every_level():
    clean = sprites(50, shape=(3, 4, 4))
    levels = torch.linspace(4, -9, 50)
    x_t, alpha, sigma = noisy(clean, levels)
    ours = Posterior(clean).candidates(x_t, alpha, sigma).tolist()
    seen = set()
    for count, row in zip(ours, bayes(clean, x_t, alpha, sigma), strict=True):
        c = math.exp(-sum(p * math.log(p) for p in row.tolist() if p > 0))
        if c < 1.05:
            expected = "that is"
        elif c < 2:
            expected = "probably"
        else:
            expected = "one of" if c < 25 else "no idea"
        assert band(count, 50) == expected
        seen.add(expected)
    assert seen == {*Band}


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1.0, Band.THAT_IS),
        (1.0499, Band.THAT_IS),
        (1.05, Band.PROBABLY),
        (1.999, Band.PROBABLY),
        (2.0, Band.ONE_OF),
        (49.99, Band.ONE_OF),
        (50.0, Band.NO_IDEA),
    ],
)
def test_borders_belong_to_the_band_above(count, expected):
    assert band(count, 100) == expected


@pytest.mark.parametrize(
    ("count", "known", "expected"),
    [
        (1.0, True, "that is Bob"),
        (1.0, False, "nearest: Bob"),
        (1.5, True, "probably Bob"),
        (1.5, False, "nearest: probably Bob"),
        (2.1, True, "Bob or Fred"),
        (3.2, True, "Bob, Fred or Nancy"),
        (3.2, False, "nearest: Bob, Fred or Nancy"),
        (4.2, True, "Bob, Fred, Nancy or 1 other"),
        (803.4, True, "Bob, Fred, Nancy or 800 others"),
        (1173.2, True, "no idea: about 1,173 candidates"),
        (1173.2, False, "no idea: about 1,173 candidates"),
    ],
)
def test_bands_in_words(count, known, expected):
    assert in_words(count, 2105, ["Bob", "Fred", "Nancy"], known) == expected


def test_two_sprites_can_be_put_into_words():
    assert in_words(2.0, 2, ["Bob", "Fred"]) == "no idea: about 2 candidates"
    assert in_words(2.2, 5, ["Bob", "Fred"]) == "Bob or Fred"
