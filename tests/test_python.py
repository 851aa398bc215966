"""From Python: the words of the commands as keywords, the same sprites, the same sentences."""

import numpy as np
import pytest
import torch

import sprite_diffusion as sd
from diffusion.callbacks.cost import Cost
from diffusion.commands.keywords import words_of
from diffusion.module import DiffusionModule
from diffusion.runs.files import Folder
from diffusion.runs.loading import load
from diffusion.runs.reading import record

FEW = {"steps": 2}


def test_words_are_quoted_nested_and_listed():
    typed = {"from_": "a b", "sampler": {"steps": 2}, "n": 3, "label": None, "colours": ["ff0000"]}
    assert words_of({"labels": {"knight": 2, "mage": 1}}) == ["labels={knight:2,mage:1}"]
    assert words_of(typed) == [
        *("from='a b'", "sampler.steps=2", "n=3", "label=null", "colours=['ff0000']")
    ]


@pytest.mark.processes
def test_sprites_equal_those_of_the_command(command, trained, tmp_path):
    trained()
    run = sd.load("run")
    sprites = run.sample(5, seed=3, sampler=FEW)
    assert command("sample.py run=run n=5 seed=3 sampler.steps=2 out=typed").code == 0
    saved = sprites.save(tmp_path / "made")
    with np.load(tmp_path / "typed" / "sprites.npz") as file:
        assert np.array_equal(file["images"], sprites.images)
    for name in ("sprites.npz", "sheet.png", "manifest.json"):
        assert (saved / name).read_bytes() == (tmp_path / "typed" / name).read_bytes()
    assert sprites._repr_png_().startswith(b"\x89PNG")
    assert (run.look(panel="Bob") / "panel.png").exists()


@pytest.mark.processes
def test_wrong_words_are_the_sentences_of_the_command(command, trained, tmp_path):
    trained()
    run = sd.load("run")
    cases = {
        "sample.py run=run sede=1": lambda: run.sample(sede=1).images,
        "sample.py run=run n=-1": lambda: run.sample(-1),
        "sample.py run=run sampler.stpes=1": lambda: run.sample(sampler={"stpes": 1}).images,
        "sample.py run=nothing": lambda: sd.load("nothing"),
        "look.py run=run panel=Bobb": lambda: run.look(panel="Bobb"),
        "train.py experiment=smok": lambda: sd.train({"experiment": "smok"}),
        "train.py seed=x": lambda: sd.train({"seed": "x"}),
    }
    for line, ask in cases.items():
        typed = command(line)
        assert typed.code == 2
        with pytest.raises(sd.UserError) as refused:
            ask()
        assert typed.err == f"error: {refused.value}\n"


@pytest.mark.processes
def test_a_run_is_trained_and_continued(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    words = {"experiment": "smoke", "logger": None, "closing": False, "data": {"n": 60}}
    words["model"] = {"widths": [32], "blocks": 1}
    words["callbacks"] = {"samples": None, "noise_levels": None}
    words["trainer"] = {"max_steps": 6, "val_check_interval": 3}
    run = sd.train(words, run="one")
    begun = record(Folder(tmp_path / "one"), "summary.json")
    assert begun["step"] == 6
    assert command("train.py hydra.run.dir=one trainer.max_steps=8").code == 0
    sd.train({"trainer.max_steps": 10}, run="one")
    ended = record(Folder(tmp_path / "one"), "summary.json")
    assert ended["step"] == 10
    assert ended["cpu_seconds"] < begun["cpu_seconds"] + 60 + Cost.before
    assert run.sample(2, sampler=FEW).images.shape == (2, 16, 16, 4)


@pytest.mark.processes
def test_a_checkpoint_is_a_lightning_module(trained):
    file = trained() / "checkpoints" / "last.ckpt"
    module = DiffusionModule.load_from_checkpoint(file)
    expected = load(file).denoiser.state_dict()
    assert all(
        torch.equal(value, expected[key]) for key, value in module.denoiser.state_dict().items()
    )
    with pytest.raises(sd.UserError, match="optimizer="):
        module.configure_optimizers()
    again = DiffusionModule.load_from_checkpoint(
        file, optimizer=torch.optim.AdamW, learning_rate=lambda step, progress: 1.0
    )
    assert all(weight.requires_grad for weight in again.parameters())
