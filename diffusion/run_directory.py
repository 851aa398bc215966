"""A run directory: who may use it, whether it continues, and what is written when."""

import fcntl
import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from diffusion.errors import Interrupted, UserError

BUDGET = ("trainer.max_steps", "trainer.max_time")
DEVICES = ("trainer.devices", "trainer.num_nodes", "trainer.strategy")
MAY_DIFFER = (*BUDGET, *DEVICES, "logger", "callbacks", "metrics", "inception")


class RunDirectory:
    """One run's files, locked while the object is entered.

    Nothing is written before `begin`. Rank 0 alone locks, checks, prints and writes; the other
    processes of the same launch only read.

    Args:
        path: the directory; made when it is missing.
        config: the resolved configuration as plain containers.

    Raises:
        UserError: on entering, when another process uses the directory, or when it holds a run of
            another configuration or anything else.
    """

    def __init__(self, path: Path, config: dict[str, Any]) -> None:
        self.path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        self.config = config
        self.leads = process_rank() == 0
        self._begun, self.started = False, time.process_time()

    def __enter__(self) -> "RunDirectory":
        file = self.path / ".hydra" / "config.yaml"
        if self.leads:
            self._take_lock()
        self._earlier = yaml.safe_load(file.read_text()) if file.exists() else None
        if self.leads:
            self._check_earlier()
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
            self.write_json("summary.json", {"status": status, "reason": str(error)})
        if self.leads:
            os.close(self._lock)

    @property
    def last(self) -> Path | None:
        """The newest checkpoint, if there is one."""
        file = self.path / "checkpoints" / "last.ckpt"
        return file if file.exists() else None

    @property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds; empty before the first part of the run has ended."""
        file = self.path / "summary.json"
        return json.loads(file.read_text()) if file.exists() else {}

    @property
    def finished(self) -> bool:
        """Whether the run used up the budget that is asked for now."""
        if self._earlier is None or self.summary.get("status") != "finished":
            return False
        before, now = flat(self._earlier), flat(self.config)
        return all(before.get(key) == now.get(key) for key in BUDGET)

    def begin(self, overrides: list[str], data_card: dict[str, Any]) -> None:
        """Writes `.hydra/` and `data.json`, and takes away the summary of an earlier part.

        Raises:
            UserError: the run continues and the data is another.
        """
        if not self.leads:
            return
        earlier = self.path / "data.json"
        known = json.loads(earlier.read_text())["fingerprint"] if earlier.exists() else None
        if self.last and known != data_card["fingerprint"]:
            raise UserError(
                f"The data has changed since {self.path} was begun; give another hydra.run.dir, "
                "or the old data to continue it."
            )
        self._begun = True
        (self.path / ".hydra").mkdir(exist_ok=True)
        for name, content in (("config", self.config), ("overrides", overrides)):
            text = yaml.safe_dump(content, sort_keys=False)
            (self.path / ".hydra" / f"{name}.yaml").write_text(text)
        self.write_json("data.json", data_card)
        (self.path / "summary.json").unlink(missing_ok=True)

    def write_json(self, name: str, content: Any) -> None:
        """Writes a file of the run directory whole or not at all."""
        if self.leads:
            beside = self.path / f".{name}.tmp"
            beside.write_text(json.dumps(content, indent=2) + "\n")
            os.replace(beside, self.path / name)

    def say(self, text: str) -> None:
        """Prints, once per launch."""
        if self.leads:
            print(text, flush=True)

    def _take_lock(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.path, os.O_RDONLY)  # the directory itself: no file is left over
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # dies with its process
        except BlockingIOError as error:
            os.close(self._lock)
            raise UserError(
                f"{self.path} is in use by another process; wait for it, or give another "
                "hydra.run.dir."
            ) from error

    def _check_earlier(self) -> None:
        if self._earlier is None:
            if any(self.path.iterdir()):
                os.close(self._lock)
                raise UserError(
                    f"{self.path} is not empty and holds no run; give another hydra.run.dir."
                )
            return
        before, now = flat(self._earlier), flat(self.config)
        different = sorted(
            key
            for key in before.keys() | now.keys()
            if before.get(key) != now.get(key) and not key.startswith(MAY_DIFFER)
        )
        if different and self.last:  # a run that never saved anything may be replaced
            os.close(self._lock)
            raise UserError(
                f"{self.path} holds a run of another configuration: {', '.join(different)} "
                f"differ{'s' * (len(different) == 1)}; give another hydra.run.dir, or the same "
                "options to continue it."
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
