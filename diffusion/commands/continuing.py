"""Continuing: in a directory that holds a run, what is not typed comes from that run.

Before Hydra composes, the run's saved words stand before the typed ones, so that `data.path=`
alone means the run's kind of data. What Hydra then makes of all these words is today's
configuration. The run's is the saved one; a typed word that is not among the saved ones brings
today's value of its key, and what differs is refused, or may differ, as ever. A saved word that is
typed again is satisfied, whatever it means today.

A run directory may come from a stranger. So no saved word is taken that could name code or a
variable of the environment, and the saved configuration names only classes that this project, a
trusted package, or today's configuration at the same place names.
"""

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from diffusion.commands.typed import key_of
from diffusion.errors import UserError
from diffusion.runs.cards import PARTS
from diffusion.runs.directory import CHECKPOINTS
from diffusion.runs.files import Folder
from diffusion.runs.reading import entries, record
from diffusion.runs.trust import is_within, remedy, trusted

TODAYS = (  # what a machine decides
    *(("trainer", key) for key in ("accelerator", "devices", "num_nodes", "strategy")),
    ("logger",),
    ("trust",),
)
EVERYTHING = ("experiment", "sweep")  # groups that reach into all others
OF_A_CHOICE = ("logger.", "callbacks.early_stopping.")  # values of parts that may be left out
WORD = re.compile(r"(?!hydra)[A-Za-z_][\w./]*(=.*)?", re.DOTALL)
OLD_LOGGER = re.compile(r"(\+{0,2})logger\.(mode|project)=")  # when there was only one at a time
TRAINER = "lightning.Trainer"
CLASSES = (
    *(package for packages in PARTS.values() for package in packages),
    *("datamodules", "diffusion.callbacks", "diffusion.learning_rate", "diffusion.metrics"),
    *("diffusion.muon", "diffusion.samplers", "torch.optim"),
)


def with_saved_words(words: list[str]) -> list[str]:
    """The words of a command line after those of the run that it continues, if it continues one.

    Raises:
        UserError: the run's record of them is damaged.
    """
    run = _directory(words)
    if run is None:
        return words
    keys = {key_of(word) for word in words}
    saved = [word for word in saved_words(run) if not _is_replaced(key_of(word), keys)]
    place = next(k for k, word in enumerate(words) if "=" in word or word.startswith("~"))
    return [*words[:place], *saved, *words[place:]]


def continued(
    today: dict[str, Any], run: Path, words: list[str]
) -> tuple[dict[str, Any], set[str]]:
    """The configuration of the run that is continued, with what was typed anew.

    Args:
        today: what Hydra made of the saved and the typed words, as plain containers.
        run: the directory.
        words: the saved and the typed ones.

    Returns:
        it, and its keys that the run did not know yet and nobody typed.

    Raises:
        UserError: the saved configuration is damaged, or names what nobody trusts.
    """
    saved = entries(Folder(run, ".hydra"), "config.yaml") if _holds_a_run(run) else None
    known = saved_words(run)
    typed = [word for word in words if word not in known]
    if saved is None or any(key_of(word) in EVERYTHING for word in typed):
        return today, set()
    config = {**today, **saved}
    younger = today.keys() - saved.keys() - {re.split(r"[./]", key_of(word))[0] for word in typed}
    for way in (*TODAYS, *(tuple(re.split(r"[./]", key_of(word))) for word in typed)):
        _take(config, today, way)
    _check(config, today, (), trusted(today.get("trust")))
    return config, younger


def saved_words(run: Path) -> list[str]:
    """The words that the run was begun with, but for those that could reach further."""
    saved = record(Folder(run, ".hydra"), "overrides.yaml") or []
    found = saved if isinstance(saved, list) else []
    words = [word for word in found if isinstance(word, str) and _is_harmless(word)]
    return [OLD_LOGGER.sub(r"\1logger.wandb.\2=", word) for word in words]


def _is_replaced(key: str, typed: set[str]) -> bool:
    """Whether a saved word has nothing to say any more: what is chosen anew has other values."""
    left = [values for values in OF_A_CHOICE if values.partition(".")[0] in typed]
    return key in typed or key.startswith(tuple(left))


def _is_harmless(word: str) -> bool:
    plain = WORD.fullmatch(word.lstrip("+~")) and key_of(word) != "trust"
    return bool(plain) and "_target_" not in word and "${" not in word


def _directory(words: list[str]) -> Path | None:
    """The run's directory where one is typed and holds a run that can be continued."""
    typed = [word for word in words if word.startswith("hydra.run.dir=")]
    if not typed or "${" in typed[-1] or {"-m", "--multirun"} & set(words):
        return None
    try:
        value = OverridesParser.create().parse_override(typed[-1]).value()
    except Exception:
        return None  # Hydra itself will say what is wrong
    run = Path(str(value))
    return run if _holds_a_run(run) else None


def _holds_a_run(run: Path) -> bool:
    return any((run / "checkpoints" / f"{name}.ckpt").exists() for name in CHECKPOINTS)


def _take(config: dict[str, Any], today: dict[str, Any], way: tuple[str, ...]) -> None:
    """Makes a value of today's the one in the configuration; where it has none, there is none."""
    *above, last = way
    for key in above:
        today = today.get(key) or {}
        if not isinstance(config.get(key), dict):
            config[key] = {}
        config[key] = config = dict(config[key])
    if last in today:
        config[last] = today[last]
    else:
        config.pop(last, None)


def _check(node: Any, today: Any, way: tuple[str, ...], trust: tuple[str, ...]) -> None:
    """Refuses what only the saved configuration names: foreign classes, and interpolations."""
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        also = today.get(key) if isinstance(today, dict) else None
        here = (*way, str(key))
        if isinstance(child, dict | list):
            _check(child, also, here, trust)
        elif isinstance(child, str) and child != also:
            if "${" in child:
                raise UserError(f"The run's {'.'.join(here)} is {child}; type it again.")
            if key == "_target_" and not _is_known(child, trust):
                raise UserError(
                    f"The run's {'.'.join(here)} is {child}, which is no class of this project; "
                    f"type it again{remedy(child)}."
                )


def _is_known(target: str, trust: tuple[str, ...]) -> bool:
    """Whether this names a class where it is defined, an optimizer of torch, or the trainer."""
    if target == TRAINER or is_within(target, trust):
        return True
    if not is_within(target, CLASSES):
        return False
    module, _, name = target.rpartition(".")
    try:
        made = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return False
    home = getattr(made, "__module__", "")
    return inspect.isclass(made) and (home == module or is_within(f"{home}.", ("torch.optim",)))
