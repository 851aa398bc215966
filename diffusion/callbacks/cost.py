"""What a run has cost so far, its earlier parts included."""

import time
from typing import Any, ClassVar

import lightning
from lightning.pytorch import Callback


class Cost(Callback):
    """Counts `cpu_seconds` of all processes and, where there are any, `gpu_seconds` of all GPUs.

    The state lies in the checkpoint, so what is lost by a kill after the last one is not counted.
    The processes of a run do the same work at the same time: one speaks for all.

    Attributes:
        before: CPU seconds that this process had used for other things when the run began.
    """

    before: ClassVar[float] = 0.0

    def __init__(self) -> None:
        self.earlier: dict[str, float] = {}
        self.processes, self.on_gpus, self.began = 1, False, time.monotonic()

    def setup(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str
    ) -> None:
        self.processes = trainer.world_size
        self.on_gpus = trainer.strategy.root_device.type != "cpu"

    def spent(self) -> dict[str, float]:
        """Seconds since the run was first begun, less the time in which it did not run."""
        here = {"cpu_seconds": time.process_time() - self.before}
        if self.on_gpus:
            here["gpu_seconds"] = time.monotonic() - self.began
        return {key: self.earlier.get(key, 0.0) + self.processes * here[key] for key in here}

    def state_dict(self) -> dict[str, Any]:
        return self.spent()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.earlier = dict(state_dict)
