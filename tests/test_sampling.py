"""Whole sets of sprites: they depend on seed and index alone, and load straight back as data."""

import json

import numpy as np
import pytest
from conftest import QUICK, SMOKE_OF_ANY
from PIL import Image

from datamodules.characters.drawing import draw_all
from datamodules.characters.people import ATTRIBUTES, characters
from diffusion.runs.loading import load
from diffusion.runs.training_data import training_data


def sprites(tmp_path, folder):
    with np.load(tmp_path / folder / "sprites.npz") as file:
        return file["images"].astype(int)


def manifest(tmp_path, folder):
    return json.loads((tmp_path / folder / "manifest.json").read_text())


def settings(tmp_path, folder):
    return json.loads((tmp_path / folder / "settings.json").read_text())


def nearly_equal(a, b):
    """As the contract defines it: all pixels but those that cross a threshold, under 0.1%."""
    return (np.abs(a - b) > 1).any(axis=-1).mean() < 1e-3


@pytest.mark.processes
def test_sprites_depend_on_seed_and_index_alone(command, trained, launch, tmp_path):
    trained()
    ask = "sample.py run=run sampler.steps=10"
    assert command(f"{ask} n=21 out=a png=true trajectory=true").code == 0
    assert command(f"{ask} n=21 batch_size=7 out=b").code == 0
    assert command(f"{ask} index=5 out=c").code == 0
    assert command(f"{ask} n=21 seed=1 out=d").code == 0
    process = launch(f"{ask} n=21 devices=2 accelerator=cpu out=e")
    out, _ = process.communicate(timeout=900)
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
    assert (
        command(f"{SMOKE_OF_ANY} data=array data.path=a/sprites.npz hydra.run.dir=again").code == 0
    )


@pytest.mark.processes
def test_labels_are_learned_and_asked_for(command, trained, tmp_path):
    trained("model.classes=true")
    assert command("sample.py run=run sampler.steps=3 n=9 out=any").code == 0
    with np.load(tmp_path / "any" / "sprites.npz") as file:
        names, labels = file["label_names"].tolist(), file["labels"]
    assert len(set(labels.tolist())) > 1
    assert command(f"sample.py run=run sampler.steps=3 n=3 label={names[1]} out=one").code == 0
    with np.load(tmp_path / "one" / "sprites.npz") as file:
        assert file["labels"].tolist() == [1, 1, 1]

    ask = "sample.py run=run sampler.steps=3 n=3"
    assert command(f"{ask} label=none out=none").code == 0
    assert command(f"{ask} label={names[1]} guidance=0 out=zero").code == 0
    assert command(f"{ask} label={names[1]} guidance=3 out=three").code == 0
    assert nearly_equal(sprites(tmp_path, "none"), sprites(tmp_path, "zero"))
    assert not nearly_equal(sprites(tmp_path, "one"), sprites(tmp_path, "three"))
    told = {folder: manifest(tmp_path, folder)[0] for folder in ("one", "three", "none")}
    assert {folder: (row["guidance"], row["label"]) for folder, row in told.items()} == {
        "one": (1.0, names[1]),
        "three": (3, names[1]),
        "none": (1.0, None),
    }
    two = f"{names[0]}:1,{names[2]}:0.5"
    assert command(f"{ask} label=[{two}] out=mixed").code == 0
    assert {row["label"] for row in manifest(tmp_path, "mixed")} == {
        f"{names[0]} + 0.5 {names[2]}"
    }
    assert command(f"{ask} label={names[0]}+{names[2]} batch_size=2 guidance=2 out=both").code == 0
    assert {row["label"] for row in manifest(tmp_path, "both")} == {f"{names[0]} + {names[2]}"}
    counted = f"{ask} labels={{{names[1]}:2,{names[0]}:1}}"
    assert command(f"{counted} out=counted").code == 0
    assert command(f"{counted} index=1 out=second").code == 0
    assert [row["label"] for row in manifest(tmp_path, "counted")] == [
        names[1],
        names[1],
        names[0],
    ]
    assert nearly_equal(sprites(tmp_path, "counted")[:2], sprites(tmp_path, "one")[:2])
    assert nearly_equal(sprites(tmp_path, "counted")[1:2], sprites(tmp_path, "second"))
    refusals = (
        ("label=none guidance=3", "needs a label"),
        ("guidance=-1", "0 or"),
        (f"label={names[0]}+nobody", "nobody is not known"),
        (f"label=[{names[0]}:x]", "a number as its weight"),
        (f"label=[{names[0]}:1,{names[0]}:1]", "each label once"),
        ("labels=7", "how many of each"),
        (f"labels={{{names[0]}:0}}", "1 or more"),
        (f"labels={{{names[0]}:3}} index=3", "there are 3 sprites"),
        (f"labels={{{names[0]}:3}} label={names[0]}", "give one of them"),
    )
    for words, expected in refusals:
        result = command(f"{ask} {words} out=no")
        assert (result.code, expected in result.err) == (2, True), result
        assert not (tmp_path / "no").exists()


