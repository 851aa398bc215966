"""Laws of beginning with the weights of another run."""

import pytest
import torch

from diffusion.errors import UserError
from diffusion.runs import safetensors as sharing
from diffusion.runs.building import build_denoiser
from diffusion.runs.fine_tuning import begin_with

SPRITES = {"shape": [4, 8, 8], "hard_alpha": True, "label_names": [], "label_frequencies": []}


def denoiser_of(colours=3, widths=(32, 32), **told):
    """A network that tells colours apart, and its recipe; every weight is random."""
    recipe = {
        "schedule": {"_target_": "diffusion.schedules.cosine.Cosine"},
        "prediction": {
            "_target_": "diffusion.palette.Palette",
            "colours": [[k, k, k, 255] for k in range(colours)],
        },
        "weighting": {"_target_": "diffusion.weightings.Uniform"},
        "model": {
            "_target_": "diffusion.models.unet.UNet",
            **{"channels": 4, "widths": list(widths), "blocks": 1, "outputs": colours, **told},
        },
    }
    denoiser = build_denoiser(recipe)
    for weight in denoiser.parameters():
        torch.nn.init.normal_(weight)
    return denoiser, recipe


@pytest.fixture
def other(tmp_path):
    """A shared network: its weights, and its file."""
    denoiser, recipe = denoiser_of()
    weights = {f"denoiser.{name}": value for name, value in denoiser.state_dict().items()}
    sharing.write(tmp_path / "other.safetensors", weights, {"recipe": recipe, "sprites": SPRITES})
    return denoiser.state_dict(), str(tmp_path / "other.safetensors")


def test_the_same_network_begins_with_every_weight(other):
    known, file = other
    denoiser, _ = denoiser_of()
    assert begin_with(denoiser, file) == f"begins with 100.0% of its weights from {file}"
    for name, weight in denoiser.state_dict().items():
        assert torch.equal(weight, known[name]), name


def test_another_palette_begins_with_all_but_the_last_layer(other):
    known, file = other
    denoiser, _ = denoiser_of(colours=5)
    fresh = {name: weight.clone() for name, weight in denoiser.state_dict().items()}
    assert "begins with 99.5%" in begin_with(denoiser, file)
    for name, weight in denoiser.state_dict().items():
        assert torch.equal(weight, (fresh if "model.out" in name else known)[name]), name


def test_looks_are_those_of_its_own_sprites(tmp_path):
    told = {"classes": 2, "looks": [8, 8], "points": True}
    known, recipe = denoiser_of(**told)
    known.model.looks.pictures.fill_(0.5)
    known.model.looks.share.fill_(0.5)
    weights = {f"denoiser.{name}": value for name, value in known.state_dict().items()}
    labels = {"label_names": ["one", "two"], "label_frequencies": [0.5, 0.5]}
    card = {"recipe": recipe, "sprites": SPRITES | labels}
    sharing.write(tmp_path / "other.safetensors", weights, card)
    denoiser, _ = denoiser_of(**told)
    begin_with(denoiser, str(tmp_path / "other.safetensors"))
    assert not denoiser.model.looks.pictures.any()
    assert not denoiser.model.looks.share.any()
    assert torch.equal(denoiser.model.stem.weight, known.model.stem.weight)


def test_another_network_is_refused_and_nothing_is_changed(other):
    denoiser, _ = denoiser_of(widths=(64, 64))
    fresh = {name: weight.clone() for name, weight in denoiser.state_dict().items()}
    with pytest.raises(UserError, match="another network: .*model="):
        begin_with(denoiser, other[1])
    assert all(torch.equal(weight, fresh[name]) for name, weight in denoiser.state_dict().items())
