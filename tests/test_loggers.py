"""Any loggers at once hold the same numbers, pictures, tables and facts, read from their files."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import SMOKE, TWICE
from PIL import Image
from test_continuing import begun, composed, typed

from diffusion.commands.trainer import check_loggers, compose_loggers
from diffusion.commands.typed import as_meant
from diffusion.errors import UserError
from diffusion.runs.loggers import log_picture, log_summary, log_table

WANDB = "logger=[csv,wandb] logger.wandb.mode=offline"
PICTURE = Image.fromarray(np.arange(4 * 5 * 4, dtype=np.uint8).reshape(4, 5, 4))
SUMMARY = {"status": "finished", "samples/copy_rate": 0.25, "parameters": 7}
FACTS = {"choices": {"schedule": "linear"}, "device": "cpu"}
FACTS |= {"words": ["schedule=linear", "+seed=0", "model.widths=[8,8]"]}


def events(run):
    """What TensorBoard reads in a run's event files."""
    library = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = library.EventAccumulator(str(run / "tensorboard"), {"images": 0, "tensors": 0})
    return read.Reload()


def text(read, key):
    return read.Tensors(f"{key}/text_summary")[-1].tensor_proto.string_val[0].decode()


def in_wandb(folder):
    """What W&B's own program reads in the one file of an offline run."""
    (log,) = folder.rglob("*.wandb")
    leet = [Path(sys.executable).with_name("wandb"), "leet", "inspect", log, "--summary", "--json"]
    read = subprocess.run(leet, check=True, capture_output=True, text=True)
    return json.loads(read.stdout)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("logger=csv", ["csv"]),
        ("logger=[]", []),
        ("logger=[wandb,tensorboard]", ["wandb", "tensorboard"]),
        ("logger=[csv,tensorboard]", ["csv", "tensorboard"]),
    ],
)
def test_a_list_of_loggers_is_all_of_them(words, names):
    assert list(composed([words]).get("logger") or {}) == names


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("logger=null", "logger=[]"),
        ("logger=[csv,tensorboard],null", "logger=[csv,tensorboard],[]"),
        ("logger=csv", "logger=csv"),
    ],
)
def test_no_logger_can_be_typed_as_null_also_in_a_sweep(word, read):
    assert as_meant([word], sweep=True) == [read]


def test_tensorboard_gives_back_what_it_was_given(tmp_path):
    pytest.importorskip("tensorboard")
    config = composed(["logger=[csv,tensorboard]"])
    loggers = compose_loggers(config, tmp_path, 0, FACTS)
    for logger in loggers:
        logger.log_metrics({"train/loss": 0.5}, 3)
        logger.save()
        logger.finalize("success")
    log_picture(loggers, "preview/sprites", PICTURE, 4)
    log_table(loggers, "samples/passports", ["index", "nearest"], [[0, "a|b"], [1, "c\nd"]], 4)
    log_summary(loggers, SUMMARY, 5)
    read = events(tmp_path)
    assert [(each.step, each.value) for each in read.Scalars("train/loss")] == [(3, 0.5)]
    assert [(each.step, each.value) for each in read.Scalars("samples/copy_rate")] == [(5, 0.25)]
    (stored,) = read.Images("preview/sprites")
    picture = Image.open(io.BytesIO(stored.encoded_image_string))
    np.testing.assert_array_equal(np.asarray(picture), np.asarray(PICTURE))
    assert text(read, "samples/passports").splitlines()[2:] == ["| 0 | a\\|b |", "| 1 | c d |"]
    assert "| status | finished |" in text(read, "summary")
    with (tmp_path / "metrics.csv").open(newline="") as file:
        assert [row["train/loss"] for row in csv.DictReader(file)] == ["0.5"]


def test_tensorboard_shows_hyperparameters_and_how_the_run_ended(tmp_path):
    metadata = pytest.importorskip("tensorboard.plugins.hparams.metadata")
    config = composed(["logger=tensorboard", "model.widths=[8,8]"])
    loggers = compose_loggers(config, tmp_path, 0, FACTS)
    log_summary(loggers, SUMMARY, 5)
    tags = events(tmp_path).summary_metadata
    begun_ = metadata.parse_session_start_info_plugin_data(
        tags[metadata.SESSION_START_INFO_TAG].plugin_data.content
    )
    known = dict(begun_.hparams.items())
    assert known["choices.schedule"].string_value == "linear"
    experiment = metadata.parse_experiment_plugin_data(
        tags[metadata.EXPERIMENT_TAG].plugin_data.content
    )
    first = {info.name for info in experiment.hparam_infos if info.differs}
    assert first == {"choices.schedule", "seed", "model.widths"}
    assert {info.name.tag for info in experiment.metric_infos} >= {"val/loss"}
    assert known["schedule._target_"].string_value.endswith("Cosine")
    assert known["model.widths"].string_value == "[8, 8]"
    assert known["data.batch_size"].number_value == config["data"]["batch_size"]
    ended = metadata.parse_session_end_info_plugin_data(
        tags[metadata.SESSION_END_INFO_TAG].plugin_data.content
    )
    assert ended.status == 1  # STATUS_SUCCESS


