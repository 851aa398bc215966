"""A sweep written down for W&B, whose agents then start the runs: `wandb_sweep=FILE.yaml`.

The file holds the choices of a sweep as a grid and the command that an agent types for each of
them. Every run has a directory of its own, named by the id that W&B gives it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from diffusion.commands.typed import quoted
from diffusion.errors import UserError
from diffusion.runs.files import Folder

METRIC = "samples/sprite_fd"  # compares across predictions and schedules, as losses do not
OWN = ("sweep_name", "wandb_sweep", "hydra.mode", "hydra.run.dir")
SCRIPT = Path(__file__).parents[2] / "train.py"
HEAD = """\
# To run this sweep by Weights & Biases:
#   wandb sweep {file}
#   wandb agent SWEEP_ID    (as often as there are machines, where this was written)
"""


def write_for_agents(config: Any) -> None:
    """Writes the sweep that this configuration of `train.py` is, for `wandb sweep`.

    Raises:
        UserError: the file is there already, or a choice is no list of values.
    """
    path = Path(config.wandb_sweep)
    text = HEAD.format(file=path) + yaml.safe_dump(for_agents(config), sort_keys=False)
    Folder(path.parent).write(path.name, text, new=True)
    print(f"{path}\nto run it: wandb sweep {path}")


def for_agents(config: Any) -> dict[str, Any]:
    """The sweep as W&B describes one, plain containers.

    Args:
        config: what Hydra composed, with what it knows of itself.
    """
    chosen = dict(_swept(config.hydra))
    fixed = [
        word
        for word in config.hydra.overrides.task
        if word.lstrip("+").partition("=")[0] not in (*chosen, *OWN)
    ]
    loggers = OmegaConf.to_container(config.logger or {}, resolve=True)
    assert isinstance(loggers, dict)
    project = loggers.get("wandb", {}).get("project")
    before, program, after = _program()
    return {
        "name": config.sweep_name,
        **({"project": project} if project else {}),
        "program": program,
        "method": "grid",
        "metric": {"name": METRIC, "goal": "minimize"},
        "parameters": {key: {"values": values} for key, values in chosen.items()},
        "command": [
            *("${env}", "${interpreter}", *before, "${program}", *after),
            *fixed,
            *(f"sweep_name={quoted(config.sweep_name)}", "hydra.mode=RUN"),
            "hydra.run.dir=" + quoted(f"{config.hydra.sweep.dir}/${{oc.env:WANDB_RUN_ID}}"),
            "${args_no_hyphens}",
        ],
    }


def _program() -> tuple[list[str], str, list[str]]:
    """The script, and what stands before and after it: in an installed package it is a module."""
    if not SCRIPT.is_file():
        return ["-m"], "sprite_diffusion", ["train"]
    return [], "train.py" if Path.cwd() == SCRIPT.parent else str(SCRIPT), []


def _swept(hydra: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Every key that has choices, and these: numbers, or what stands for them on a command line.

    What is typed comes after what is written down, and wins.
    """
    written = [f"{key}={choices}" for key, choices in (hydra["sweeper"]["params"] or {}).items()]
    for each in OverridesParser.create().parse_overrides([*written, *hydra["overrides"]["task"]]):
        if each.is_interval_sweep():
            raise UserError(
                f"{each.input_line} is an interval; give choices, as {each.key_or_group}=1,2,3."
            )
        if each.is_sweep_override():
            yield each.get_key_element(), [_value(text) for text in each.sweep_string_iterator()]


def _value(text: str) -> Any:
    """A number or a truth value; another choice stays the text that is typed for it."""
    found = OverridesParser.create().parse_override(f"x={text}").value()
    return found if isinstance(found, int | float) else text
