"""Every number of every YAML, typed wrong: one sentence that names it, and nothing is begun."""

import resource
import signal
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from otherprocess import in_another_process
from parts import CONF, composed, groups, names

from diffusion.commands.complaints import is_wrong_input, sentence
from diffusion.commands.composing import compose_module
from diffusion.commands.numbers import check_kinds
from diffusion.commands.trainer import compose_trainer
from diffusion.errors import UserError
from diffusion.runs.building import build

SMALL = ("experiment=smoke", "logger=csv", "data.n=40", "data.batch_size=8", "model.widths=[32]")
ELSEWHERE = ("trainer.", "optimizer.", "data.margin", "data.spacing")  # read by other rules
ABSURD = ("0", "-1", "1.5", "1000000000", "9223372036854775808", "sixty", "null", "true")


def words_of(group, name):
    return f"{group}=[{name}]" if group == "metrics" else f"{group}={name}"


def leaves(node, path=""):
    for key, value in node.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{path}{key}", value


def numbers():
    """(word that chooses the part, its key, its value) of every number in `conf/`."""
    for group in sorted(groups() - {"experiment", "sweep", "logger", "files"}):
        for name in names(group):
            word = words_of(group, name)
            chosen = OmegaConf.to_container(composed(word), resolve=True)
            for key, value in leaves(chosen.get(group) or {}):
                yield word, f"{group}.{key}", value


NUMBERS = sorted(set(numbers()))


def plain(*words):
    return OmegaConf.to_container(composed(*words), resolve=True)


@pytest.mark.parametrize(("word", "key", "value"), NUMBERS)
def test_what_is_no_number_is_refused_by_its_name(word, key, value):
    if key.startswith(ELSEWHERE):
        pytest.skip("a class of others, or one that reads words too")
    check_kinds(plain(word))
    wrong = ["sixty", "[1]", *(["1.5"] if isinstance(value, int) else []), "true"]
    for other in wrong:
        if isinstance(value, int) and other == "1.5" and _takes_fractions(key):
            continue
        with pytest.raises(UserError, match=rf"^{key}=.* must be "):
            check_kinds(plain(word, f"{key}={other}"))


def _takes_fractions(key):
    """Whole numbers in the YAML that may be others: seconds, rates, shifts."""
    return key.rpartition(".")[2] not in ("steps", "n", "batch_size", "blocks", "patch", "warmup")


def made(folder, word, key, value):
    """What becomes of a number: "made", the sentence that refuses it, or how it went wrong."""
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    signal.alarm(60)
    base = [each for each in SMALL if each.partition("=")[0] not in (key, "model.widths")]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", [*base, word, f"{key}={value}"])
    try:
        config = OmegaConf.to_container(
            OmegaConf.masked_copy(cfg, [name for name in cfg if name != "hydra"]), resolve=True
        )
        check_kinds(config)
        data = build(config["data"] | {"seed": 0}, ("datamodules",))
        data.setup()
        compose_module(config, data)
        compose_trainer(config, Path(folder))
    except Exception as error:
        refusal = sentence(error, "train") if is_wrong_input(error) else repr(error)
        return ("refused: " if is_wrong_input(error) else "wrong: ") + refusal
    return "made"


@pytest.mark.processes
@pytest.mark.nightly
@pytest.mark.parametrize(("word", "key", "value"), NUMBERS)
def test_an_absurd_number_is_refused_or_taken_at_its_word(tmp_path, word, key, value):
    if word.startswith("data=") and word != "data=forge":
        pytest.skip("it has no data here")
    for absurd in ABSURD:
        found = in_another_process(made, tmp_path, word, key, absurd)
        assert found.startswith(("made", "refused: ")), (key, absurd, found)
        assert "Traceback" not in found