@pytest.mark.processes
def test_attributes_are_learned_and_asked_for_by_their_names(command, trained, tmp_path):
    trained("model.classes=attributes")
    character = characters(3)[1]
    others = {name: getattr(character, name) for name in ATTRIBUTES if name != "hair"}
    others = " ".join(f"{name}={value}" for name, value in others.items())
    Image.fromarray(draw_all([character], 16)[0]).save(tmp_path / "fred.png")
    ask = "sample.py run=run sampler.steps=3 n=3"
    asked = {
        "any": "",
        "two": "hair=long tool=sword",
        "again": "attribute.tool=sword hair=long batch_size=1",
        "three": "hair=long tool=sword guidance={hair:1,tool:3}",
        "half": "hair=long from=0 keep=top",
        "changed": "hair=long from=Fred noise_level=0.8",
        "typed": f"hair=long {others} from=fred.png noise_level=0.8",
    }
    for folder, words in asked.items():
        assert command(f"{ask} {words} out={folder}").code == 0
    assert nearly_equal(sprites(tmp_path, "changed"), sprites(tmp_path, "typed")), "all else stays"
    assert {row["label"] for row in manifest(tmp_path, "two")} == {"hair=long, tool=sword"}
    assert nearly_equal(sprites(tmp_path, "two"), sprites(tmp_path, "again"))
    assert not nearly_equal(sprites(tmp_path, "two"), sprites(tmp_path, "three"))
    told = {name: manifest(tmp_path, name)[0]["attributes"] for name in ("any", "two")}
    assert len(told["any"]) == len(told["two"]) == 10
    assert "attributes" not in manifest(tmp_path, "changed")[0]  # it is a sprite with its own
    kept = [row["attributes"] for row in manifest(tmp_path, "half")]
    assert {row["hair"] for row in kept} == {"long"}, "what is asked for"
    for name in ("hat", "skin", "hair_colour", "body"):  # what the kept part shows
        assert {row[name] for row in kept} == {getattr(characters(3)[0], name)}
    assert len({(row["clothes"], row["cloth_colour"], row["belt"]) for row in kept}) > 1
    stays = {name: settings(tmp_path, name).get("stay") for name in ("half", "changed", "typed")}
    assert [bool(stays[name]) for name in stays] == [True, True, False], "it decides the sprites"
    assert (told["two"]["hair"], told["two"]["tool"]) == ("long", "sword")
    with np.load(tmp_path / "any" / "sprites.npz") as file:
        assert file["attribute.hair"][0] == told["any"]["hair"]
    assert command("look.py run=run panel=Bob").code == 0
    assert command("train.py experiment=smoke logger=csv hydra.run.dir=run").code == 0
    refusals = (
        ("hair=lung", "it can be short, spiky, bob, long, ponytail, curly"),
        ("hare=long", "hare is not known"),
        ("nn=3", "learned are body"),
        ("label=knight", "ask for body="),
        ("guidance=2", "something to follow"),
        ("hair=long guidance={tool:2}", "tool= as well"),
        ("hair=long guidance=-1", "0 or more"),
        ("hair=long page=p.html", "leave out hair="),
    )
    for words, expected in refusals:
        result = command(f"{ask} {words} out=no")
        assert (result.code, expected in result.err) == (2, True), result
        assert not (tmp_path / "no").exists()


@pytest.mark.processes
def test_a_sprite_is_completed_with_its_own_label(command, trained, tmp_path):
    trained("model.classes=true")
    card = load(tmp_path / "run" / "checkpoints" / "last.ckpt").card
    _, bob, own, _ = training_data(card).pick("Bob")
    names = card["sprites"]["label_names"]
    other = names[own - 1]
    Image.fromarray(bob.permute(1, 2, 0).numpy()).save(tmp_path / "bob.png")
    ask = "sample.py run=run sampler.steps=3 n=6"
    for k, (words, label) in enumerate(
        [("from=Bob", names[own]), (f"from=Bob label={other}", other), ("from=bob.png", None)]
    ):
        assert command(f"{ask} {words} out=made{k}").code == 0
        assert [row["label"] for row in manifest(tmp_path, f"made{k}")] == [label] * 6
    assert command("look.py run=run panel=Bob out=panel").code == 0
    (panel,) = json.loads((tmp_path / "panel" / "panel.json").read_text())
    assert panel["known"]
    assert panel["n"] == round(
        card["sprites"]["label_frequencies"][own] * len(training_data(card).split["train"])
    )
    look = "look.py run=run sampler.steps=3 n=6"
    assert command(f"{look} variations=Bob out=variations").code == 0


