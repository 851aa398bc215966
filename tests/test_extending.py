"""A finished run that is trained on equals one that was longer from the start, or says so."""

import pytest
from chaos import equal
from small_checkpoints import saved
from training import fit

from diffusion.runs.checkpoint import read
from diffusion.runs.directory import RunDirectory


def test_with_a_constant_rate_the_bits_are_those_of_a_longer_run(tmp_path):
    words = ("learning_rate=constant", "~learning_rate.warmup")
    fit(tmp_path / "whole", *words)
    for steps in (10, 15):
        fit(tmp_path / "parts", *words, f"trainer.max_steps={steps}")
    whole, parts = (
        read(tmp_path / run / "checkpoints" / "last.ckpt") for run in ("whole", "parts")
    )
    assert whole["global_step"] == parts["global_step"] == 15
    for part in ("state_dict", "current_model_state", "optimizer_states"):
        assert equal(whole[part], parts[part]), part


@pytest.mark.parametrize(("rate", "said"), [("Constant", 0), ("WarmupCosine", 1)])
def test_a_rate_that_follows_the_budget_is_told(tmp_path, capsys, rate, said):
    rate = {"_target_": f"diffusion.learning_rate.{rate}"}
    for steps in (10, 10, 20):
        config = {"trainer": {"max_steps": steps}, "learning_rate": rate}
        with RunDirectory(tmp_path / "run", config) as run:
            run.begin([], {"fingerprint": "a"})
        saved(tmp_path / "run" / "checkpoints" / "last.ckpt", steps)
    out = capsys.readouterr().out
    assert out.count("trainer.max_steps changed") == said
