"""A run never trains for a checkpoint that could not be read again."""

import pytest
import torch
from lightning.pytorch import Callback
from small_checkpoints import step_of
from training import fit

from diffusion.errors import UserError
from diffusion.runs.checkpoint import AtomicCheckpointIO


class Scale(float):
    """A number of somebody's own."""


class Odd(torch.optim.SGD):
    """Keeps in its state what only its own package could read."""

    def step(self, closure=None):
        found = super().step(closure)
        self.param_groups[0]["scale"] = Scale(2)
        return found


@pytest.mark.parametrize("name", ["NAdam", "RAdam", "Adamax", "SGD", "Adagrad", "RMSprop"])
def test_a_run_of_any_optimizer_of_torch_continues(tmp_path, name):
    own = "betas" if name in ("NAdam", "RAdam", "Adamax") else ""
    words = [f"optimizer._target_=torch.optim.{name}", "trainer.max_steps=3"]
    words += [] if own else ["~optimizer.betas"]
    fit(tmp_path, *words)
    assert step_of(tmp_path / "checkpoints" / "last.ckpt") == 3
    assert fit(tmp_path, *words[:1], *words[2:], "trainer.max_steps=5").global_step == 5


def test_a_state_that_cannot_be_read_ends_the_run_after_its_first_step(tmp_path):
    words = [f"optimizer._target_={__name__}.Odd", "~optimizer.betas"]
    steps = []

    class Counting(Callback):
        def on_train_batch_end(self, trainer, *_):
            steps.append(trainer.global_step)

    with pytest.raises(UserError, match=r"could not be read again .*Scale.*another optimizer"):
        fit(tmp_path, *words, callbacks=[Counting()])
    assert steps == [1]
    assert not (tmp_path / "checkpoints" / "last.ckpt").exists()


@pytest.mark.parametrize("value", [Scale(1), {1, 2}, lambda: 0, object()])
def test_what_could_not_be_read_leaves_the_last_checkpoint(tmp_path, value):
    good = {"card": {}, "state_dict": {}, "global_step": 1}
    AtomicCheckpointIO().save_checkpoint(good, tmp_path / "checkpoints" / "last.ckpt")
    before = (tmp_path / "checkpoints" / "last.ckpt").read_bytes()
    with pytest.raises(UserError, match="could not be read again"):
        AtomicCheckpointIO().save_checkpoint(
            good | {"odd": value}, tmp_path / "checkpoints" / "last.ckpt"
        )
    assert (tmp_path / "checkpoints" / "last.ckpt").read_bytes() == before
    assert [file.name for file in (tmp_path / "checkpoints").iterdir()] == ["last.ckpt"]
