"""TensorBoard: event files with a run's keys, pictures, tables, hyperparameters and summary."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from diffusion.errors import UserError
from diffusion.runs.directory import flat
from diffusion.runs.files import Folder
from diffusion.runs.patient import Patient
from diffusion.runs.reading import content_of

try:
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from torch.utils.tensorboard.summary import hparams
except ImportError as error:
    raise UserError(
        "logger=tensorboard is not installed; pip install -e '.[tensorboard]' brings it."
    ) from error

FOLDER = "tensorboard"
FILES = "events.out.tfevents.*"
LARGEST = 2**30  # bytes of an event file
SORTED_BY = ("val/loss", "preview/sprite_fd", "samples/sprite_fd", "samples/copy_rate")


class _Events(TensorBoardLogger):
    def log_hyperparams(self, params: Any, *_: Any) -> None:
        """For the tab HPARAMS: what was typed comes first, and results are `SORTED_BY`."""
        plain = {key: _plain(value) for key, value in flat(params).items()}
        experiment, begun, _ended = hparams(plain, dict.fromkeys(SORTED_BY, 0.0))
        described = experiment.value[0].metadata.plugin_data
        known = HParamsPluginData.FromString(described.content)
        typed = {word.lstrip("+~").partition("=")[0] for word in params.get("words", [])}
        for info in known.experiment.hparam_infos:
            info.differs = info.name.removeprefix("choices.") in typed
        described.content = known.SerializeToString()
        self._add(experiment, begun)

    def log_image(self, key: str, images: list[Any], step: int | None = None) -> None:
        for k, image in enumerate(images):
            tag, pixels = f"{key}/{k}" if k else key, np.asarray(image.convert("RGBA"))
            self.experiment.add_image(tag, pixels, step, dataformats="HWC")

    def log_table(
        self, key: str, columns: list[str], rows: list[list[Any]], step: int | None = None
    ) -> None:
        lines = [columns, ["---"] * len(columns), *rows]
        self.experiment.add_text(key, "\n".join(map(_line, lines)), step)

    def log_summary(self, summary: Mapping[str, Any], step: int) -> None:
        rows = [[key, value] for key, value in summary.items()]
        self.log_table("summary", ["key", "value"], rows, step)
        _experiment, _begun, ended = hparams({}, {})
        self._add(ended)
        self.experiment.close()

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
    """Event files in the run directory's `tensorboard` folder, kept over interruptions.

    Args:
        folder: the run directory.
        config: plain containers, shown as the run's hyperparameters. Events from the step
            `continued_at` on will be written again.
    """
    if getattr(rank_zero_only, "rank", 0):
        return []  # one process logs
    events = Folder(folder).inside(FOLDER)
    events.made()
    _cut(events, config["continued_at"])
    logger = TensorBoard(
        folder,
        name=FOLDER,
        version="",
        default_hp_metric=False,
        # tells a TensorBoard that has read the later events already; it believes so from the
        # second time on, so that a run which begins says so too
        purge_step=config["continued_at"],
    )
    logger.log_hyperparams(config)
    return [logger]


def _cut(events: Folder, keep: int) -> None:
    """Takes the events of later steps out of the files, as readers that see `purge_step` do not
    all of them."""
    for file in sorted(events.path.glob(FILES)):
        content = content_of(events, file.name, largest=LARGEST) or b""
        kept = b"".join(each for each in _records(content) if _step(each) < keep)
        if kept != content:
            events.write(file.name, kept)


def _records(content: bytes) -> Iterator[bytes]:
    """The whole records of an event file: 8 bytes that say how long the event is, 4 of their
    checksum, the event, and 4 of its checksum."""
    begin = 0
    while begin < len(content):
        end = begin + 16 + int.from_bytes(content[begin : begin + 8], "little")
        if end > len(content):
            return  # its process was killed
        yield content[begin:end]
        begin = end


def _step(record: bytes) -> float:
    """Infinite for an event that a loss of power has damaged."""
    try:
        return int(Event.FromString(record[12:-4]).step)
    except DecodeError:
        return math.inf


def _plain(value: Any) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else json.dumps(value)


def _line(cells: list[Any]) -> str:
    escaped = (" ".join(str(cell).split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