@pytest.mark.processes
def test_a_picture_needs_no_training_data(command, trained, tmp_path):
    """A shared network says nothing of its data; a name and a row need it, a file does not."""
    trained()
    assert command("sample.py run=run export=net.safetensors").code == 0
    Image.new("RGBA", (16, 16), (200, 30, 90, 255)).save(tmp_path / "mine.png")
    Image.new("RGBA", (8, 8), (9, 9, 9, 255)).save(tmp_path / "small.png")
    ask = "sample.py run=net.safetensors sampler.steps=3 n=2 noise_level=0.4"
    assert command(f"{ask} from=mine.png out=shared").code == 0
    assert command(f"{ask.replace('net.safetensors', 'run')} from=mine.png out=own").code == 0
    assert nearly_equal(sprites(tmp_path, "shared"), sprites(tmp_path, "own"))
    smaller = command(f"{ask} from=small.png out=small")
    assert smaller.out.startswith("small.png: 8 x 8 pixels stand on 16 x 16\n")
    for words, expected in (
        ("from=Bob", "does not say where its training data is"),
        ("from=mine.png guidance=2", "needs a network that learned labels"),
    ):
        result = command(f"{ask} {words} out=no")
        assert (result.code, expected in result.err) == (2, True), result
        assert not (tmp_path / "no").exists()


@pytest.mark.processes
def test_the_noising_view_of_any_sprite_and_schedule(command, tmp_path):
    assert command("look.py noising=Bob schedule=sigmoid out=view").code == 0
    with Image.open(tmp_path / "view" / "noising.gif") as film:
        assert film.n_frames == 41
    assert (tmp_path / "view" / "noising.png").exists()


@pytest.mark.processes
def test_a_hand_is_laid_on_sprites_from_the_command_line(command, tmp_path):
    assert command(f"{QUICK} prediction=palette hydra.run.dir=run").code == 0
    ask = "sample.py run=run sampler.steps=4 n=5"
    bob = "from=Bob keep=top"
    assert command(f"{ask} out=free").code == 0
    assert command(f"{ask} colours=[000000,ff0044] max_colours=1 mirror=true out=two").code == 0
    assert command(f"{ask} {bob} batch_size=2 out=kept").code == 0
    two, kept = sprites(tmp_path, "two"), sprites(tmp_path, "kept")
    shown = {tuple(pixel) for pixel in two.reshape(-1, 4).tolist()}
    assert shown <= {(0, 0, 0, 0), (0, 0, 0, 255), (255, 0, 68, 255)}
    assert (two == two[:, :, ::-1]).all()
    assert (kept[:, :8] == kept[:1, :8]).all()
    assert "made already" in command(f"{ask} {bob} out=kept").out
    assert "kept-2" in command(f"{ask} from=Bob keep=left out=kept").out
    refused = command(f"{ask} keep=top out=no")
    assert (refused.code, "from=" in refused.err) == (2, True), refused
    assert not (tmp_path / "no").exists()


@pytest.mark.processes
@pytest.mark.usefixtures("short_judges")
def test_the_best_of_many_keep_their_index_and_are_the_same_in_any_batch(command, tmp_path):
    line = QUICK.replace("data.n=60", "data.n=420")
    assert command(f"{line} hydra.run.dir=run").code == 0
    ask = "sample.py run=run sampler.steps=2 n=6 of=90"
    assert command(f"{ask} out=a trajectory=true").code == 0
    assert command(f"{ask} out=b batch_size=7").code == 0
    assert command("sample.py run=run sampler.steps=2 n=90 out=all").code == 0
    rows = manifest(tmp_path, "a")
    kept = [row["index"] for row in rows]
    assert kept == sorted(kept)
    assert nearly_equal(sprites(tmp_path, "a"), sprites(tmp_path, "b"))
    assert nearly_equal(sprites(tmp_path, "a"), sprites(tmp_path, "all")[kept])
    candidates = json.loads((tmp_path / "a" / "candidates.json").read_text())
    assert sorted(each["index"] for each in candidates) == list(range(90))
    assert sorted(each["index"] for each in candidates if each["kept"]) == kept
    again = command(f"{ask} out=a trajectory=true")
    assert again.out.startswith("made already: 6 sprites")
    for words, expected in (
        ("of=3", "fewer than n"),
        ("of=90 index=1", "leave out index="),
        ("of=79", "too few"),
    ):
        result = command(f"sample.py run=run sampler.steps=2 n=6 {words} out=no")
        assert (result.code, expected in result.err) == (2, True), result
        assert not (tmp_path / "no").exists()
