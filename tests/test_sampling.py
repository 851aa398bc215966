"""Whole sets of sprites: they depend on seed and index alone, and load straight back as data."""

import json

import numpy as np
import pytest
from conftest import SMOKE
from PIL import Image


def sprites(tmp_path, folder):
    with np.load(tmp_path / folder / "sprites.npz") as file:
        return file["images"].astype(int)


def nearly_equal(a, b):
    """As the contract defines it: all pixels but those that cross a threshold, under 0.1%."""
    return (np.abs(a - b) > 1).any(axis=-1).mean() < 1e-3


@pytest.mark.processes
def test_sprites_depend_on_seed_and_index_alone(command, launch, tmp_path):
    assert command(f"{SMOKE} hydra.run.dir=run").code == 0
    ask = "sample.py run=run sampler.steps=10"
    assert command(f"{ask} n=21 out=a png=true trajectory=true").code == 0
    assert command(f"{ask} n=21 batch_size=7 out=b").code == 0
    assert command(f"{ask} index=5 out=c").code == 0
    assert command(f"{ask} n=21 seed=1 out=d").code == 0
    process = launch(f"{ask} n=21 devices=2 accelerator=cpu out=e")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    a, b, c, d, e = (sprites(tmp_path, name) for name in "abcde")
    assert nearly_equal(a, b)
    assert nearly_equal(a[5:6], c)
    assert nearly_equal(a, e)
    assert not nearly_equal(a, d)

    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert [row["index"] for row in manifest] == list(range(21))
    assert {"seed", "checkpoint", "sampler", "label", "nearest", "distance"} <= manifest[0].keys()
    assert all(row["distance"] > 0 for row in manifest)
    assert len(list((tmp_path / "a" / "png").glob("*.png"))) == 21
    with Image.open(tmp_path / "a" / "denoising.gif") as film:
        assert film.n_frames == 11
    assert command(f"{SMOKE} data=array data.path=a/sprites.npz hydra.run.dir=again").code == 0


@pytest.mark.processes
def test_labels_are_learned_and_asked_for(command, tmp_path):
    assert command(f"{SMOKE} model.classes=true hydra.run.dir=run").code == 0
    assert command("sample.py run=run sampler.steps=3 n=9 out=any").code == 0
    with np.load(tmp_path / "any" / "sprites.npz") as file:
        names, labels = file["label_names"].tolist(), file["labels"]
    assert len(set(labels.tolist())) > 1
    assert command(f"sample.py run=run sampler.steps=3 n=3 label={names[1]} out=one").code == 0
    with np.load(tmp_path / "one" / "sprites.npz") as file:
        assert file["labels"].tolist() == [1, 1, 1]


@pytest.mark.processes
def test_the_noising_view_of_any_sprite_and_schedule(command, tmp_path):
    assert command("sample.py noising=Bob schedule=sigmoid out=view").code == 0
    with Image.open(tmp_path / "view" / "noising.gif") as film:
        assert film.n_frames == 41
    assert (tmp_path / "view" / "noising.png").exists()
