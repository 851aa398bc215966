"""A run directory: who may use it, whether it continues, and what is written when."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from diffusion.errors import Interrupted, UserError
from diffusion.runs.claim import LOCK, Claim
from diffusion.runs.files import Folder
from diffusion.runs.printable import printable
from diffusion.runs.reading import entries
from diffusion.runs.torchfiles import is_whole

BUDGET = ("trainer.max_steps", "trainer.max_time")
STOPPING = "callbacks.early_stopping."
DEVICES = ("trainer.devices", "trainer.num_nodes", "trainer.strategy")
REACTIONS = (
    "logger",
    "callbacks",
    "metrics",
    "inception",
    "closing",
    "trust",
    "checkpoint.on_failure",
)
MAY_DIFFER = (*BUDGET, *DEVICES, *REACTIONS, "data.path")  # the data's fingerprint may not
LOG = "train.log"
RECORDS = ".jobs"  # of a sweep, in a folder beside its runs
CHECKPOINTS = ("last", "previous", "best")  # a run continues from the first that is whole


class RunDirectory:
    """One run's files, locked while the object is entered.

    Nothing is written before `begin`. Rank 0 alone locks, checks, prints and writes; the other
    processes of the same launch only read.

    Args:
        path: the directory; made when it is missing.
        config: the resolved configuration as plain containers.
        younger: keys of it that a run which is continued could not know; they may differ.

    Raises:
        UserError: on entering, when another process uses the directory, or when it holds a run of
            another configuration or anything else.
    """

    def __init__(self, path: Path, config: dict[str, Any], younger: Iterable[str] = ()) -> None:
        self.path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        self.folder = Folder(self.path)
        self._checkpoints = self.folder.inside("checkpoints")
        self.config, self._younger = config, frozenset(younger)
        self.leads = process_rank() == 0
        self._begun = False
        self._said: list[str] = []  # before there was a log

    def __enter__(self) -> "RunDirectory":
        claim = Claim.of(self.path) if self.leads else None
        try:
            self._earlier = self._read(".hydra/config.yaml")
            if claim:
                self._check_earlier()
                if not claim.locked:
                    self.say(f"{self.path} cannot be locked here; let no second process use it.")
        except BaseException:
            Claim.give_all_back()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and self._begun:
            signalled = isinstance(error, Interrupted | KeyboardInterrupt)
            status = "interrupted" if signalled else "failed"
            with suppress(OSError, UserError):  # on a full disk that very error is on its way
                self.write_json("summary.json", {"status": status, "reason": str(error)})
                self._log([f"{status}: {error}"])
        Claim.give_all_back()

    @property
    def last(self) -> Path | None:
        """The newest checkpoint that is whole, if there is one at all.

        Raises:
            UserError: there are some, and all are damaged.
        """
        files = [self.path / "checkpoints" / f"{name}.ckpt" for name in CHECKPOINTS]
        there = [file for file in files if file.exists()]
        if there and not any(map(is_whole, there)):
            raise UserError(
                f"No checkpoint in {self.path}/checkpoints is whole any more; give another "
                "hydra.run.dir to begin anew."
            )
        return next(filter(is_whole, there), None)

    @property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds; empty before the first part of the run has ended."""
        return self._read("summary.json") or {}

    @property
    def data_card(self) -> dict[str, Any]:
        """What `data.json` says of the data; empty before the run was begun."""
        return self._read("data.json") or {}

    @property
    def finished(self) -> bool:
        """Whether the run used up the budget that is asked for now, or stopped early as it would
        now."""
        if self._earlier is None or self.summary.get("status") != "finished":
            return False
        before, now = flat(self._earlier), flat(self.config)
        asked = {key for key in before.keys() | now.keys() if key.startswith(STOPPING)}
        keys = asked.union(BUDGET) if "reason" in self.summary else BUDGET
        return all(before.get(key) == now.get(key) for key in keys)

    def begin(self, overrides: list[str], data_card: dict[str, Any]) -> None:
        """Writes `.hydra/` and `data.json`, and takes away the summary of an earlier part.

        Raises:
            UserError: the run continues and the data is another.
        """
        if not self.leads:
            return
        if self.last and self.data_card.get("fingerprint") != data_card["fingerprint"]:
            raise UserError(
                f"The data has changed since {self.path} was begun; give another hydra.run.dir, "
                "or the old data to continue it."
            )
        self._set_damaged_aside()
        self._say_what_another_budget_means()
        hydra = self.folder.inside(".hydra")
        for folder in (self.folder, hydra, self._checkpoints):
            folder.sweep()
        for name, content in (("overrides", overrides), ("config", self.config)):
            hydra.write(f"{name}.yaml", yaml.safe_dump(content, sort_keys=False))
        self.write_json("data.json", data_card)
        self.folder.remove("summary.json")
        self._begun = True
        self._log(self._said)

    def write_json(self, name: str, content: Any) -> None:
        """Writes a file of the run directory whole or not at all."""
        if self.leads:
            self.folder.write(name, json.dumps(content, indent=2) + "\n")

    def say(self, text: str) -> None:
        """Prints, once per launch, and adds the text to `train.log` once the run has begun."""
        if not self.leads:
            return
        print(text, flush=True)
        if self._begun:
            self._log([text])
        else:
            self._said.append(text)

    def _log(self, texts: list[str]) -> None:
        with self.folder.append(LOG) as file:
            file.write("".join(f"{printable(text)}\n" for text in texts).encode())

    def _read(self, name: str) -> dict[str, Any] | None:
        """A YAML or JSON file of the run directory; None if it is not there."""
        *folders, file = name.split("/")
        folder = self.folder.inside(*folders)
        return entries(folder, file, "give another hydra.run.dir to begin anew")

    def _say_what_another_budget_means(self) -> None:
        """A constant learning rate knows no budget, so a longer run is just a longer run."""
        before, now = flat(self._earlier or {}), flat(self.config)
        changed = [key for key in BUDGET if before.get(key) != now.get(key)]
        if (
            self.last
            and changed
            and not str(now.get("learning_rate._target_")).endswith(".Constant")
        ):
            self.say(
                f"{' and '.join(changed)} changed: from here on the learning rate follows the new "
                "budget, so the run will not equal one that had it from the start."
            )

    def _set_damaged_aside(self) -> None:
        """So that the next write of `last.ckpt` does not keep the damaged one as the previous."""
        last = self.path / "checkpoints" / "last.ckpt"
        if self.last and self.last != last:
            self.say(f"{last} is damaged or missing; {self.last.name} is used instead.")
            if last.exists():
                self._checkpoints.rename("last.ckpt", "last.ckpt.damaged")

    def _check_earlier(self) -> None:
        if self._earlier is None:
            begun = {".hydra", LOCK}  # by a run that was killed before it began
            if any(file.name not in begun for file in self.path.iterdir()):
                raise UserError(
                    f"{self.path} is not empty and holds no run; give another hydra.run.dir."
                )
            return
        before, now = flat(self._earlier), flat(self.config)
        different = sorted(
            key
            for key in before.keys() | now.keys()
            if before.get(key) != now.get(key)
            and not key.startswith(MAY_DIFFER)
            and key.partition(".")[0] not in self._younger
        )
        if different and self.last:  # a run that never saved anything may be replaced
            raise UserError(
                f"{self.path} holds a run of another configuration: {', '.join(different)} "
                f"differ{'s' * (len(different) == 1)}; give another hydra.run.dir (in a sweep: "
                "sweep_name), or the same options to continue it."
            )


def process_rank() -> int:
    """This process's rank, from the environment that launchers set; 0 when launched plainly."""
    for name in ("RANK", "SLURM_PROCID"):
        if name in os.environ:
            return int(os.environ[name])
    return int(os.environ.get("LOCAL_RANK", 0)) + int(os.environ.get("NODE_RANK", 0))


def flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}."""
    if not isinstance(node, dict):
        return {prefix: node}
    return {
        name: value
        for key, child in node.items()
        for name, value in flat(child, f"{prefix}.{key}" if prefix else str(key)).items()
    }
