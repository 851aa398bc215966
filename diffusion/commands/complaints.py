"""What is said about wrong input: one sentence with the remedy, and the nearest valid names."""

import errno
import re
import sys
import traceback

from hydra.errors import HydraException, InstantiationException
from omegaconf.errors import (
    InterpolationResolutionError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from datamodules.errors import DataError
from diffusion.commands.unknown import CONF, NO_NAME, groups_of, unknown_choice, unknown_word
from diffusion.errors import UserError

CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
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
        return unknown_choice(group, option)
    if "group override must be" in text:
        for group, _, value in (word.partition("=") for word in sys.argv[1:]):
            if NO_NAME.fullmatch(value) and group in groups_of(config_name):
                return unknown_choice(group, value)
            if NO_NAME.fullmatch(value) and (CONF / group).is_dir():
                return unknown_word(group, group, config_name)
    typed = re.search(r"override '([\w.@/-]+)'", text)
    unknown = re.search(r"full_key: ([\w.]+)", text) or typed or re.search(r"Key '(\w+)'", text)
    if unknown:
        return unknown_word((typed or unknown)[1], unknown[1], config_name)
    theirs = isinstance(error, HydraException | OmegaConfBaseException | OSError)
    if theirs or _is_lightnings_refusal(error):
        return text.strip()
    return f"The command line cannot be read: {text.strip()}."


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
