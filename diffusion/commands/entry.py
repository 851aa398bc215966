"""The one place where scripts begin and end: Hydra around `main`, errors to sentences and codes.

0 done; 2 the input was wrong (one sentence on stderr); 130 and 143 interrupted and resumable;
1 our defect, or a sweep in which a job failed.
"""

import functools
import os
import re
import shlex
import signal
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from diffusion.commands.complaints import CONF, is_about_the_command_line, is_wrong_input, sentence
from diffusion.commands.continuing import with_saved_words
from diffusion.commands.help import help_of
from diffusion.commands.jobs import end_with_the_sweep, run_job, tell_sweep
from diffusion.commands.sweeps import sweep_closed
from diffusion.commands.terminal import spoken
from diffusion.commands.typed import as_meant, collected, with_budget
from diffusion.errors import Interrupted, UserError
from diffusion.runs.claim import Claim
from diffusion.runs.directory import process_rank


def entry(
    config_name: str,
    words: Mapping[str, str] | None = None,
    elsewhere: Mapping[str, str] | None = None,
) -> Callable[[Callable[[DictConfig], Any]], Callable[[], None]]:
    """Makes `main(cfg)` a command: `conf/<config_name>.yaml` composed with the command line.

    In a sweep each job is the same command once more, in a process of its own. `words` are typed
    beginnings that Hydra shall read as others: of keys whose name in the YAML a group has, or of
    values that only the run which is asked for has. `elsewhere` holds sentences about words that
    are none of this script.
    """

    def decorate(main: Callable[[DictConfig], Any]) -> Callable[[], None]:
        began: list[Path] = []  # set once Hydra is through with the command line

        @functools.wraps(main)
        def job(cfg: DictConfig) -> Any:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                return run_job(config_name, cfg)
            began.append(output_directory())
            try:
                found = main(cfg)
                sys.stdout.flush()  # what could not be printed is said
                return found
            except Interrupted as interruption:
                if interruption.signal != signal.SIGPIPE:
                    say(str(interruption))
                sys.exit(128 + interruption.signal)
            except KeyboardInterrupt:
                say("stopped; the same command continues where the last checkpoint is.")
                sys.exit(128 + signal.SIGINT)
            except Exception as error:
                if not is_wrong_input(error):
                    tell_sweep(f"{type(error).__name__}: {error}")
                    raise
                _refuse(error, config_name)
            finally:
                Claim.give_all_back()

        @functools.wraps(main)
        @spoken()
        def command() -> None:
            os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # let Hydra's errors reach us
            warnings.filterwarnings("ignore", category=FutureWarning)  # other libraries' own
            warnings.filterwarnings("ignore", "The `srun` command")  # nobody needs to use SLURM
            end_with_the_sweep()
            if {"-h", "--help"} & set(sys.argv[1:]):
                print(help_of(config_name))
                return
            for word, answer in (elsewhere or {}).items():
                for each in sys.argv[1:]:
                    if each.startswith(f"{word}="):
                        line = shlex.join(sys.argv[1:])
                        _refuse(UserError(answer.format(typed=each, line=line)), config_name)
            sweep = bool({"-m", "--multirun"} & set(sys.argv))
            try:
                sys.argv[1:] = as_hydra_reads(config_name, sys.argv[1:], words, sweep)
            except UserError as refusal:
                _refuse(refusal, config_name)
            if config_name != "train" and sweep:
                error = UserError(f"{config_name}.py does one thing at a time; leave out -m.")
                _refuse(error, config_name)
            _name_jobs_after_what_differs()
            composed = hydra.main(
                version_base="1.3", config_path=str(CONF), config_name=config_name
            )
            with sweep_closed():
                try:
                    composed(job)()
                except Interrupted:
                    raise
                except Exception as error:
                    if began or not is_about_the_command_line(error):
                        raise
                    _refuse(error, config_name)

        return command

    return decorate


def as_hydra_reads(
    config_name: str,
    words: Sequence[str],
    read: Mapping[str, str] | None = None,
    sweep: bool = False,
) -> list[str]:
    """The words of a command as Hydra shall read them, after those of a run that it continues.

    Args:
        config_name: of the command.
        words: as typed.
        read: beginnings that stand for others, see `entry`.
        sweep: whether commas separate the choices of a sweep.

    Raises:
        UserError: a budget that is none, or a damaged record of the run.
    """
    meant = as_meant(words, sweep)
    if config_name in ("sample", "look"):
        meant = collected(meant, config_name)
    for typed, stands_for in (read or {}).items():
        meant = [re.sub(f"^{re.escape(typed)}", stands_for, each) for each in meant]
    return with_saved_words(with_budget(meant)) if config_name == "train" else meant


def _refuse(error: Exception, config_name: str) -> NoReturn:
    """The sentence on stderr and exit code 2; an exception would make Hydra add lines."""
    text = sentence(error, config_name)
    if process_rank() == 0:
        tell_sweep(text)
    say(f"error: {text}")
    sys.exit(2)


def say(text: str) -> None:
    """A line on stderr, once per launch."""
    if process_rank() == 0:
        print(text, file=sys.stderr)


def _name_jobs_after_what_differs() -> None:
    """Keeps what all jobs of a sweep share out of their names, and lets `-m` stand anywhere."""
    sweep = [word for word in sys.argv[1:] if word in ("-m", "--multirun")]
    others = [word for word in sys.argv[1:] if word not in sweep]
    words = [word for word in others if "=" in word[1:] or word.startswith("~")]
    try:
        overrides = OverridesParser.create().parse_overrides(words)
    except Exception:
        return  # Hydra itself will say what is wrong
    shared = {each.key_or_group for each in overrides if not each.is_sweep_override()}
    if shared:
        place = others.index(words[0])  # among the other overrides, where argparse wants it
        names = ",".join(sorted(shared))
        others.insert(place, f"hydra.job.config.override_dirname.exclude_keys=[{names}]")
    sys.argv[1:] = [*sweep[:1], *others]


def output_directory() -> Path:
    """The directory that Hydra chose for this job."""
    return Path(HydraConfig.get().runtime.output_dir)


def overrides() -> list[str]:
    """The words of the command line, as typed."""
    return list(HydraConfig.get().overrides.task)


def choices() -> dict[str, str]:
    """The names of what was chosen in each group, such as `schedule: linear`."""
    return choices_of(HydraConfig.get())


def choices_of(hydra_config: Any) -> dict[str, str]:
    """The same of any configuration of Hydra itself."""
    chosen = plain(hydra_config.runtime.choices)
    return {
        group: name for group, name in chosen.items() if name and not group.startswith("hydra/")
    }


def plain(cfg: Any) -> Any:
    """Resolved plain containers of a configuration; a plain value in it stays what it is.

    Raises:
        MissingMandatoryValue: a `???` is left.
    """
    if not OmegaConf.is_config(cfg):
        return cfg
    return OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
