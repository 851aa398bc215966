"""How often Hypothesis tries what anybody may have written: seldom by day, often by night."""

import os

from hypothesis import HealthCheck, settings

CASES = "FUZZ_CASES"


def fuzz(by_day):
    """Settings for a law of so many cases, always the same; the environment may ask for others."""
    return settings(
        max_examples=int(os.environ.get(CASES, by_day)),
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
