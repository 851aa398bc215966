"""`--help` names every word and every choice of its command with its meaning, from the YAML."""

import pytest
from hydra import compose, initialize_config_dir
from parts import CONF, names

from diffusion.commands.help import COLUMN, help_of

VERBS = ["train", "sample", "look", "report"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_word_and_every_choice_is_there(verb):
    text = help_of(verb)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(verb, return_hydra_config=True)
    groups = [group for group in cfg.hydra.runtime.choices if "/" not in group]
    groups += [group for group in ("metrics", "files") if group in cfg]
    for group in groups:
        _, here, rest = text.partition("Choices")[2].partition(f"\n  {group}=")
        chosen, _, others = rest.partition("\n      or ")
        assert here
        others = others.splitlines()[0].replace(",", "").split()
        assert set(names(group)) <= {chosen.split()[0], *others}
    for word in set(cfg) - {"hydra", *groups}:
        assert f"\n  {word}=" in text or f"\n  {word}." in text
    assert f"python {verb}.py" in text.splitlines()[2]


@pytest.mark.parametrize("verb", VERBS)
def test_every_word_has_a_meaning(verb):
    for line in help_of(verb).splitlines():
        if line.startswith("  ") and line[2].islower() and "=" in line.split()[0]:
            assert line[2 + COLUMN :].strip(), line
