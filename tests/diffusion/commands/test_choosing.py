"""What the data decides is decided once."""

import numpy as np
import pytest
from omegaconf import OmegaConf
from parts import CONF

from datamodules.array import ArrayData
from datamodules.few_colours import EXACT
from datamodules.forge import ForgeData
from diffusion.commands.choosing import as_they_are, chosen, in_lines, to_read
from diffusion.errors import UserError
from diffusion.palette import MAX_COLOURS

AUTO = {"prediction": OmegaConf.to_container(OmegaConf.load(CONF / "prediction" / "auto.yaml"))}


def forge():
    data = ForgeData(n=60)
    data.setup()
    return data


def many(tmp_path, **words):
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    np.save(tmp_path / "many.npy", images)
    data = ArrayData(str(tmp_path / "many.npy"), **words)
    data.setup()
    return data


def test_few_colours_are_a_palette_and_many_are_not(tmp_path):
    for data, name, part in (
        (forge(), "palette", "Palette"),
        (many(tmp_path), "velocity", "Velocity"),
    ):
        config, picked = chosen({"seed": 1, **AUTO}, data)
        assert config["prediction"]["_target_"].endswith(f".{part}")
        assert config["seed"] == 1
        assert picked == {"prediction": name}
        assert in_lines(picked, data)[0].startswith(f"chosen      prediction={name}: ")


def test_many_colours_brought_to_few_are_a_palette(tmp_path):
    data = many(tmp_path, most_colours=64)
    config, picked = chosen({**AUTO}, data)
    assert picked == {"prediction": "palette"}
    assert in_lines(picked, data) == ["chosen      prediction=palette: 64 colours"]
    assert "data.most_colours=128" in in_lines({"prediction": "velocity"}, many(tmp_path))[0]


def test_by_default_very_many_colours_are_brought_to_some_that_stand_for_all(tmp_path):
    words = {**AUTO, "data": {"path": "x", "most_colours": "auto"}}
    data = many(tmp_path, most_colours="auto")
    config, picked = chosen(words, data)
    assert config["data"] == {"path": "x", "most_colours": 128}
    assert picked == {"data.most_colours": "128", "prediction": "palette"}
    line, _ = in_lines(picked, data)
    assert line.startswith("chosen      data.most_colours=128: ")
    assert "null keeps all" in line
    assert chosen(config, data) == (config, {})
    config, picked = chosen(words, forge())
    assert config["data"]["most_colours"] is None
    assert picked == {"prediction": "palette"}


@pytest.mark.parametrize(
    ("prediction", "brings"),
    [
        (AUTO["prediction"], True),
        ({"_target_": "diffusion.palette.Palette", "colours": ()}, True),
        (None, True),  # a student's is its teacher's
        ({"_target_": "diffusion.predictions.Velocity"}, False),
        ({"few_colours": "velocity", "many_colours": "velocity"}, False),
    ],
)
def test_a_network_that_does_not_choose_among_colours_learns_all(prediction, brings):
    words = {"prediction": prediction, "data": {"most_colours": "auto", "path": "x"}}
    assert to_read(words) == {"path": "x", "most_colours": "auto" if brings else None}
    words = {"prediction": prediction, "data": {"most_colours": 9}}
    assert to_read(words) == {"most_colours": 9}, "it was typed"


def test_sources_without_that_word_are_left_alone():
    """An own source need not know it; and what is kept is what a palette can hold."""
    for own in ({"_target_": "mine"}, {"most_colours": 9}, {"most_colours": None}):
        assert as_they_are(own) == own
        assert (
            to_read({"data": own, "prediction": {"_target_": "diffusion.predictions.Velocity"}})
            == own
        )
    assert EXACT == MAX_COLOURS


def test_what_was_chosen_is_not_chosen_again():
    config, _ = chosen(AUTO, forge())
    assert chosen(config, forge()) == (config, {})
    assert in_lines({}, forge()) == []


def kinds(**words):
    data = ForgeData(n=200, **words)
    data.own_attributes = tuple
    data.setup()
    return data


def test_kinds_that_are_found_are_told():
    words = {"data": {"kinds": "auto"}, "model": {"classes": "auto", "looks": True}}
    data = kinds(kinds="auto")
    config, picked = chosen(words, data)
    assert config["model"]["classes"] == picked["model.classes"] == "attributes"
    assert "kinds of sprites that look alike" in in_lines(picked, data)[0]
    assert chosen(config, data) == (config, {})
    told_nothing, picked = chosen(words, forge())
    assert (told_nothing["model"]["classes"], picked) == (False, {}), "it has attributes"
    for classes in (True, False):
        assert chosen({**words, "model": {"classes": classes}}, data)[1] == {}
        with pytest.raises(UserError, match="leave one of them out"):
            chosen({"data": {"kinds": 9}, "model": {"classes": classes}}, data)


def test_a_network_points_at_colours_of_attributes_that_somebody_knew():
    model = {"classes": "attributes", "looks": True, "points": "auto"}
    config, picked = chosen({"model": model, **AUTO}, forge())
    assert config["model"]["points"] is True
    assert picked["model.points"] == "true"
    assert "usual colours of " in in_lines(picked, forge())[-1]
    assert chosen(config, forge()) == (config, {})
    for other, data in (
        ({"classes": False}, forge()),
        ({"classes": True}, forge()),
        ({"looks": False}, forge()),
        ({}, kinds(kinds="auto")),
        ({"classes": "auto"}, kinds(kinds="auto")),
    ):
        config, picked = chosen({"data": {}, "model": model | other, **AUTO}, data)
        assert config["model"]["points"] is False
        assert "model.points" not in picked
    config, _ = chosen({"model": model | {"points": False}, **AUTO}, forge())
    assert config["model"]["points"] is False


@pytest.mark.parametrize(
    ("values", "words"),
    [({"few_colours": "nobody"}, "is no prediction"), ({"width": 3}, "knows no width")],
)
def test_values_of_no_prediction_are_refused(values, words):
    with pytest.raises(UserError, match=words):
        chosen({"prediction": AUTO["prediction"] | values}, forge())
