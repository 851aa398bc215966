"""Words of other projects are answered with ours."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from parts import CONF

from diffusion.commands.complaints import ELSEWHERE, sentence


@pytest.mark.parametrize("word", ELSEWHERE)
def test_a_word_of_others_is_answered_with_ours(word):
    conf = initialize_config_dir(str(CONF), version_base="1.3")
    with conf, pytest.raises(HydraException) as refused:
        compose("train", [f"{word}=1"])
    assert sentence(refused.value, "train") == f"{word} is not known here; {ELSEWHERE[word]}."
