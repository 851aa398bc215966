"""Bad input gets one clear sentence with the remedy, exit code 2, and nothing is written."""

import json

import numpy as np
import pytest
import torch
from conftest import QUICK, QUICK_OF_ANY
from PIL import Image

RNG = np.random.default_rng(0)
GOOD = RNG.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
TRAIN = "train.py experiment=smoke logger=csv hydra.run.dir=run"
TRAINED = f"{QUICK} hydra.run.dir=run"  # one that ends well


def refused(result, *words):
    assert result.code == 2, result
    assert result.err.startswith("error: ")
    assert len(result.err.strip().splitlines()) == 1
    assert "Traceback" not in result.err + result.out
    for word in words:
        assert word in result.err, result.err


def write(path, **arrays):
    """Writes an array as .npy, or several as .npz."""
    if "array" in arrays:
        np.save(path, arrays["array"], allow_pickle=arrays["array"].dtype == object)
    else:
        np.savez(path, **arrays)


def wide(*shape):
    return RNG.integers(0, 256, shape, dtype=np.uint8)


ARRAYS = {  # name of the case: file, how it is written, a word of the sentence
    "missing file": ("a.npy", lambda p: None, "no file"),
    "empty array": ("a.npy", lambda p: write(p, array=GOOD[:0]), "empty array"),
    "truncated npy": ("a.npy", lambda p: (write(p, array=GOOD), _truncate(p)), "a.npy"),
    "not an npy": ("a.npy", lambda p: p.write_text("hello"), "damaged"),
    "not an npz": ("a.npz", lambda p: p.write_text("hello"), "damaged"),
    "pickled objects": ("a.npy", lambda p: write(p, array=np.array([{}] * 9)), "object"),
    "floats out of range": ("a.npy", lambda p: write(p, array=GOOD * 9.5), "from 0 to 2"),
    "not a number": ("a.npy", lambda p: write(p, array=GOOD / np.float32(0)), "NaN"),
    "wrong rank": ("a.npy", lambda p: write(p, array=GOOD[0, 0]), "shape"),
    "wrong channels": ("a.npy", lambda p: write(p, array=wide(20, 8, 8, 7)), "channels"),
    "no images": ("a.npz", lambda p: write(p, sprites=GOOD), "images"),
    "labels of another length": (
        "a.npz",
        lambda p: write(p, images=GOOD, labels=np.zeros(7, np.int64)),
        "7 labels",
    ),
    "too few": ("a.npy", lambda p: write(p, array=GOOD[[0, 1, 2, 3, 4, 5, 6] * 5]), "at least 8"),
    "too large": ("a.npy", lambda p: write(p, array=wide(9, 257, 8, 3)), "256"),
}


def _truncate(file):
    file.write_bytes(file.read_bytes()[:500])


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays(command, tmp_path, case):
    name, make, word = ARRAYS[case]
    with np.errstate(all="ignore"):
        make(tmp_path / name)
    refused(command(f"{TRAIN} data=array data.path={name}"), word)
    assert not (tmp_path / "run").exists()


def test_truncated_png(command, tmp_path):
    for k, sprite in enumerate(GOOD):
        Image.fromarray(sprite).save(tmp_path / f"{k}.png")
    _truncate_png = (tmp_path / "3.png").read_bytes()[:60]
    (tmp_path / "3.png").write_bytes(_truncate_png)
    refused(command(f"{TRAIN} data=folder data.path=."), "3.png")


