"""Laws of precision, recall, density and coverage."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion.metrics import neighbours
from diffusion.metrics.neighbours import neighbour_scores


def features(n, seed, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 5, dtype=torch.float64, generator=generator) * spread


def brute_force(samples, real):
    """The definitions of both papers, written as they are read."""
    samples, real = samples.tolist(), real.tolist()

    def reach(points, k):
        away = neighbours.ROUNDING  # what lies this little outside counts as inside
        return [sorted(math.dist(p, q) for q in points)[k] + away for p in points]

    def inside(point, centres, reaches):
        return [math.dist(point, c) <= r for c, r in zip(centres, reaches, strict=True)]

    def share(hits):
        return sum(hits) / len(hits)

    real3, real5, samples3 = reach(real, 3), reach(real, 5), reach(samples, 3)
    return {
        "precision": share([any(inside(s, real, real3)) for s in samples]),
        "recall": share([any(inside(r, samples, samples3)) for r in real]),
        "density": sum(sum(inside(s, real, real5)) for s in samples) / (5 * len(samples)),
        "coverage": share(
            [any(math.dist(s, r) <= real5[i] for s in samples) for i, r in enumerate(real)]
        ),
    }


@settings(max_examples=30)
@given(st.integers(6, 40), st.integers(6, 40), st.integers(0, 99), st.floats(0.3, 2))
def test_equal_brute_force(n, m, seed, spread):
    samples, real = features(n, seed, spread), features(m, seed + 100)
    assert neighbour_scores(samples, real) == pytest.approx(brute_force(samples, real))


def test_do_not_depend_on_chunks(monkeypatch):
    whole = neighbour_scores(features(50, 1, 0.8), features(70, 2))
    monkeypatch.setattr(neighbours, "CHUNK", 7)
    assert neighbour_scores(features(50, 1, 0.8), features(70, 2)) == whole


def test_of_a_set_and_itself_all_is_covered():
    real = features(80, 3)
    found = neighbour_scores(real.clone(), real)
    assert found["precision"] == found["recall"] == found["coverage"] == 1
    assert found["density"] == pytest.approx(6 / 5)  # its own ball and, on average, five more


def test_collapse_keeps_precision_and_loses_recall_and_coverage():
    real = features(200, 4)
    found = neighbour_scores(real[:1].expand(50, -1), real)
    assert found["precision"] == 1
    assert found["recall"] < 0.02
    assert found["coverage"] < 0.1


def test_far_samples_have_nothing():
    assert set(neighbour_scores(features(20, 5) + 100, features(20, 6)).values()) == {0}
