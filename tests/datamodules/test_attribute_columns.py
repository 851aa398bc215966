"""Attributes: from a table, from folders, from an array, and from sources that know their own."""

import numpy as np
import pytest
import torch
from randomsprites import sprites

from datamodules.array import ArrayData
from datamodules.attributes import attributes_of
from datamodules.characters.attributes import read_attributes
from datamodules.characters.people import ATTRIBUTES
from datamodules.errors import DataError
from datamodules.forge import ForgeData
from datamodules.nouns import LAYERS, NounsData

NAMES = ("a/walk#0", "a/walk#1", "a/stand", "b/run")


def table(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    return str(tmp_path / "t.csv")


def words(found):
    return {
        each.name: [each.values[value] if value >= 0 else "" for value in each.of]
        for each in found
    }


def test_lines_in_order_are_the_sprites(tmp_path):
    found, notes = attributes_of(
        table(tmp_path, "hair, Tool Kind\nred,sword\nred,\nbrown,bow\n"), None, 3
    )
    assert words(found) == {"hair": ["red", "red", "brown"], "tool_kind": ["sword", "", "bow"]}
    assert notes == []


@pytest.mark.parametrize("walk", ["a/walk.gif", "walk.gif", "a/walk", "walk", "a\\walk.gif"])
def test_a_line_is_about_a_picture_and_all_its_frames(tmp_path, walk):
    text = f"file,hair\nb/run.png,red\n{walk},brown\n"
    found, _ = attributes_of(table(tmp_path, text), NAMES, 4)
    assert words(found) == {"hair": ["brown", "brown", "", "red"]}


def test_columns_that_tell_nothing_apart_are_left_out_and_said(tmp_path):
    found, notes = attributes_of(table(tmp_path, "hair,all\nred,1\nbrown,1\n"), None, 2)
    assert list(words(found)) == ["hair"]
    assert notes == ["The attribute all has one value in 2 sprites, and is left out."]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line of heads"),
        ("hair,hair\na,b\n", "all different"),
        ("hair,!\na,b\n", "line of heads"),
        ("hair\nred\n", "1 lines for 4 sprites"),
        ("hair,tool\nred\n", "Line 2"),
        ("file,hair\nnobody,red\n", "no sprite is called nobody; names look like a/walk#0"),
        ("file,hair\na/walk,red\nwalk,brown\n", "two lines are about walk"),
        ("file,all\nwalk,1\nrun,1\n", "tell sprites nothing apart"),
    ],
)
def test_a_table_that_fits_no_sprites_is_refused(tmp_path, text, says):
    with pytest.raises(DataError, match=says):
        attributes_of(table(tmp_path, text), NAMES, 4)


def test_a_name_of_several_pictures_is_no_guess(tmp_path):
    with pytest.raises(DataError, match="2 sprites are called walk"):
        attributes_of(table(tmp_path, "file,hair\nwalk,red\n"), ("a/walk", "b/walk"), 2)


def test_folders_are_columns_by_their_depth_or_by_the_name_they_bear():
    names = ("hero/hair=red/a", "hero/hair=brown/b", "food/apple/c", "d")
    found, _ = attributes_of("folders", names, 4)
    assert words(found) == {
        "folder1": ["hero", "hero", "food", ""],
        "hair": ["red", "brown", "", ""],
    }
    with pytest.raises(DataError, match="lie in folders"):
        attributes_of("folders", ("a", "b"), 2)


def test_the_forge_knows_what_can_be_read_in_its_drawings():
    data = ForgeData(n=60, size=24)
    data.setup()
    told = data.attribute_values(np.arange(60))
    read = read_attributes(data.sprites.images)
    assert data.attribute_names == ATTRIBUTES
    shown = 0
    for row, found in zip(told, read, strict=True):
        for k, (name, values) in enumerate(ATTRIBUTES.items()):
            if name in found:
                assert found[name] == values[row[k]], name
                shown += 1
    assert shown > 300


def test_an_array_holds_a_column_each_and_hands_them_to_its_batches(tmp_path):
    images = (sprites(40).permute(0, 2, 3, 1) * 127.5 + 127.5).to(torch.uint8).numpy()
    hair = np.array(["red", "brown", "", "grey"] * 10)
    plain, more = tmp_path / "plain.npz", tmp_path / "more.npz"
    np.savez(plain, images=images)
    np.savez(more, images=images, **{"attribute.hair": hair, "attribute.age": np.arange(40) % 3})
    data, bare = ArrayData(str(more)), ArrayData(str(plain))
    data.setup()
    bare.setup()
    assert data.attribute_names == {"hair": ("brown", "grey", "red"), "age": ("0", "1", "2")}
    rows = np.array([0, 2, 3])
    assert data.attribute_values(rows).tolist() == [[2, 0], [-1, 2], [1, 0]]
    batch = next(iter(data.train_dataloader()))
    assert batch["attributes"].equal(data.attribute_values(batch["index"].numpy()))
    assert "attributes" not in next(iter(bare.train_dataloader()))
    assert data.card["fingerprint"] != bare.card["fingerprint"]


def test_names_that_cannot_be_told_apart_are_refused_and_lone_values_left_out(tmp_path):
    images = (sprites(40).permute(0, 2, 3, 1) * 127.5 + 127.5).to(torch.uint8).numpy()
    two = {"attribute.Hair": np.arange(40) % 2, "attribute.hair": np.arange(40) % 3}
    np.savez(tmp_path / "two.npz", images=images, **two)
    with pytest.raises(DataError, match="all different"):
        ArrayData(str(tmp_path / "two.npz")).setup()
    lone = {"attribute.all": np.zeros(40, int), "attribute.none": np.full(40, "")}
    lone["attribute.id"] = np.arange(40)
    np.savez(tmp_path / "lone.npz", images=images, **lone, **{"attribute.2nd": np.arange(40) % 2})
    data = ArrayData(str(tmp_path / "lone.npz"))
    data.setup()
    assert data.attribute_names == {"_2nd": ("0", "1")}
    assert sum("is left out" in note for note in data.card["notes"]) == 3


def test_what_a_source_knows_of_itself_leaves_its_fingerprint_as_it_was():
    data = ForgeData(n=40)
    data.setup()
    assert data.card["fingerprint"].startswith("38d281289dda1038")


def test_nouns_are_composed_of_their_attributes(real):
    data = NounsData(str(real("nouns_32.npz")), str(real("nouns_parts_32.npz")))
    data.setup()
    assert list(data.attribute_names) == ["body", "accessory", "head", "glasses"]
    assert len(LAYERS) == len(data.attribute_names)
    assert "aardvark" in data.attribute_names["head"]
    rows = np.arange(0, 20_000, 999)
    numbers = data.attribute_values(rows).numpy()
    assert (data.layers.compose(numbers) == data.sprites.take(rows)).all()