def test_empty_folder(command, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(command(f"{TRAIN} data=folder data.path=empty"), "empty")


def test_empty_sheet(command, tmp_path):
    Image.new("RGBA", (64, 64)).save(tmp_path / "sheet.png")
    refused(command(f"{TRAIN} data=sheet data.path=sheet.png data.cell=16"))


def test_sheet_that_the_cell_does_not_divide(command, tmp_path):
    Image.fromarray(RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(tmp_path / "s.png")
    refused(command(f"{TRAIN} data=sheet data.path=s.png data.cell=20"), "cell")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("schedule=cosin", "schedule=cosine"),
        ("schedul=cosine", "schedule"),
        ("trainer.max_step=5", "trainer.max_steps"),
        ("data.batchsize=5", "data.batch_size"),
        ("model=huge", "tiny"),
        ("data=array", "data.path"),
        ("sampler.steps=0", "sampler.steps"),
        ("sampler.steps=1001", "schedule.steps"),
        ("schedule=zero_terminal", "velocity"),
        ("schedule.beta_end=2", "beta_end"),
        ("weighting=min_snr weighting.gamma=0", "gamma"),
        ("model.widths=[33]", "widths"),
        ("data.batch_size=0", "batch_size"),
        ("seed=-1", "seed"),
        ("seed=abc", "seed=abc"),
        ("data.n=abc", "data.n=abc"),
        ("data.path=x.npz", "data=array"),
        ("data=sprites.npz", "known are array, folder, forge, forge_small, nouns, sheet."),
        ("lr=0.1", "optimizer.lr"),
        ("sampler.steps=2.5", "sampler.steps"),
        ("checkpoint.every_n_steps=0", "every_n_steps"),
        ("trainer.log_every_n_steps=0", "log_every_n_steps"),
        ("trainer.accumulate_grad_batches=0", "accumulate_grad_batches"),
        ("trainer.max_steps=null", "max_steps"),
        ("trainer.max_steps=-1", "minutes=N"),
        ("trainer.max_steps=-1 trainer.max_time=null", "minutes=N"),
        ("trainer.precision=foo", "precision"),
        ("trainer.precision=foo logger=wandb", "precision"),
        ("optimizer.lr=abc", "optimizer"),
        ("optimizer.lr=-1", "optimizer"),
        ("callbacks.ema.decay=2", "decay"),
        ("callbacks.samples.n=0", "samples.n"),
        (
            "callbacks=early_stopping callbacks.early_stopping.monitor=val/los",
            "did you mean val/loss?",
        ),
        ("callbacks=early_stopping callbacks.samples=null", "known are val/gap, val/loss, val/m"),
        ("callbacks=early_stopping callbacks.early_stopping.patience=0", "patience=0"),
        ("callbacks=early_stopping callbacks.early_stopping.mode=best", "min or max"),
        ("callbacks=[no_ema,early_stopping]", "name no_ema last"),
        ("callbacks=[]", "callbacks=default"),
        ("label_drop=7", "label_drop"),
        ("flip=maybe", "flip"),
        ("trainer.devices=3 trainer=ddp data.batch_size=64", "batch_size"),
    ],
)
def test_options(command, tmp_path, words, expected):
    refused(command(f"{TRAIN} {words}"), expected)
    assert not (tmp_path / "run").exists()


def test_run_directory_of_another_run_stays_as_it_was(command, tmp_path):
    assert command(TRAINED).code == 0
    before = {f: f.read_bytes() for f in (tmp_path / "run").rglob("*") if f.is_file()}
    refused(command(f"{TRAINED} seed=1 optimizer.lr=0.5"), "seed", "optimizer.lr")
    assert before == {f: f.read_bytes() for f in (tmp_path / "run").rglob("*") if f.is_file()}


def test_directory_that_holds_something_else(command, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "diary.txt").write_text("dear diary")
    refused(command(TRAIN), "not empty")
    assert [f.name for f in (tmp_path / "run").iterdir()] == ["diary.txt"]


def test_run_directory_that_is_a_file(command, tmp_path):
    (tmp_path / "run").write_text("dear diary")
    refused(command(TRAIN), "run")
    assert (tmp_path / "run").read_text() == "dear diary"


