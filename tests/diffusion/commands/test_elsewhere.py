"""Words of other projects are answered with ours."""

import pytest
from hydra import compose, initialize_config_dir
from parts import CONF

from diffusion.commands.complaints import ELSEWHERE, sentence


@pytest.mark.parametrize("word", ELSEWHERE)
def test_a_word_of_others_is_answered_with_ours(word):
    with initialize_config_dir(str(CONF), version_base="1.3"), pytest.raises(Exception) as refused:
        compose("train", [f"{word}=1"])
    assert sentence(refused.value, "train") == f"{word} is not known here; {ELSEWHERE[word]}."
