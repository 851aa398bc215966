"""Bad input gets one clear sentence with the remedy, exit code 2, and nothing is written."""

import json

import numpy as np
import pytest
from PIL import Image

RNG = np.random.default_rng(0)
GOOD = RNG.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
TRAIN = "train.py experiment=smoke logger=csv hydra.run.dir=run"


def refused(result, *words):
    assert result.code == 2, result
    assert result.err.startswith("error: ")
    assert len(result.err.strip().splitlines()) == 1
    assert "Traceback" not in result.err + result.out
    for word in words:
        assert word in result.err, result.err


def save(path, **arrays):
    np.savez(path, **arrays)


ARRAYS = {
    "missing file": (lambda p: None, "a.npy"),
    "empty array": (lambda p: np.save(p / "a.npy", GOOD[:0]), "a.npy"),
    "truncated npy": (
        lambda p: (np.save(p / "a.npy", GOOD), _truncate(p / "a.npy")),
        "a.npy",
    ),
    "not an npy": (lambda p: (p / "a.npy").write_text("hello"), "a.npy"),
    "not an npz": (lambda p: (p / "a.npz").write_text("hello"), "a.npz"),
    "pickled objects": (
        lambda p: np.save(p / "a.npy", np.array([{}] * 9, dtype=object), allow_pickle=True),
        "a.npy",
    ),
    "floats out of range": (lambda p: np.save(p / "a.npy", GOOD * 9.5), "a.npy"),
    "not a number": (lambda p: np.save(p / "a.npy", np.full((9, 8, 8, 3), np.nan)), "a.npy"),
    "wrong rank": (lambda p: np.save(p / "a.npy", GOOD[0, 0]), "a.npy"),
    "wrong channels": (lambda p: np.save(p / "a.npy", np.zeros((9, 8, 8, 7), np.uint8)), "a.npy"),
    "no images": (lambda p: save(p / "a.npz", sprites=GOOD), "a.npz"),
    "labels of another length": (
        lambda p: save(p / "a.npz", images=GOOD, labels=np.zeros(7, np.int64)),
        "a.npz",
    ),
    "too few": (lambda p: np.save(p / "a.npy", GOOD[[0, 1, 2, 3, 4, 5, 6] * 5]), "a.npy"),
    "too large": (lambda p: np.save(p / "a.npy", np.zeros((9, 257, 8, 3), np.uint8)), "a.npy"),
}


def _truncate(file):
    file.write_bytes(file.read_bytes()[:500])


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays(command, tmp_path, case):
    make, name = ARRAYS[case]
    make(tmp_path)
    refused(command(f"{TRAIN} data=array data.path={name}"))
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
        ("trainer.devices=3 trainer=ddp data.batch_size=64", "batch_size"),
    ],
)
def test_options(command, tmp_path, words, expected):
    refused(command(f"{TRAIN} {words}"), expected)
    assert not (tmp_path / "run").exists()


def test_run_directory_of_another_run_stays_as_it_was(command, tmp_path):
    assert command(TRAIN).code == 0
    before = {f: f.read_bytes() for f in (tmp_path / "run").rglob("*") if f.is_file()}
    refused(command(f"{TRAIN} seed=1 optimizer.lr=0.5"), "seed", "optimizer.lr")
    assert before == {f: f.read_bytes() for f in (tmp_path / "run").rglob("*") if f.is_file()}


def test_directory_that_holds_something_else(command, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "diary.txt").write_text("dear diary")
    refused(command(TRAIN), "not empty")
    assert [f.name for f in (tmp_path / "run").iterdir()] == ["diary.txt"]


def test_non_finite_loss_keeps_the_last_good_checkpoint(command, tmp_path):
    result = command(f"{TRAIN} optimizer.lr=1e38 trainer.gradient_clip_val=null")
    assert result.code == 2
    assert "step" in result.err
    assert "optimizer.lr" in result.err
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["status"] == "failed"


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
        ("noising=Nobody data=forge", "Nobody"),
    ],
)
def test_sample(command, tmp_path, words, expected):
    (tmp_path / "foreign.ckpt").write_text("hello")
    refused(command(f"sample.py {words} out=made"), expected)
    assert not (tmp_path / "made").exists()


def test_sample_of_a_run(command, tmp_path):
    assert command(TRAIN).code == 0
    refused(command("sample.py run=run sampler.steps=1001"), "schedule.steps=1000")
    refused(command("sample.py run=run sampler.steps=0"), "sampler.steps")
    refused(command("sample.py run=run label=hero"), "model.classes=true")
    refused(command("sample.py run=run checkpoint=newest"), "best")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    refused(command("sample.py run=run out=mine"), "diary.txt")