def test_a_logger_that_fails_costs_a_sentence_and_the_others_go_on(tmp_path, capsys, monkeypatch):
    pytest.importorskip("tensorboard")
    table, broken = compose_loggers(composed(["logger=tensorboard"]), tmp_path, 0)
    monkeypatch.setattr(broken.experiment, "add_scalar", None)
    for step in (1, 2):
        for logger in (broken, table):
            logger.log_metrics({"a": 1.0}, step)
            logger.save()
    assert capsys.readouterr().out.count("TensorBoard failed") == 1
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("words", ["logger=tensorboard", "logger=[csv,tensorboard]"])
def test_a_logger_that_is_not_installed_is_refused_with_its_extra(monkeypatch, words):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in ("diffusion.runs.tensorboard", "torch.utils.tensorboard"):
        for each in [each for each in sys.modules if each.startswith(name)]:
            monkeypatch.delitem(sys.modules, each)
    with pytest.raises(UserError, match=r"pip install -e '\.\[tensorboard\]'"):
        check_loggers(composed([words]))


def test_a_logger_of_an_older_configuration_is_made(tmp_path):
    old = {"logger": {"_target_": "diffusion.runs.loggers.csv_only"}}
    check_loggers(old)
    assert len(compose_loggers(old, tmp_path, 0)) == 1


OLD_WANDB = {"_target_": "diffusion.runs.loggers.wandb", "mode": "offline", "project": "mine"}


def test_a_run_from_when_there_was_one_logger_continues(tmp_path):
    words = ["seed=3", "logger.mode=offline", "logger.project=mine"]
    run = tmp_path / "run"
    begun(run, ["seed=3"])
    file = run / ".hydra" / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"logger": OLD_WANDB}))
    (run / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(words))
    assert typed(run)["seed"] == 3
    assert typed(run)["logger"] == {"wandb": OLD_WANDB | {"tags": [], "notes": None}}
    assert typed(run, "logger=csv")["logger"].keys() == {"csv"}
    assert typed(run, "logger=[csv,wandb]")["logger"].keys() == {"csv", "wandb"}


@pytest.mark.processes
def test_an_offline_wandb_run_beside_another_logger_says_what_runs_are_sorted_by(
    command, tmp_path
):
    line = SMOKE.replace("logger=csv", WANDB)
    assert command(f"{line} schedule=cosine hydra.run.dir=run").code == 0
    held = in_wandb(tmp_path)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    for key in ("status", "parameters", "device", "precision", "fingerprint"):
        assert held["summary"][key] == summary[key]
    for key in ("samples/copy_rate", "held_out/copy_rate"):
        assert held["summary"][key] == pytest.approx(summary[key])
    assert held["config"]["choices"]["schedule"] == "cosine"


@pytest.mark.processes
def test_refusals_of_loggers_name_what_to_type_and_write_nothing(command, tmp_path):
    for words, said in {
        "logger.mode=offline": "logger.wandb.mode=",
        "logger.wandb.mode=offline": "belongs to logger=wandb",
    }.items():
        refused = command(f"{SMOKE} {words} hydra.run.dir=run")
        assert (refused.code, said in refused.err) == (2, True), refused
        assert not (tmp_path / "run").exists()
    null = SMOKE.replace("logger=csv", "logger=null")
    assert command(f"{null} closing=false trainer.max_steps=2 hydra.run.dir=run").code == 0
    assert not (tmp_path / "run" / "wandb").exists()


@pytest.mark.processes
def test_tensorboard_holds_the_keys_pictures_and_tables_of_a_run_and_of_its_continuation(
    command, tmp_path
):
    pytest.importorskip("tensorboard")
    line = SMOKE.replace("logger=csv", "logger=[csv,tensorboard] hydra.run.dir=run")
    assert command(f"{line} {TWICE}").code == 0
    ended = events(tmp_path / "run")
    tags = ended.Tags()
    assert {"samples/sprite_fd", "samples/copy_rate"} <= set(tags["scalars"])
    assert {"preview/sprites", "val/panel", "samples/nearest"} == set(tags["images"])
    for key in ("samples/scores", "samples/passports", "val/levels", "summary"):
        assert len(text(ended, key).splitlines()) > 5
    longer = command("train.py trainer.max_steps=60 closing=false hydra.run.dir=run")
    assert (longer.code, "continues at step 40" in longer.out) == (0, True), longer
    read = events(tmp_path / "run")
    tags = read.Tags()
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    numbers = [key for key in table[0] if "/" in key]
    assert len(numbers) > 30
    assert {*numbers} <= set(tags["scalars"])
    for key in ("train/loss", "val/loss"):
        kept = {int(row["step"]): float(row[key]) for row in table if row[key]}
        assert {each.step: each.value for each in read.Scalars(key)} == pytest.approx(kept)
        assert max(kept) > 40
    assert [each.step for each in read.Images("val/panel")] == [19, 39, 59]
    # of the earlier end nothing is left, nor in summary.json
    assert not [key for key in tags["scalars"] if key.startswith("samples/")]
    assert "samples/nearest" not in tags["images"]
