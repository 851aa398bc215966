"""Laws of checkpoint files: self-describing, atomic, harmless."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from diffusion.errors import UserError
from diffusion.runs.building import build, build_denoiser
from diffusion.runs.checkpoint import AtomicCheckpointIO, read
from diffusion.runs.loading import Loaded, checkpoint_file, load
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.dpm_solver import DPMSolver

RECIPE = {
    "schedule": {
        "_target_": "diffusion.schedules.wrappers.Shifted",
        "shift": -1.0,
        "base": {"_target_": "diffusion.schedules.cosine.Cosine", "steps": 700},
    },
    "prediction": {"_target_": "diffusion.predictions.Velocity"},
    "weighting": {"_target_": "diffusion.weightings.MinSNR", "gamma": 4.0},
    "model": {
        "_target_": "diffusion.models.unet.UNet",
        "channels": 4,
        "classes": 2,
        "widths": [32, 32],
        "blocks": 1,
    },
}
SPRITES = {
    "shape": [4, 8, 8],
    "hard_alpha": True,
    "label_names": ["food", "hero"],
    "label_frequencies": [0.25, 0.75],
}


def write(path, **changes):
    denoiser = build_denoiser(RECIPE)
    for weight in denoiser.parameters():
        torch.nn.init.normal_(weight, std=0.02)
    checkpoint = {
        "state_dict": {f"denoiser.{name}": value for name, value in denoiser.state_dict().items()},
        "card": {"recipe": RECIPE, "sprites": SPRITES},
        "global_step": 0,
        **changes,
    }
    AtomicCheckpointIO().save_checkpoint(checkpoint, path)
    return denoiser


def test_a_checkpoint_needs_nothing_else(tmp_path):
    denoiser = write(tmp_path / "a.ckpt")
    loaded = load(tmp_path / "a.ckpt")
    x, t, label = torch.randn(3, 4, 8, 8), torch.rand(3), torch.tensor([0, 1, -1])
    assert torch.equal(loaded.denoiser(x, t, label), denoiser.eval()(x, t, label))
    assert loaded.denoiser.schedule.base.steps == 700
    assert not any(weight.requires_grad for weight in loaded.denoiser.parameters())


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    write(tmp_path / "a.ckpt")
    before = (tmp_path / "a.ckpt").read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "a.ckpt")
    assert (tmp_path / "a.ckpt").read_bytes() == before


class Trap:
    def __reduce__(self):
        return (os.mkdir, ("trapped",))


def no_file(path): ...


def text(path):
    path.write_text("hello")


def torn(path):
    write(path)
    path.write_bytes(path.read_bytes()[:5000])


def pickled(path):
    path.write_bytes(pickle.dumps({"card": Trap()}))


def trapped(path):
    torch.save({"card": Trap(), "state_dict": {}}, path)


def other(path):
    torch.save({"weights": torch.zeros(3)}, path)


def listed(path):
    torch.save([1, 2], path)


def no_weights(path):
    write(path, state_dict={})


def wrong_weights(path):
    write(path, state_dict={"denoiser.model.stem.weight": "text"})


def no_recipe(path):
    write(path, card={"sprites": SPRITES})


def foreign_class(path):
    write(path, card={"sprites": SPRITES, "recipe": RECIPE | {"model": {"_target_": "os.system"}}})


def foreign_argument(path):
    model = RECIPE["model"] | {"depth": 3}
    write(path, card={"sprites": SPRITES, "recipe": RECIPE | {"model": model}})


@pytest.mark.parametrize(
    "make",
    [
        no_file, text, torn, pickled, trapped, other, listed, no_weights, wrong_weights, no_recipe,
        foreign_class, foreign_argument,
    ],
)  # fmt: skip
def test_every_other_file_is_refused_with_a_sentence(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "a.ckpt")
    with pytest.raises(UserError):
        load(tmp_path / "a.ckpt")
    assert not Path("trapped").exists()


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "diffusion.runs.loading.load",
        "diffusion.schedules",
        "x",
        "",
        "diffusion.schedulesx.Y",
        "diffusion.schedules.base.torch.save",
        "diffusion.models.unet.Missing",
    ],
)
def test_a_recipe_names_only_our_own_parts(target):
    with pytest.raises(UserError):
        build({"_target_": target})


def test_labels_are_asked_by_name_or_number(tmp_path):
    write(tmp_path / "a.ckpt")
    loaded = load(tmp_path / "a.ckpt")
    assert [loaded.label(typed) for typed in ("hero", 0, "none")] == [1, 0, -1]
    assert loaded.sprites(None, 0, label=1).labels(range(4)).tolist() == [1] * 4
    assert loaded.sprites(None, 0, label=-1).labels(range(4)) is None
    for wrong in ("dragon", 2, -1):
        with pytest.raises(UserError, match="food, hero"):
            loaded.label(wrong)


def test_a_label_that_is_called_none_wins(tmp_path):
    names = SPRITES | {"label_names": ["none", "0"]}
    write(tmp_path / "a.ckpt", card={"recipe": RECIPE, "sprites": names})
    loaded = load(tmp_path / "a.ckpt")
    assert [loaded.label(typed) for typed in ("none", 0)] == [0, 1]


def test_a_number_that_could_be_a_name_is_no_position(tmp_path):
    names = SPRITES | {"label_names": ["10", "2"]}
    write(tmp_path / "a.ckpt", card={"recipe": RECIPE, "sprites": names})
    loaded = load(tmp_path / "a.ckpt")
    assert (loaded.label(2), loaded.label(None, 1), loaded.label(10)) == (1, 1, 0)
    with pytest.raises(UserError, match="label_index=1"):
        loaded.label(1)
    with pytest.raises(UserError, match="label_index=2 is not known"):
        loaded.label(None, 2)


def test_guidance_needs_labels_and_wraps_only_where_it_does_something(tmp_path):
    write(tmp_path / "a.ckpt")
    loaded = load(tmp_path / "a.ckpt")
    assert loaded.sprites(None, 0).denoiser is loaded.denoiser
    guided = loaded.sprites(None, 0, label=1, guidance=3).denoiser
    assert (guided.denoiser, guided.scale) == (loaded.denoiser, 3)
    with pytest.raises(UserError, match="guidance=3 needs a label"):
        loaded.sprites(None, 0, label=-1, guidance=3)
    unlabelled = RECIPE | {"model": RECIPE["model"] | {"classes": 0}}
    bare = Loaded(build_denoiser(unlabelled), {"sprites": SPRITES}, "")
    assert bare.sprites(None, 0, label=1).labels(range(4)) is None
    with pytest.raises(UserError, match="guidance=0 needs a network that learned labels"):
        bare.sprites(None, 0, guidance=0)
    with pytest.raises(UserError, match="learned no labels"):
        bare.label("none")


def test_labels_follow_the_training_frequencies_and_the_index(tmp_path):
    write(tmp_path / "a.ckpt")
    sprites = load(tmp_path / "a.ckpt").sprites(None, seed=3)
    labels = sprites.labels(range(2000))
    assert 0.72 < labels.double().mean() < 0.78
    assert torch.equal(labels[7:9], sprites.labels([7, 8]))


def test_run_means_a_directory_or_a_file(tmp_path):
    assert checkpoint_file("a/b.ckpt", "last") == Path("a/b.ckpt")
    assert checkpoint_file(str(tmp_path), "best") == tmp_path / "checkpoints" / "best.ckpt"
    with pytest.raises(UserError):
        checkpoint_file(str(tmp_path / "none"), "last")
    with pytest.raises(UserError):
        checkpoint_file(str(tmp_path), "newest")


def test_read_returns_plain_containers(tmp_path):
    write(tmp_path / "a.ckpt", global_step=7)
    assert read(tmp_path / "a.ckpt")["global_step"] == 7


OWN = {"_target_": "diffusion.samplers.dpm_solver.DPMSolver", "steps": 10, "grid": "log_snr"}


@pytest.mark.parametrize("card", [{"sampler": OWN}, {"config": {"sampler": OWN}}])
def test_what_is_typed_changes_the_runs_own_sampler_or_replaces_it(card):
    loaded = Loaded(build_denoiser(RECIPE), card, sha256="")
    made, config = loaded.sampler()
    assert (type(made), made.steps, config) == (DPMSolver, 10, OWN)
    made, config = loaded.sampler({"steps": 7})
    assert (type(made), made.steps, made.grid, config) == (
        DPMSolver,
        7,
        "log_snr",
        OWN | {"steps": 7},
    )
    other = {"_target_": "diffusion.samplers.ddim.DDIM", "steps": 9}
    made, config = loaded.sampler(other)
    assert (type(made), made.steps, made.grid, config) == (DDIM, 9, "time", other)
    assert type(Loaded(loaded.denoiser, {}, sha256="").sampler()[0]) is DDPM


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"step": 7}, "steps, eta"),
        ({"steps": 701}, "schedule.steps=700"),
        ({"_target_": "os.system", "command": "true"}, "is no class"),
    ],
)
def test_values_that_the_sampler_does_not_have_are_refused(typed, why):
    loaded = Loaded(build_denoiser(RECIPE), {"sampler": OWN}, sha256="")
    with pytest.raises(UserError, match=why):
        loaded.sampler(typed)
