"""`--help` names every word and every choice of its command, from the YAML itself."""

import pytest
from hydra import compose, initialize_config_dir
from parts import CONF, names

from diffusion.commands.help import help_of


@pytest.mark.parametrize("verb", ["train", "sample", "look", "report"])
def test_every_word_and_every_choice_is_there(verb):
    text = help_of(verb)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(verb, return_hydra_config=True)
    groups = [group for group in cfg.hydra.runtime.choices if "/" not in group]
    for group in groups:
        _, here, rest = text.partition(f"\n  {group}=")
        chosen, others = rest.splitlines()[:2]
        assert here
        assert set(names(group)) <= {chosen.split(" ")[0], *others.replace(",", "").split()}
    for word in set(cfg) - {"hydra", *groups}:
        assert f"\n  {word}=" in text or f"\n  {word}." in text
    assert f"python {verb}.py" in text.splitlines()[2]
