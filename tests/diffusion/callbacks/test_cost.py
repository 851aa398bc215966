"""Laws of what a run has cost: nothing that was paid before is forgotten."""

import time
from types import SimpleNamespace

import pytest

from diffusion.callbacks.cost import Cost


def cost(device="cpu", processes=1):
    callback = Cost()
    strategy = SimpleNamespace(root_device=SimpleNamespace(type=device))
    callback.setup(SimpleNamespace(world_size=processes, strategy=strategy), None, "fit")
    return callback


def test_the_parts_of_an_interrupted_run_are_added():
    first, second = cost(), cost()
    paid = first.state_dict()
    second.load_state_dict(paid)
    alone = time.process_time()
    assert second.spent()["cpu_seconds"] == pytest.approx(paid["cpu_seconds"] + alone, abs=1)
    assert second.spent()["cpu_seconds"] >= paid["cpu_seconds"] + alone


def test_every_process_is_paid_for():
    assert cost(processes=4).spent()["cpu_seconds"] > 3.9 * cost().spent()["cpu_seconds"]


def test_gpu_seconds_are_those_of_the_clock_where_there_are_gpus():
    assert set(cost().spent()) == {"cpu_seconds"}
    callback = cost("cuda", processes=2)
    callback.began -= 10
    assert callback.spent()["gpu_seconds"] == pytest.approx(20, abs=1)
