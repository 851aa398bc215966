"""Laws of the kernel distance."""

import pytest
import torch

from diffusion.metrics import kernel
from diffusion.metrics.kernel import kernel_distance


def features(n, seed=0):
    return torch.randn(n, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def direct(one, other):
    """The formula of Binkowski et al. pair by pair."""

    def k(x, y):
        return (float(x @ y) / len(x) + 1) ** 3

    def within(a):
        return [k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j]

    def mean(values):
        return sum(values) / len(values)

    between = [k(x, y) for x in one for y in other]
    return mean(within(one)) + mean(within(other)) - 2 * mean(between)


@pytest.mark.parametrize("chunk", [3, 1024])
def test_equals_the_direct_formula(chunk, monkeypatch):
    monkeypatch.setattr(kernel, "CHUNK", chunk)
    one, other = features(13, 1), features(17, 2) + 1
    assert kernel_distance(one, other) == pytest.approx(direct(one, other), rel=1e-10)


def test_is_unbiased_over_splits_of_one_set():
    whole = features(60)
    generator = torch.Generator().manual_seed(0)
    found = torch.tensor(
        [
            kernel_distance(whole[order[:20]], whole[order[20:]])
            for order in (torch.randperm(60, generator=generator) for _ in range(400))
        ]
    )
    error = found.std() / len(found) ** 0.5
    assert abs(found.mean()) < 3 * error
    biased = found.mean() + whole.square().mean(1).add(1).pow(3).mean() / 20  # with i = j
    assert biased > 3 * error


def test_grows_with_the_distance_of_means():
    found = [kernel_distance(features(200, 1), features(200, 2) + by) for by in (0, 0.3, 1, 3)]
    assert found == sorted(found)
    assert abs(found[0]) < found[1] / 3
