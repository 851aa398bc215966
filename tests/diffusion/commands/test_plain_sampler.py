"""What the end of a run suggests is a sampler that goes with its network."""

import pytest

from diffusion.commands.composing import make
from diffusion.commands.next_commands import PLAIN, plain_sampler
from diffusion.commands.reporting import recipe_of

PALETTE = {"_target_": "diffusion.palette.Palette"}


def test_a_network_that_chooses_colours_is_offered_plain_insides():
    config = {"prediction": PALETTE, "schedule": {"steps": PLAIN}}
    word, _, name = plain_sampler(config).strip().partition("=")
    assert word == "sampler"
    assert make(recipe_of(name)).steps == PLAIN
    assert make(recipe_of(name)).temperature < 1


@pytest.mark.parametrize(
    "config",
    [
        {"prediction": {"_target_": "diffusion.predictions.Epsilon"}, "schedule": {"steps": 100}},
        {"prediction": PALETTE, "schedule": {"steps": PLAIN - 1}},
        {"prediction": None, "schedule": None},
    ],
)
def test_others_are_not(config):
    assert plain_sampler(config) == ""
