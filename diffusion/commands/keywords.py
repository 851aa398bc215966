"""Words of the commands from Python: composed as the command line's are, and refused alike."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from diffusion.commands.complaints import CONF, is_wrong_input, sentence
from diffusion.commands.entry import as_hydra_reads, choices_of
from diffusion.commands.typed import quoted
from diffusion.errors import UserError
from diffusion.runs.claim import Claim

DICTIONARIES = ("labels", "guidance")  # words whose value is one, and no part of the configuration


def words_of(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """`{"sampler": {"steps": 20}, "from_": "Bob"}` -> `["sampler.steps=20", "from='Bob'"]`.

    An underscore at the end of a key is for Python, which has some words itself.
    """
    words = []
    for key, value in values.items():
        name = prefix + key.removesuffix("_")
        if isinstance(value, Mapping) and name not in DICTIONARIES:
            words += words_of(value, f"{name}.")
        else:
            words.append(f"{name}={_value(value)}")
    return words


@dataclass(frozen=True)
class Composed:
    """What the words of a command stand for.

    Args:
        config: its configuration.
        words: all its words, with those that a run to be continued was begun with.
        choices: the names of what was chosen in each group.
        folder: the run directory, for `train`.
    """

    config: DictConfig
    words: list[str]
    choices: dict[str, str]
    folder: Path


def composed(verb: str, words: list[str], read: Mapping[str, str] | None = None) -> Composed:
    """The configuration of a command with these words.

    Args:
        verb: the command.
        words: as `words_of` writes them.
        read: beginnings of words that Hydra shall read as others, see `entry`.

    Raises:
        UserError: words that cannot be read, or that nothing knows.
    """
    words = as_hydra_reads(verb, words, read)
    with refusing(verb), initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(verb, words, return_hydra_config=True)
        own = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
        folder = Path(cfg.hydra.run.dir).absolute()
        return Composed(own, list(cfg.hydra.overrides.task), choices_of(cfg.hydra), folder)


@contextmanager
def refusing(verb: str) -> Iterator[None]:
    """Within it wrong input is a UserError with the sentence that the command would print, and
    what is claimed is given back at the end."""
    try:
        yield
    except Exception as error:
        if isinstance(error, HydraException) or is_wrong_input(error):
            raise UserError(sentence(error, verb)) from error
        raise
    finally:
        Claim.give_all_back()


def _value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}:{_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_value, value))}]"
    return quoted(str(value))
