"""Signals of people and schedulers save the exact step."""

import itertools
import os
import signal

import pytest
import torch
from lightning.pytorch import Callback
from small_checkpoints import files, step_of
from training import fit

from diffusion.errors import Interrupted


class Send(Callback):
    def __init__(self, number, step):
        self.number, self.step = number, step

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT])
def test_signals_of_people_and_schedulers_save_the_exact_step(tmp_path, number):
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match="interrupted at step 7") as interrupted:
        fit(tmp_path, callbacks=[Send(number, 7)])
    expected = signal.SIGINT if number == signal.SIGINT else signal.SIGTERM
    assert interrupted.value.signal == expected
    assert step_of(tmp_path / "checkpoints" / "last.ckpt") == 7
    assert signal.getsignal(number) == before


def test_an_ignored_signal_stays_ignored(tmp_path):
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        assert fit(tmp_path, callbacks=[Send(signal.SIGUSR2, 7)]).global_step == 15
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_a_second_ctrl_c_stops_at_once_and_harms_nothing(tmp_path, monkeypatch):
    """In the middle of the second checkpoint."""
    real, saves = torch.save, itertools.count(1)

    def save(*content):
        real(*content)
        if next(saves) == 2:
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", save)
        with pytest.raises(Interrupted, match="stopped at once"):
            fit(tmp_path)
    assert files(tmp_path / "checkpoints") == ["last.ckpt"]
    assert step_of(tmp_path / "checkpoints" / "last.ckpt") == 1
    assert fit(tmp_path).global_step == 15
