"""Words of the command line as people type them, put so that Hydra reads what is meant.

Hydra's grammar takes blanks, brackets, `#`, `=`, commas and accents in a value only in quotes, and
`2024_1` for a number. A path or a name is a text whatever is in it.
"""

import re
import shlex
from collections.abc import Sequence

from diffusion.commands.unknown import CONF, heads
from diffusion.errors import UserError
from diffusion.runs.directory import BUDGET

PATHS = (
    *(
        "data.path",
        "data.labels_path",
        "data.attributes",
        "data.layers",
        "data.background",
        "hydra.run.dir",
    ),
    *("run", "runs_in", "sweep", "wandb_sweep", "out", "images", "export", "init_from", "teacher"),
)
COLOURS = ("data.palette", "colours", "recolour")  # a file, or hex digits that are no numbers
NAMES = ("label", "from", "keep", "panel", "variations", "noising", "sweep_name")
LISTS = ("runs",)  # of paths; a single one may stand without brackets
ATTRIBUTE = "attribute"
LABEL = "label"  # a word of its own, which asks for an attribute where one is called so
SINGLE = re.compile(rf"(?:{ATTRIBUTE}\.)?([^\W\d]\w*)=(.+)")
MINUTES = re.compile(r"\d+(\.\d+)?")
MOST_SECONDS = 100 * 24 * 3600  # days have two digits
DASHED = re.compile(r"--(?!cfg=|info=|package=)([\w.@/]+=.*)", re.DOTALL)  # no word of Hydra's own
PLAIN = re.compile(r"[A-Za-z0-9_./+@%-]*")
HEXES = re.compile(r"\[?(#?[0-9A-Fa-f]{6,8}(?:, ?#?[0-9A-Fa-f]{6,8})*)\]?")
BARE = re.compile(r"'([^'\\]*)'")
NULL = re.compile(r"\bnull\b")
MEANT = re.compile(r"""null|['"].*|.*\$\{.*|\[.*\]|\{.*\}""", re.DOTALL)  # as Hydra's own


def as_meant(words: Sequence[str], sweep: bool = False) -> list[str]:
    """The words, with quotes around paths and names that need them.

    `--seed=0` is read as `seed=0`: so W&B's agents type.

    Args:
        words: as typed.
        sweep: whether commas separate the choices of a sweep.
    """
    return [_quoted(DASHED.sub(r"\1", word), sweep) for word in words]


def with_budget(words: Sequence[str]) -> list[str]:
    """The words, with `minutes=10` as what it stands for: a time, and no number of steps.

    Raises:
        UserError: it is no number of minutes, or steps or a time are typed beside it.
    """
    typed = [word for word in words if word.startswith("minutes=") and word != "minutes=null"]
    if not typed:
        return list(words)
    value = typed[-1].partition("=")[2].strip("'")
    if not MINUTES.fullmatch(value) or not 1 <= round(60 * float(value)) < MOST_SECONDS:
        raise UserError(
            f"minutes={value} must be a number of minutes, such as 10 or 0.5, from a second to "
            f"less than {MOST_SECONDS // (24 * 3600)} days."
        )
    for word in words:
        if key_of(word) in BUDGET:
            raise UserError(f"minutes={value} is the whole budget; leave out {word}.")
    minutes, seconds = divmod(round(60 * float(value)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    time = f"trainer.max_time={days:02}:{hours:02}:{minutes:02}:{seconds:02}"
    return [*(word for word in words if word not in typed), time, "trainer.max_steps=-1"]


def collected(words: Sequence[str], verb: str) -> list[str]:
    """The words, with single ones that the command does not know put under `attribute`: only the
    run that is asked for knows what they mean.

    Args:
        words: as typed. `attribute.hair=red` is for an attribute with the name of a word.
        verb: the command.
    """
    known = _taken(verb)
    found = []
    for word in words:
        match = SINGLE.fullmatch(word)
        if match and (match[1] not in known or word.startswith(f"{ATTRIBUTE}.")):
            value = match[2] if match[2][0] in "'\"" else quoted(match[2])
            word = f"+{ATTRIBUTE}.{match[1]}={value}"
        found.append(word)
    return found


def name_of(attribute: str, verb: str) -> str:
    """An attribute as it is typed: by its name, unless that is another word of the command."""
    taken = attribute in _taken(verb) and attribute != LABEL
    return f"{ATTRIBUTE}.{attribute}" if taken else attribute


def _taken(verb: str) -> set[str]:
    """Words that mean something without a run."""
    return heads(verb) | {"hydra"} | {folder.name for folder in CONF.iterdir()}


def _quoted(word: str, sweep: bool) -> str:
    key, equals, value = word.partition("=")
    name = key.lstrip("+")
    if equals and name in COLOURS and (hexes := HEXES.fullmatch(value)):
        return f"{key}=[{','.join(quoted(each) for each in re.split(r', ?', hexes[1]))}]"
    if equals and name == "logger":  # Hydra knows no null in place of a choice, but an empty list
        return f"{key}={NULL.sub('[]', value)}"
    if not equals or name not in PATHS + NAMES + LISTS + COLOURS or MEANT.fullmatch(value):
        return word
    if sweep and "," in value:
        return word
    if name in LISTS:
        return f"{key}=[{','.join(map(quoted, value.split(',')))}]"
    if name in NAMES and PLAIN.fullmatch(value):  # numbers may be rows and positions
        return word
    return f"{key}={quoted(value)}" if value else word


def in_shell(word: str) -> str:
    """A word as a person types it into a shell: without the quotes that were put around its
    value, and with those that a shell needs."""
    key, _, value = word.partition("=")
    if (bare := BARE.fullmatch(value)) and as_meant([f"{key}={bare[1]}"]) == [word]:
        word = f"{key}={bare[1]}"
    return shlex.quote(word)


def key_of(word: str) -> str:
    """What a word is about."""
    return word.lstrip("+~").partition("=")[0]


def quoted(value: str) -> str:
    """The value as a text of Hydra's grammar."""
    escaped = re.sub(r"(\\*)(?='|$)", r"\1\1", value).replace("'", "\\'")
    return f"'{escaped}'"
