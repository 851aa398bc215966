"""A kill at an odd moment: before the run began, or while `metrics.csv` is written."""

import csv
import os

import pytest

from diffusion.runs.directory import RunDirectory
from diffusion.runs.metrics_csv import MetricsCSV

CONFIG = {"seed": 0, "trainer": {"max_steps": 10}}


def test_a_run_killed_before_it_began_can_be_begun(tmp_path):
    (tmp_path / "run" / ".hydra").mkdir(parents=True)
    (tmp_path / "run" / ".hydra" / ".config.yaml.tmp").write_text("trainer:")
    with RunDirectory(tmp_path / "run", CONFIG) as run:
        run.begin([], {"fingerprint": "a"})
    assert (tmp_path / "run" / ".hydra" / "config.yaml").exists()


def test_rows_survive_a_kill_at_any_moment(tmp_path, monkeypatch):
    """Columns are added by a new file that takes the place of the old one."""
    table = MetricsCSV(tmp_path)
    table.log_metrics({"a": 1.0}, step=1)
    table.save()

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            table.log_metrics({"b": 2.0}, step=2)
    again = MetricsCSV(tmp_path, keep=5)
    again.log_metrics({"a": 3.0, "b": 3.0}, step=3)
    again.save()
    with (tmp_path / "metrics.csv").open(newline="") as file:
        assert [row["a"] for row in csv.DictReader(file)] == ["1.0", "3.0"]


@pytest.mark.parametrize("half", ["3,", "3,1", "3,1,6"])
def test_half_a_row_is_cut(tmp_path, half):
    (tmp_path / "metrics.csv").write_text(f"a,step,z\n1,1,5\n2,2,6\n{half}")
    table = MetricsCSV(tmp_path, keep=5)
    table.log_metrics({"a": 3.0, "z": 7.0}, step=3)
    table.save()
    with (tmp_path / "metrics.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3"]
