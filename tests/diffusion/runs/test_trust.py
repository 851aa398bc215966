"""What the user types may name their own classes; what comes out of a file only where trusted."""

import copy
import sys
from pathlib import Path

import pytest
import torch
from hostile.checkpoints import CARD
from training import fit

from diffusion.errors import UserError
from diffusion.runs import safetensors
from diffusion.runs.building import build
from diffusion.runs.cards import check_card
from diffusion.runs.loading import load
from diffusion.runs.training_data import training_data
from diffusion.runs.trust import packages_of, trusted

MINE = """
from torch import nn
from datamodules.forge import ForgeData
from diffusion.callbacks.cost import Cost
from diffusion.predictions import Velocity
from diffusion.samplers.ddim import DDIM
from diffusion.schedules.cosine import Cosine
from diffusion.weightings import Uniform

class Net(nn.Module):
    def __init__(self, channels, classes, width=8):  # of labels it knows nothing
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, channels, 1)
        )

    def forward(self, x_t, t, label=None):
        return self.layers(x_t)

class Schedule(Cosine): ...
class Sampler(DDIM): ...
class Prediction(Velocity): ...
class Weighting(Uniform): ...
class Data(ForgeData): ...
class Mine(Cost): ...
"""
WORDS = [
    *("~model.widths", "~model.blocks", "~model.dropout", "~model.layout", "~model.looks"),
    "~model.points",
    *("model._target_=mine.Net", "model.classes=0", "+model.width=8", "schedule=cosine"),
    *("schedule._target_=mine.Schedule", "prediction._target_=mine.Prediction"),
    *("weighting=uniform", "weighting._target_=mine.Weighting", "data._target_=mine.Data"),
    *("sampler=ddim", "sampler._target_=mine.Sampler", "sampler.steps=3"),
    *("+callbacks.mine._target_=mine.Mine", "trainer.max_steps=2"),
]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A package of one's own."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "mine.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.delitem(sys.modules, "mine", raising=False)


def test_own_classes_train_and_their_checkpoint_is_loaded_where_they_are_trusted(tmp_path, mine):
    trainer = fit(tmp_path / "run", *WORDS)
    assert trainer.global_step == 2
    assert type(trainer.lightning_module.denoiser.model).__module__ == "mine"
    file = tmp_path / "run" / "checkpoints" / "last.ckpt"
    with pytest.raises(UserError, match=r"recipe\.\w+ is mine\.\w+.*; .*add trust=mine\.$"):
        load(file)
    with pytest.raises(UserError, match="add trust=mine"):
        load(file, ("mines", "yours"))
    loaded = load(file, ("mine",))
    sampler, config = loaded.sampler()
    assert config["_target_"] == "mine.Sampler"
    made = torch.cat(list(loaded.sprites(sampler, 0).batches(range(2))))
    assert made.shape == (2, 4, 16, 16)
    assert type(training_data(loaded.card, trust=loaded.trust)).__module__ == "mine"
    with pytest.raises(UserError, match="add trust=mine"):
        training_data(loaded.card)
    weights = {f"denoiser.{k}": w for k, w in loaded.denoiser.state_dict().items()}
    safetensors.write(tmp_path / "a.safetensors", weights, loaded.card)
    assert load(tmp_path / "a.safetensors", ("mine",)).denoiser.classes == 0


def entries(node, way=()):
    for key, child in node.items():
        yield (*way, key)
        if isinstance(child, dict):
            yield from entries(child, (*way, key))


PLANTS = (
    "os.system", "subprocess.Popen", "builtins.eval", "mine.os.system", "mine.Popen", "torch.load",
    "diffusion.runs.loading.load", "datamodules.folder.os.system", "mine", "mine.", ".mine",
)  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS)
def test_nothing_else_is_called_from_any_entry_of_a_card(tmp_path, monkeypatch, mine, plant):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "packages" / "mine.py").write_text(
        MINE + "\nimport os\nfrom subprocess import Popen"
    )
    bad = {"_target_": plant, "command": "mkdir trapped", "args": ["mkdir", "trapped"]}
    for way in entries(CARD):
        card = copy.deepcopy(CARD)
        node = card
        for key in way[:-1]:
            node = node[key]
        node[way[-1]] = bad
        for trust in ((), ("mine",)):
            try:
                check_card(card, trust)
            except UserError:
                continue
            for part in (*card["recipe"].values(), card["config"]["data"]):
                with pytest.raises(UserError):
                    build(part | {"arg": bad}, ("diffusion", "datamodules", *trust))
    with pytest.raises(UserError):
        build(bad, ("diffusion", "datamodules", "mine"))
    assert not Path("trapped").exists()


@pytest.mark.parametrize("words", ["", "a b", "../x", 7, {"a": 1}, [None], "os;", "a..b", ".a"])
def test_trust_names_packages(words):
    with pytest.raises(UserError, match="trust=mine or"):
        trusted(words)


def test_the_packages_that_a_configuration_names():
    assert trusted(None) == ()
    assert trusted("mine") == ("mine",)
    assert trusted(["mine", "a.b"]) == ("mine", "a.b")
    node = {"_target_": "mine.x.Y", "a": [{"_target_": "yours.Z"}, {"_target_": "diffusion.x.Y"}]}
    assert packages_of(node) == ("mine", "yours")
