"""What is said about wrong input: one sentence with the remedy, and the nearest valid names."""

import errno
import re
import sys
import traceback
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, InstantiationException
from omegaconf import OmegaConf
from omegaconf.errors import (
    InterpolationResolutionError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from datamodules.errors import DataError
from diffusion.errors import UserError

CONF = Path(__file__).parents[2] / "conf"
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ELSEWHERE = {  # words of other projects, and what does here what they do there
    "ckpt_path": "hydra.run.dir=RUN continues a run, and init_from=RUN begins with its weights",
    "debug": "experiment=smoke does everything once, in under a minute",
    "tags": "logger.wandb.tags=[a,b] tags a run, and sweep_name=NAME says what it belongs to",
    "test": "python report.py runs=[RUN] measures a run",
    "train": "python report.py runs=[RUN] measures a run without training",
    "trainer.max_epochs": "trainer.max_steps=N or minutes=N says how long; epochs are not counted",
}
MAX_WORD_LETTERS = 200  # letters of a word in a sentence


def is_wrong_input(error: Exception) -> bool:
    """Whether the user can mend it: our own sentences, what constructors refuse, full disks."""
    if isinstance(error, InstantiationException):
        refusals = (TypeError, ValueError, ModuleNotFoundError)
        cause = error.__cause__
        return _cause(cause, refusals) is not None or _is_lightnings_refusal(cause)
    ours = isinstance(error, UserError | DataError | OmegaConfBaseException)
    missed = _taken_away(error) != ""
    closed = isinstance(error, OSError) and error.errno in CLOSED
    full = _is_full_disk(error) or _is_out_of_memory(error)
    return ours or missed or closed or full or _is_lightnings_refusal(error)


def is_about_the_command_line(error: Exception) -> bool:
    """Whether an error from before the job began is Hydra's answer to the words it was given.

    That is any which arose in none of our own lines, but for the one that called Hydra.
    """
    _, *inner = traceback.walk_tb(error.__traceback__)
    ours = any(frame.f_globals["__name__"].startswith("diffusion.") for frame, _ in inner)
    return isinstance(error, HydraException | OSError) or not ours


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Of the host or of a GPU; torch tells it as a RuntimeError."""
    told = isinstance(error, RuntimeError) and (
        type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)
    )
    return isinstance(error, MemoryError) or told


def _is_lightnings_refusal(error: BaseException | None) -> bool:
    return type(error).__name__ == "MisconfigurationException"  # importing it would take seconds


def _is_full_disk(error: Exception) -> bool:
    """Pillow and NumPy do not pass on the number of an error, only that it was in writing."""
    if not isinstance(error, OSError):
        return False
    return error.errno in FULL or (error.errno is None and "writ" in str(error))


def sentence(error: Exception, config_name: str) -> str:
    """One sentence for a person; for a misspelt word the nearest valid ones."""
    ours = _cause(error, (UserError, DataError))
    if ours is not None:
        return _one_line(ours)
    if isinstance(error, MissingMandatoryValue):
        key = re.search(r"mandatory value: ([\w.]+)", str(error))
        name = error.full_key or (key.group(1) if key else "a value")
        return f"{name} is missing; give it on the command line as {name}=..."
    if isinstance(error, InstantiationException):
        return f"{_one_line(error.__cause__)} (in {_one_line(error).rpartition('full_key: ')[2]})"
    if isinstance(error, InterpolationResolutionError):
        reason = re.sub(r"^\w+ raised .*?: ", "", str(error).splitlines()[0]).strip('"')
        return f"{error.full_key} cannot be resolved: {reason}."
    if taken := _taken_away(error):
        return f"{taken} is needed; leave out ~{taken}."
    if isinstance(error, OSError) and error.errno in CLOSED:
        what = error.filename or "A file"
        return f"{what} cannot be used ({error.strerror}); allow it, or name another place."
    if _is_out_of_memory(error):
        return "There is not enough memory; take a smaller batch (batch_size) or a smaller model."
    if _is_full_disk(error):
        reason = getattr(error, "strerror", None) or _one_line(error)
        return f"Files cannot be written ({reason}); make room, and run the same command again."
    text = f"{_one_line(error)} {_one_line(error.__cause__)}"
    choice = re.search(r"Could not (?:find|load) '([\w./@=-]+)'", text)
    if choice:
        group, _, option = choice.group(1).rpartition("/")
        if group == "hydra/launcher":
            return (
                f"{group}={option} is not installed; pip install -e '.[launchers]' brings joblib, "
                "submitit_local and submitit_slurm."
            )
        known = sorted(file.stem for file in (CONF / group).glob("*.yaml"))
        near = get_close_matches(option, known, 1, 0.3)
        hint = f"did you mean {group}={near[0]}? " if near else ""
        return f"{group}={option} is not known; {hint}known are {', '.join(known)}."
    unknown_word = re.search(r"full_key: ([\w.]+)", text) or re.search(
        r"(?:override '|Key ')([\w.@/-]+)'", text
    )
    if unknown_word:
        return unknown(unknown_word.group(1), config_name)
    theirs = isinstance(error, HydraException | OmegaConfBaseException | OSError)
    if theirs or _is_lightnings_refusal(error):
        return text.strip()
    return f"The command line cannot be read: {text.strip()}."


def unknown(word: str, config_name: str) -> str:
    """What to type instead of a group or key that does not exist."""
    if config_name == "train" and word in ELSEWHERE:
        return f"{word} is not known here; {ELSEWHERE[word]}."
    group, _, key = word.partition(".")
    owners = sorted(
        file.stem
        for file in (CONF / group).glob("*.yaml")
        if key and re.search(rf"^{re.escape(key)}:", file.read_text(), re.MULTILINE)
    )
    if owners:
        return f"{word} belongs to {' and '.join(f'{group}={owner}' for owner in owners)}."
    if places := _places(group, key):
        way, owner = places[0]
        return f"{word} belongs to {group}={owner}; there it is {way}=..."
    names = _known_names(config_name)
    ends = {name.rpartition(".")[2]: name for name in reversed(names)}
    last = word.rpartition(".")[2]
    near = get_close_matches(word, names, 3, 0.7)
    near += [ends[end] for end in get_close_matches(last, ends, 3, 0.7)]
    hint = " or ".join(name for name in dict.fromkeys(near) if name != word)
    return f"{word} is not known; " + (
        f"did you mean {hint}?" if hint else "--help lists what is."
    )


def _places(group: str, key: str) -> list[tuple[str, str]]:
    """Where a key stands in the choices of a group that lists several: (its way, the choice)."""
    found = []
    for file in sorted((CONF / group).glob("*.yaml")):
        own = OmegaConf.select(OmegaConf.load(file), file.stem)
        if OmegaConf.is_dict(own) and key in own and not key.startswith("_"):
            found.append((f"{group}.{file.stem}.{key}", file.stem))
    return found


def _taken_away(error: Exception) -> str:
    """The key that is missed because the command line has it as `~key`; empty for other errors."""
    if isinstance(error, OmegaConfBaseException):
        missed = error.key
    elif isinstance(error, KeyError):
        missed = error.args[0]
    else:
        return ""
    words = [word[1:].partition("=")[0] for word in sys.argv[1:] if word.startswith("~")]
    return next((word for word in words if word.rpartition(".")[2] == missed), "")


def _one_line(error: BaseException | None) -> str:
    """What an error says, in one line and without endless words."""
    text = " ".join(str(error or "").split())
    return re.sub(rf"([^\s']{{{MAX_WORD_LETTERS}}})[^\s']+", r"\1...", text)


def _cause(error: BaseException | None, kinds: tuple[type, ...]) -> BaseException | None:
    """The first error of these kinds in a chain; Hydra wraps what a constructor raises."""
    while error is not None and not isinstance(error, kinds):
        error = error.__cause__
    return error


def _known_names(config_name: str) -> list[str]:
    """Groups and dotted keys of a command's default configuration."""
    from hydra import compose, initialize_config_dir

    GlobalHydra.instance().clear()  # the one that refused
    with initialize_config_dir(str(CONF), version_base="1.3"):
        whole = compose(config_name, return_hydra_config=True)
        groups = [group for group in whole.hydra.runtime.choices if "/" not in group]
        own = OmegaConf.masked_copy(whole, [str(key) for key in whole if key != "hydra"])
        cfg = OmegaConf.to_container(own, resolve=False)

    def keys(node: Any, prefix: str = "") -> list[str]:
        if not isinstance(node, dict):
            return []
        return [
            name
            for key, child in node.items()
            for name in [f"{prefix}{key}", *keys(child, f"{prefix}{key}.")]
        ]

    return [*groups, *keys(cfg)]
