"""Samplers on one network: what their words mean."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from diffusion.commands.complaints import CONF
from diffusion.commands.reporting import recipe_of, samplers_of
from diffusion.errors import UserError


def test_a_word_is_a_sampler_with_its_steps():
    found = samplers_of(["ddim:10", "heun:4", "heun:8"])
    assert {word: each["steps"] for word, each in found.items()} == {
        "ddim:10": 10,
        "heun:4": 4,
        "heun:8": 8,
    }
    assert found["ddim:10"]["_target_"] == "diffusion.samplers.ddim.DDIM"
    assert samplers_of(None) == {}


def test_every_file_is_a_sampler_that_hydra_makes_too():
    for name in (file.stem for file in (CONF / "sampler").glob("*.yaml")):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            composed = compose("train", [f"sampler={name}"])
        assert recipe_of(name) == OmegaConf.to_container(composed.sampler), name


@pytest.mark.parametrize(
    "words", [["ddim"], ["ddim:x", "ddim:1"], ["nobody:3", "ddim:1"], ["ddim:1", "ddim:1"], [1, 2]]
)
def test_what_is_none_is_answered_with_what_there_is(words):
    with pytest.raises(UserError, match="once with its steps.*dpm_solver"):
        samplers_of(words)


def test_one_alone_compares_nothing():
    for words in (["ddim:3"], []):
        with pytest.raises(UserError, match="two samplers or more"):
            samplers_of(words)
