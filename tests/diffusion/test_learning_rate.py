"""Laws of the learning rate's way over a run."""

import math

from hypothesis import given
from hypothesis import strategies as st

from diffusion.learning_rate import Constant, LinearDecay, WarmupCosine

shares = st.floats(0, 1)


@given(shares, st.integers(0, 10_000))
def test_factors_stay_between_nothing_and_one(progress, step):
    for rule in (WarmupCosine(), WarmupCosine(10, final=0.1), LinearDecay(), Constant()):
        assert 0 <= rule(step, progress) <= 1


def test_warm_up_then_half_a_cosine():
    rule = WarmupCosine(warmup=100, final=0.2)
    assert rule(0, 0.0) == 0.01
    assert rule(99, 0.0) == 1.0
    assert math.isclose(rule(500, 0.5), 0.6)
    assert math.isclose(rule(1000, 1.0), 0.2)


def test_linear_decay_is_a_line():
    assert [LinearDecay()(7, share) for share in (0, 0.25, 1)] == [1, 0.75, 0]


def test_factors_are_plain_floats_that_checkpoints_may_hold():
    for rule in (WarmupCosine(), LinearDecay(), Constant()):
        assert type(rule(3, 0.5)) is float
