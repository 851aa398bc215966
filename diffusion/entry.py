"""The one place where scripts begin and end: Hydra around `main`, errors to sentences and codes.

0 done; 2 the input was wrong (one sentence on stderr); 130 and 143 interrupted and resumable;
1 our defect, or a sweep in which a job failed.
"""

import functools
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from diffusion.errors import Interrupted
from diffusion.run_directory import process_rank
from diffusion.wording import CONF, is_wrong_input, sentence


def entry(config_name: str) -> Callable[[Callable[[DictConfig], Any]], Callable[[], None]]:
    """Makes `main(cfg)` a command: `conf/<config_name>.yaml` composed with the command line."""

    def decorate(main: Callable[[DictConfig], Any]) -> Callable[[], None]:
        refused: list[RunMode | None] = []

        began: list[Path] = []

        @functools.wraps(main)
        def job(cfg: DictConfig) -> Any:
            began.append(output_directory())
            try:
                return main(cfg)
            except Interrupted as interruption:
                say(str(interruption))
                sys.exit(128 + interruption.signal)  # ends a sweep too
            except KeyboardInterrupt:
                say("stopped; the same command continues where the last checkpoint is.")
                sys.exit(128 + signal.SIGINT)
            except Exception as error:
                if not is_wrong_input(error):
                    raise
                refused.append(HydraConfig.get().mode)
                say(f"error: {sentence(error, config_name)}")
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
            except (HydraException, OSError) as error:
                if began:
                    raise
                say(f"error: {sentence(error, config_name)}")
                sys.exit(2)
            if RunMode.MULTIRUN in refused:
                say(f"{len(refused)} job(s) of the sweep failed.")
                sys.exit(1)
            if refused:
                sys.exit(2)

        return command

    return decorate


def say(text: str) -> None:
    """A line on stderr, once per launch."""
    if process_rank() == 0:
        print(text, file=sys.stderr)


def _name_jobs_after_what_differs() -> None:
    """Keeps what all jobs of a sweep share out of the names of their directories."""
    if not {"-m", "--multirun"} & set(sys.argv):
        return
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    try:
        overrides = OverridesParser.create().parse_overrides(words)
    except HydraException:
        return  # Hydra itself will say what is wrong
    shared = {each.key_or_group for each in overrides if not each.is_sweep_override()}
    names = ",".join(sorted(shared))
    sys.argv.append(f"hydra.job.config.override_dirname.exclude_keys=[{names}]")


def output_directory() -> Path:
    """The directory that Hydra chose for this job."""
    return Path(HydraConfig.get().runtime.output_dir)


def overrides() -> list[str]:
    """The words of the command line, as typed."""
    return list(HydraConfig.get().overrides.task)


def plain(cfg: Any) -> Any:
    """Resolved plain containers of a configuration.

    Raises:
        MissingMandatoryValue: a `???` is left.
    """
    return OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)


def _remove_if_empty(directory: Path) -> None:
    """Hydra makes the run directory before our code runs; a refused command leaves none."""
    for folder in (directory, directory.parent):
        if folder != Path.cwd() and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
