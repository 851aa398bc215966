"""A logger whose failures stop no run."""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch.loggers import Logger


class Patient(Logger):
    """Before a Lightning logger: a failure costs a sentence, and after it nothing is tried again.

    Attributes:
        title: as the sentence calls it.
    """

    title: str
    failed = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self._try("log_metrics", metrics, step)

    def log_image(
        self, key: str, images: list[Any], step: int | None = None, **options: Any
    ) -> None:
        self._try("log_image", key, images, step, **options)

    def log_table(self, key: str, *columns_and_rows: Any, **options: Any) -> None:
        self._try("log_table", key, *columns_and_rows, **options)

    def log_summary(self, summary: Mapping[str, Any], step: int) -> None:
        self._try("log_summary", summary, step)

    def save(self) -> None:
        self._try("save")

    def finalize(self, status: str) -> None:
        self._try("finalize", status)

    def _try(self, name: str, *values: Any, **options: Any) -> None:
        if self.failed:
            return
        try:
            getattr(super(), name)(*values, **options)
        except Exception as error:
            self.failed = True
            print(
                f"{self.title} failed ({type(error).__name__}); training goes on, and metrics.csv "
                "holds all.",
                flush=True,
            )
