"""Weights & Biases: a run's numbers, the least of each loss, its summary, and its lineage."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import WandbLogger

from diffusion.errors import UserError
from diffusion.runs.patient import Patient

LESS_IS_BETTER = re.compile(r"(train|val|preview)/(\w*loss|\w+_[fk]d|[fk]id|\w+_distance)")
MAX_TAG = 64  # letters of a tag, for W&B


class _Wandb(WandbLogger):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._known: set[str] = set()  # keys of which W&B shows the least value beside the last

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        for key in filter(LESS_IS_BETTER.fullmatch, metrics.keys() - self._known):
            self.experiment.define_metric(key, step_metric="progress/images", summary="min,last")
            self._known.add(key)
        super().log_metrics(metrics, step)

    def log_summary(self, summary: Mapping[str, Any], step: int) -> None:
        """All but the last values that stand beside the least, which one number would replace."""
        rest = {key: value for key, value in summary.items() if key not in self._known}
        self.experiment.summary.update(rest)

    def log_lineage(self, data: Path, checkpoint: Path, facts: Mapping[str, Any]) -> None:
        run = self.experiment
        if run.disabled:
            return
        fingerprint = facts["fingerprint"]
        used = _reference(
            f"data-{fingerprint[:12]}", "dataset", data, {"fingerprint": fingerprint}
        )
        # `use_artifact` does the same, but waits for it, and refuses to offline
        run._log_artifact(used, is_user_created=True, use_after_commit=True)
        run.log_artifact(_reference(f"model-{run.id}", "model", checkpoint, facts))


class PatientWandb(Patient, _Wandb):
    """Lightning's logger of W&B."""

    title = "W&B"

    def log_lineage(self, data: Path, checkpoint: Path, facts: Mapping[str, Any]) -> None:
        self._try("log_lineage", data, checkpoint, facts)


def tags_of(tags: Any) -> list[str]:
    """Tags as W&B takes them: a list of words, or one alone.

    Raises:
        UserError: one is no word, or none of 1 to 64 letters.
    """
    given = tags if isinstance(tags, list | tuple) else [tags]
    words = [str(tag) for tag in given if isinstance(tag, str | int | float)]
    if len(words) < len(given) or not all(1 <= len(word) <= MAX_TAG for word in words):
        raise UserError(
            f"logger.wandb.tags={tags} must be words of 1 to {MAX_TAG} letters; give them as "
            "logger.wandb.tags=[a,b]."
        )
    return words


def _reference(name: str, kind: str, file: Path, facts: Mapping[str, Any]) -> Any:
    """An artifact of W&B that refers to a file by its path, size and MD5."""
    import wandb as library

    artifact = library.Artifact(name, kind, metadata=dict(facts))
    artifact.add_reference(file.absolute().as_uri(), name=file.name)
    return artifact
