"""The number of the rules stands in every card, and earlier rules can be asked for."""

import numpy as np
from rawfiles import png

from datamodules.array import ArrayData
from datamodules.folder import FolderData
from datamodules.rules import CHANGED, READER, as_before

RNG = np.random.default_rng(0)


def test_every_card_holds_it(tmp_path):
    np.save(tmp_path / "a.npy", RNG.integers(0, 256, (40, 8, 8, 4), dtype=np.uint8))
    data = ArrayData(str(tmp_path / "a.npy"))
    data.setup()
    assert data.card["reader"] == READER == 2
    assert all(CHANGED)


def test_a_run_without_it_is_read_by_the_old_rules(tmp_path):
    for k in range(40):
        place = tmp_path / ("train", "test")[k % 2] / ("orcs", "elves")[k // 2 % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{k}.png").write_bytes(png(RNG.integers(0, 256, (8, 8, 4))))
    saved = {"_target_": "datamodules.folder.FolderData", "path": str(tmp_path)}
    before = as_before(saved, 1)
    assert as_before(saved, 2) == saved
    assert as_before({"_target_": "datamodules.forge.ForgeData", "n": 8}, 1)["n"] == 8
    del before["_target_"]
    assert FolderData(**before).read().label_names == ("test", "train")
    assert FolderData(str(tmp_path)).read().label_names == ("elves", "orcs")


def test_masks_were_dark_before(tmp_path):
    np.save(tmp_path / "a.npy", masks := RNG.integers(0, 2, (40, 8, 8, 1), dtype=np.uint8))
    saved = {"_target_": "datamodules.array.ArrayData", "path": str(tmp_path / "a.npy")}
    before = as_before(saved, 1)
    del before["_target_"]
    assert (ArrayData(**before).read().images == masks).all()
    assert as_before(saved | {"values": "stretch"}, 1)["values"] == "stretch"
