"""The one place where scripts begin and end: Hydra around `main`, errors to sentences and codes.

0 done; 2 the input was wrong (one sentence on stderr); 130 and 143 interrupted and resumable;
1 our defect, or a sweep in which a job failed.
"""

import functools
import os
import re
import sys
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from datamodules.errors import DataError
from diffusion.errors import Interrupted, UserError

CONF = Path(__file__).parent.parent / "conf"


def entry(config_name: str) -> Callable[[Callable[[DictConfig], Any]], Callable[[], None]]:
    """Makes `main(cfg)` a command: `conf/<config_name>.yaml` composed with the command line."""

    def decorate(main: Callable[[DictConfig], Any]) -> Callable[[], None]:
        refused: list[RunMode | None] = []

        @functools.wraps(main)
        def job(cfg: DictConfig) -> Any:
            try:
                return main(cfg)
            except Interrupted as interruption:
                print(interruption, file=sys.stderr)
                sys.exit(128 + interruption.signal)  # ends a sweep too
            except Exception as error:
                if not _is_wrong_input(error):
                    raise
                refused.append(HydraConfig.get().mode)
                print(f"error: {_sentence(error, config_name)}", file=sys.stderr)
                _remove_if_empty(output_directory())
                return None  # an exception would make Hydra add lines of its own

        @functools.wraps(main)
        def command() -> None:
            os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # let Hydra's errors reach us
            warnings.filterwarnings("ignore", category=FutureWarning)  # other libraries' own
            _name_jobs_after_what_differs()
            composed = hydra.main(
                version_base="1.3", config_path=str(CONF), config_name=config_name
            )
            try:
                composed(job)()
            except HydraException as error:
                print(f"error: {_sentence(error, config_name)}", file=sys.stderr)
                sys.exit(2)
            if RunMode.MULTIRUN in refused:
                print(f"{len(refused)} job(s) of the sweep failed.", file=sys.stderr)
                sys.exit(1)
            if refused:
                sys.exit(2)

        return command

    return decorate


def _name_jobs_after_what_differs() -> None:
    """Keeps what all jobs of a sweep share, and paths, out of the names of their directories."""
    if not {"-m", "--multirun"} & set(sys.argv):
        return
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    try:
        overrides = OverridesParser.create().parse_overrides(words)
    except HydraException:
        return  # Hydra itself will say what is wrong
    shared = {each.key_or_group for each in overrides if not each.is_sweep_override()}
    names = ",".join(sorted({"data.path", *shared}))
    sys.argv.append(f"hydra.job.config.override_dirname.exclude_keys=[{names}]")


def output_directory() -> Path:
    """The directory that Hydra chose for this job."""
    return Path(HydraConfig.get().runtime.output_dir)


def plain(cfg: Any) -> Any:
    """Resolved plain containers of a configuration.

    Raises:
        MissingMandatoryValue: a `???` is left.
    """
    return OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)


def _is_wrong_input(error: Exception) -> bool:
    """Whether the user can mend it: our own sentences, and what constructors refuse in a value."""
    if isinstance(error, InstantiationException):
        refusals = (UserError, DataError, TypeError, ValueError)
        cause = _cause(error.__cause__, refusals)
        return cause is not None or "MisconfigurationException" in str(error)
    return isinstance(error, UserError | DataError | OmegaConfBaseException)


def _remove_if_empty(directory: Path) -> None:
    """Hydra makes the run directory before our code runs; a refused command leaves none."""
    for folder in (directory, directory.parent):
        if folder != Path.cwd() and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _sentence(error: Exception, config_name: str | None = None) -> str:
    """One sentence for a person; for a misspelt word the nearest valid ones."""
    if isinstance(error, MissingMandatoryValue):
        key = re.search(r"mandatory value: ([\w.]+)", str(error))
        name = error.full_key or (key.group(1) if key else "a value")
        return f"{name} is missing; give it on the command line as {name}=..."
    ours = _cause(error, (UserError, DataError))
    if ours is not None:
        return " ".join(str(ours).split())
    text = " ".join(f"{error} {error.__cause__ or ''}".split())
    choice = re.search(r"Could not find '([\w./@-]+)'.*?Available options in '[\w/]+': (.*)", text)
    if choice:
        wanted, options = choice.group(1), choice.group(2).split()
        group, _, option = wanted.rpartition("/")
        near = get_close_matches(option, options, 1, 0.3)
        hint = f"did you mean {group}={near[0]}? " if near else ""
        known = ", ".join(each for each in options if each.isidentifier())
        return f"{group}={option} is not known; {hint}known are {known}."
    unknown = re.search(r"(?:override '|Key ')([\w.@/-]+)'", text)
    if unknown and config_name:
        names = _known_names(config_name)
        key = re.search(r"full_key: ([\w.]+)", text)
        word = key.group(1) if key else unknown.group(1)
        near = get_close_matches(word, names, 3, 0.5) or get_close_matches(
            word.rpartition(".")[2], names, 3, 0.4
        )
        hint = f"; did you mean {' or '.join(near)}?" if near else "; --help lists what is known."
        return f"{word} is not known{hint}"
    return text


def _cause(error: BaseException | None, kinds: tuple[type, ...]) -> BaseException | None:
    """The first error of these kinds in a chain; Hydra wraps what a constructor raises."""
    while error is not None and not isinstance(error, kinds):
        error = error.__cause__
    return error


def _known_names(config_name: str) -> list[str]:
    """Groups and dotted keys of the default configuration."""
    from hydra import compose, initialize_config_dir

    groups = [folder.name for folder in CONF.iterdir() if folder.is_dir()]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = OmegaConf.to_container(compose(config_name), resolve=False)

    def keys(node: Any, prefix: str = "") -> list[str]:
        if not isinstance(node, dict):
            return []
        return [
            name
            for key, child in node.items()
            for name in [f"{prefix}{key}", *keys(child, f"{prefix}{key}.")]
        ]

    return [*groups, *keys(cfg)]