def test_data_that_changed_since_the_run_began(command, tmp_path):
    np.save(tmp_path / "a.npy", GOOD)
    line = f"{QUICK_OF_ANY} data=array data.path=a.npy hydra.run.dir=run"
    assert command(line).code == 0
    np.save(tmp_path / "a.npy", GOOD[::-1])
    refused(command(f"{line} trainer.max_steps=9"), "data has changed")


def test_averages_cannot_be_left_behind(command):
    assert command(TRAINED).code == 0
    refused(command(f"{TRAINED} trainer.max_steps=9 callbacks=no_ema"), "callbacks.ema")


def test_a_folder_that_only_looks_like_ours_is_not_touched(command, tmp_path):
    assert command(TRAINED).code == 0
    (tmp_path / "mine" / "png").mkdir(parents=True)
    for name in ("sprites.npz", "png/00000.png"):
        (tmp_path / "mine" / name).write_text("dear diary")
    result = command("sample.py run=run n=2 sampler.steps=2 out=mine png=true")
    assert result.code == 0, result
    assert "2 sprites in mine-2" in result.out
    assert (tmp_path / "mine" / "png" / "00000.png").read_text() == "dear diary"


def test_non_finite_loss_keeps_the_last_good_checkpoint(command, tmp_path):
    """An infinite moment of the optimizer makes the next weights, and then the loss, NaN."""
    assert command(TRAINED).code == 0
    file = tmp_path / "run" / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(file, weights_only=True)
    checkpoint["optimizer_states"][0]["state"][0]["exp_avg"] += float("inf")
    torch.save(checkpoint, file)
    result = command(f"{TRAINED} trainer.max_steps=12")
    assert result.code == 2
    assert "step" in result.err
    assert "optimizer.lr" in result.err
    run = tmp_path / "run"
    assert json.loads((run / "summary.json").read_text())["status"] == "failed"
    last = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 6
    assert all(weight.isfinite().all() for weight in last["current_model_state"].values())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "run"),
        ("run=nowhere", "nowhere"),
        ("run=grid.png", "grid.png"),
        ("run=foreign.ckpt", "foreign.ckpt"),
        ("run=foreign.ckpt n=0", "n=0"),
        ("run=foreign.ckpt batch_size=0", "batch_size"),
        ("run=foreign.ckpt sampler=ddmp", "ddpm"),
        ("run=foreign.ckpt seed=9223372036854775808", "seed"),
        ("run=foreign.ckpt devices=null", "devices"),
    ],
)
def test_sample(command, tmp_path, words, expected):
    (tmp_path / "foreign.ckpt").write_text("hello")
    refused(command(f"sample.py {words} out=made"), expected)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("noising=Nobody data=forge", "Nobody"),
        ("noising=99999 data=forge", "99999"),
        ("noising=Bob seed=-1", "seed"),
        ("noising=Bob n=0", "n=0"),
    ],
)
def test_look(command, tmp_path, words, expected):
    refused(command(f"look.py {words} out=made"), expected)
    assert not (tmp_path / "made").exists()


def test_sample_of_a_run(command, tmp_path):
    assert command(TRAINED).code == 0
    refused(command("sample.py run=run sampler.steps=1001"), "schedule.steps=1000")
    refused(command("sample.py run=run sampler.steps=0"), "sampler.steps")
    refused(command("sample.py run=run sampler.step=7"), "steps, variance, clip, grid")
    refused(command("report.py runs=[run] sampler.eta=1"), "DDPM knows no eta")
    refused(command("report.py runs=[run] data=array"), "leave out data=array")
    refused(command("sample.py run=run label=hero"), "model.classes=true")
    refused(command("sample.py run=run checkpoint=newest"), "best")
    refused(command("sample.py run=run schedule=cosine"), "schedule=cosine")
    refused(command("sample.py run=run n=1000000000000 sampler.steps=2"), "shards=")
    refused(command("sample.py run=run n=3 shards=4"), "shards=4")
    assert not (tmp_path / "run" / "samples").exists()
