"""TensorBoard: event files with a run's keys, pictures, tables, hyperparameters and summary."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from diffusion.errors import UserError
from diffusion.runs.directory import flat
from diffusion.runs.files import Folder
from diffusion.runs.loggers import Patient

try:
    from torch.utils.tensorboard.summary import hparams
except ImportError as error:
    raise UserError(
        "logger=tensorboard is not installed; pip install -e '.[tensorboard]' brings it."
    ) from error

FOLDER = "tensorboard"
SORTED_BY = ("val/loss", "preview/sprite_fd", "samples/sprite_fd", "samples/copy_rate")


class _Events(TensorBoardLogger):
    @rank_zero_only
    def log_hyperparams(self, params: Any, *_: Any) -> None:
        """For the tab HPARAMS, whose columns of results are `SORTED_BY`."""
        plain = {key: _plain(value) for key, value in flat(params).items()}
        experiment, begun, _ended = hparams(plain, dict.fromkeys(SORTED_BY, 0.0))
        self._add(experiment, begun)

    @rank_zero_only
    def log_image(self, key: str, images: list[Any], step: int | None = None) -> None:
        for k, image in enumerate(images):
            tag, pixels = f"{key}/{k}" if k else key, np.asarray(image.convert("RGBA"))
            self.experiment.add_image(tag, pixels, step, dataformats="HWC")

    @rank_zero_only
    def log_table(
        self, key: str, columns: list[str], rows: list[list[Any]], step: int | None = None
    ) -> None:
        lines = [columns, ["---"] * len(columns), *rows]
        self.experiment.add_text(key, "\n".join(map(_line, lines)), step)

    @rank_zero_only
    def log_summary(self, summary: Mapping[str, Any], step: int) -> None:
        rows = [[key, value] for key, value in summary.items()]
        self.log_table("summary", ["key", "value"], rows, step)
        _experiment, _begun, ended = hparams({}, {})
        self._add(ended)
        self.experiment.close()

    @rank_zero_only
    def save(self) -> None:
        """Without Lightning's second file of hyperparameters."""
        self.experiment.flush()

    def _add(self, *summaries: Any) -> None:
        for each in summaries:
            self.experiment._get_file_writer().add_summary(each)


class TensorBoard(Patient, _Events):
    """Lightning's logger of TensorBoard."""

    title = "TensorBoard"


def tensorboard(folder: Path, config: dict[str, Any]) -> list[Logger]:
    """Event files in the run directory's `tensorboard` folder.

    Args:
        folder: the run directory.
        config: plain containers, shown as the run's hyperparameters.
    """
    Folder(folder).inside(FOLDER).made()
    logger = TensorBoard(folder, name=FOLDER, version="", default_hp_metric=False)
    logger.log_hyperparams(config)
    return [logger]


def _plain(value: Any) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else json.dumps(value)


def _line(cells: list[Any]) -> str:
    escaped = (" ".join(str(cell).split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
