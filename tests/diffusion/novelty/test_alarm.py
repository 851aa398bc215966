"""Laws of the alarm: it counts groups, keeps its level, and is not deaf."""

import pytest
import torch

from diffusion.novelty.alarm import LEVEL, Cases, is_excess


def repeats(n, of):
    return torch.arange(of) < n


def alone(n):
    return torch.arange(n)


UNSEEN = Cases.of(repeats(10, 1000), alone(1000))


def test_a_group_is_one_case_however_many_sprites_it_has():
    """One character of five whose twenty frames all look like training sprites."""
    frames = torch.arange(100) // 20
    assert not is_excess(Cases.of(repeats(20, 100), frames), UNSEEN)
    assert is_excess(Cases.of(repeats(20, 100), alone(100)), UNSEEN)


def test_what_was_estimated_from_few_sprites_is_held_to_be_so():
    few = Cases.of(repeats(0, 20), alone(20))
    many = Cases.of(repeats(0, 2000), alone(2000))
    samples = Cases.of(repeats(10, 128), alone(128))
    assert is_excess(samples, many)
    assert not is_excess(samples, few)


def test_when_most_samples_are_repeats_nothing_is_asked():
    """Also where all of them are one sprite, and nothing is known of unseen ones."""
    nothing = Cases.of(repeats(0, 0), alone(0))
    assert is_excess(Cases.of(repeats(128, 128), torch.zeros(128)), nothing)
    assert not is_excess(Cases.of(repeats(60, 128), alone(128)), nothing)


def test_no_repeats_are_no_excess():
    for m in (0, 1, 50):
        unseen = Cases.of(repeats(0, m), alone(m))
        for n in (1, 128):
            assert not is_excess(Cases.of(repeats(0, n), alone(n)), unseen)


@pytest.mark.parametrize("size", [1, 5])
def test_the_alarm_keeps_its_level(size):
    """Unseen sprites and samples of one kind, in groups that repeat as a whole."""
    generator, wrong = torch.Generator().manual_seed(size), 0
    for _ in range(300):
        rates = []
        for n in (200, 128):
            groups = torch.arange(n) // size
            bad = torch.rand(n // size + 1, generator=generator) < 0.02
            rates.append(Cases.of(bad[groups], groups))
        wrong += is_excess(rates[1], rates[0])
    assert wrong <= 300 * LEVEL + 4


def test_a_network_that_copies_a_tenth_is_noticed():
    generator, heard = torch.Generator().manual_seed(0), 0
    for _ in range(50):
        copies = torch.rand(1024, generator=generator) < 0.1
        heard += is_excess(Cases.of(copies, torch.arange(1024) % 700), UNSEEN)
    assert heard == 50
