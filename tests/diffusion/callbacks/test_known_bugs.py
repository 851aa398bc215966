"""Bugs of others, 2025-26, in averaged weights and in resuming: each by name, as a law of ours."""

import re
import shutil

import pytest
import torch
from chaos import equal
from conftest import ROOT
from lightning.pytorch import Callback
from training import fit

from diffusion.callbacks.ema import EMA
from diffusion.callbacks.samples import Samples
from diffusion.errors import Interrupted
from diffusion.samplers.ddim import DDIM

PARTS = (
    "state_dict",
    "current_model_state",
    "optimizer_states",
    "lr_schedulers",
)


class Killed(Exception):
    """Stands for a kill: nothing more is saved."""


class At(Callback):
    """Does something in one hook of one step."""

    def __init__(self, hook, step, work):
        def now(trainer, module, *_):
            if trainer.global_step == step and not trainer.sanity_checking:
                work(module)

        setattr(self, hook, now)


class Dying(DDIM):
    """Is killed in the middle of sampling."""

    def step(self, *_, **__):
        raise Killed


def killed(module):
    raise Killed


def content(run, name="last"):
    return torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)


def state(run, name="last"):
    found = content(run, name)
    return {part: found[part] for part in PARTS if part in found}


def weights(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody killed: validated after step 10, ended after step 15."""
    run = tmp_path_factory.mktemp("whole")
    fit(run)
    assert set(state(run)) >= {"state_dict", "current_model_state", "optimizer_states"}
    assert not equal(state(run)["state_dict"], state(run)["current_model_state"])
    return run


@pytest.mark.parametrize(
    ("hook", "kind"),
    [
        ("on_validation_start", Killed),
        ("on_validation_batch_start", Killed),
        ("on_validation_batch_end", Interrupted),
        ("on_validation_epoch_end", Killed),
        ("on_validation_end", Killed),
    ],
)
def test_schnetpack_785_a_kill_inside_validation_continues_from_the_raw_weights(
    tmp_path, whole, hook, kind
):
    """There a run that was resumed went on from its average, silently."""

    def stop(module):
        raise Interrupted("stopped", 15) if kind is Interrupted else Killed

    with pytest.raises(kind):
        fit(tmp_path, callbacks=[At(hook, 10, stop)])
    assert content(tmp_path)["global_step"] == 5
    fit(tmp_path)
    assert equal(state(tmp_path), state(whole))


def test_schnetpack_785_a_kill_inside_sampling_too(tmp_path, whole):
    samples = Samples(Dying(steps=2), n=8)
    with pytest.raises(Killed):
        fit(tmp_path, callbacks=[samples])
    assert content(tmp_path)["global_step"] == 5
    fit(tmp_path)
    assert equal(state(tmp_path), state(whole))


def test_a_process_that_goes_on_after_an_error_in_validation_has_its_raw_weights(tmp_path):
    seen = {}
    with pytest.raises(Killed):
        fit(
            tmp_path,
            callbacks=[
                At("on_train_batch_end", 10, lambda module: seen.update(raw=weights(module))),
                At("on_validation_batch_start", 10, lambda module: seen.update(module=module)),
                At("on_validation_batch_end", 10, killed),
            ],
        )
    assert equal(weights(seen["module"]), seen["raw"])


def test_nequip_590_a_checkpoint_written_while_weights_are_swapped_holds_each_in_its_place(
    tmp_path, whole
):
    """`best.ckpt` is written inside validation, `last.ckpt` of the same step after it."""
    fit(tmp_path, "trainer.max_steps=10")
    best, last = state(tmp_path, "best"), state(tmp_path)
    assert content(tmp_path, "best")["global_step"] == content(tmp_path)["global_step"] == 10
    for part in ("state_dict", "current_model_state"):
        assert equal(best[part], last[part])
    shutil.copy(whole / "checkpoints" / "best.ckpt", tmp_path / "checkpoints" / "last.ckpt")
    fit(tmp_path)
    assert equal(state(tmp_path), state(whole))


def test_lightning_21724_the_first_validation_sees_the_average_and_no_untrained_copy(tmp_path):
    seen = {}
    fit(
        tmp_path,
        *("trainer.max_steps=1", "trainer.val_check_interval=1"),
        callbacks=[
            At("on_train_start", 0, lambda module: seen.update(first=weights(module))),
            At("on_train_batch_end", 1, lambda module: seen.update(raw=weights(module))),
            At("on_validation_batch_start", 1, lambda module: seen.update(shown=weights(module))),
        ],
    )
    decay = (1 + 1) / (10 + 1)
    moved = 0
    for name, first in seen["first"].items():
        expected = first.lerp(seen["raw"][name], 1 - decay)
        torch.testing.assert_close(seen["shown"][name], expected)
        moved += not torch.equal(seen["shown"][name], first)
    assert moved


def test_anemoi_1373_both_copies_are_restored_each_to_its_own(tmp_path, whole):
    """There a change on loading reached the average alone, and the two were mixed afterwards."""
    shutil.copytree(whole / "checkpoints", tmp_path / "checkpoints")
    found = {}

    def look(module):
        averages = next(c for c in module.trainer.callbacks if isinstance(c, EMA))
        average = averages.averaged.state_dict()
        found.update(raw=weights(module), average={k: v.clone() for k, v in average.items()})

    fit(tmp_path, "trainer.max_steps=16", callbacks=[At("on_train_start", 15, look)])
    saved = state(whole)
    assert equal(dict(saved["current_model_state"]), found["raw"])
    assert equal(dict(saved["state_dict"]), found["average"])


@pytest.mark.parametrize("part", ["state_dict", "current_model_state"])
def test_torchgeo_3080_a_checkpoint_that_lacks_a_weight_is_not_loaded(tmp_path, whole, part):
    """Lightning 2.5.6, which loaded such files, is not allowed."""
    cut = content(whole)
    del cut[part][next(iter(cut[part]))]
    (tmp_path / "checkpoints").mkdir()
    torch.save(cut, tmp_path / "checkpoints" / "last.ckpt")
    with pytest.raises(RuntimeError, match="Missing key"):
        fit(tmp_path)
    lowest = re.search(r'"lightning>=(\d+)\.(\d+)', (ROOT / "pyproject.toml").read_text())
    assert (int(lowest[1]), int(lowest[2])) >= (2, 6)
