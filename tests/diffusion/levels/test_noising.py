"""The film of a drop of ink: it changes evenly, whatever the schedule."""

import pytest
import torch
from parts import names, part

from diffusion.levels.noising import even_times, noised


@pytest.mark.parametrize("name", names("schedule"))
def test_frames_change_by_equal_amounts(name):
    schedule = part("schedule", name)()
    times = even_times(schedule, 21)
    assert times[0] == 0
    assert times[-1] == 1
    assert (times.diff() >= 0).all()
    alpha, sigma = schedule(times)
    steps = torch.stack([alpha, sigma]).diff(dim=1).norm(dim=0)
    within = steps[:-1][sigma[1:-1] < sigma[-1] - 1e-3]  # some schedules end before pure noise
    even = torch.pi / 2 / 20
    assert (within - even).abs().max() < 0.02 * even
    x0 = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    frames = noised(x0, schedule, times)[0]
    moved = frames.diff(dim=0).flatten(1).norm(dim=1)[: len(within)]
    assert moved.max() < 1.15 * moved.min()
