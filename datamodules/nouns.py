"""`data=nouns`: characters composed of layers, and the layers, which tell what is a character.

A Noun is a body, an accessory, a head and glasses, each laid over the last. For whatever a model
makes the nearest of all combinations, 25,062,180 in the published set, is found exactly: glasses
cover no pixel that body or accessory reach, so that under a given head they are chosen apart.
"""

from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from torch import Tensor

from datamodules.array import ArrayData
from datamodules.arrays import Sprites, canonical
from datamodules.attributes import Attribute
from datamodules.errors import DataError
from datamodules.files.numpyfiles import load_npz
from datamodules.files.paths import typed

LAYERS = ("bodies", "accessories", "heads", "glasses")  # from bottom to top
NAMES = {  # arrays with the names of each layer's parts -> what the part is called
    "body_names": "body",
    "accessory_names": "accessory",
    "head_names": "head",
    "label_names": "glasses",
}
CHUNK = 16  # sprites compared together, 2 MB each


class NounsData(ArrayData):
    """An array of composed characters that knows which sprites are such characters.

    Where it holds `parts`, whole numbers `(N, 4)`, these are the attributes of each sprite.

    Args:
        path: a `.npy` or `.npz` file, as for `data=array`.
        layers: an `.npz` with `bodies`, `accessories`, `heads` and `glasses`, each uint8
            `(K, H, W, 4)` with alpha 0 or 255.
        others: as for `data=array`.
    """

    def __init__(self, path: str, layers: str, **others: Any) -> None:
        super().__init__(path, **others)
        self.layers_path = typed(layers, "data.layers")

    def read(self) -> Sprites:
        """The sprites of the file; they must have the size of the layers, which are read too."""
        self.layers = read_layers(self.layers_path)
        sprites = super().read()
        if sprites.images.shape[1:] != self.layers.shape:
            raise DataError(
                f"The sprites of {self.path} are {_named(sprites.images.shape[1:])} and the layers"
                f" of {self.layers_path} are {_named(self.layers.shape)}; give files that belong"
                " together, or use data=array, without data.layers."
            )
        known = load_npz(self.path, ("parts", *NAMES)) if self.path.suffix == ".npz" else {}
        self.own = _own_attributes(known, self.layers)
        return sprites

    def own_attributes(self) -> tuple[Attribute, ...]:
        """The four parts of each character, where the file says which they are."""
        return self.own

    def validity(self, images: Tensor) -> dict[str, float]:
        """How near made sprites, uint8 `(N, 4, H, W)`, are to characters of these layers.

        - `valid`: share that is a character to the pixel.
        - `valid_new`: share of those that is not in training; absent where none is valid.
        - `valid_distance`: mean distance to the nearest character, as the root mean square
          difference of all pixel values in 0..255.

        Raises:
            DataError: sprites of another shape than the layers.
        """
        pixels = np.ascontiguousarray(images.numpy().transpose(0, 2, 3, 1))
        if not len(pixels):
            return {}
        _, squares = self.layers.nearest(pixels)
        valid = squares == 0
        found = {
            "valid": float(valid.mean()),
            "valid_distance": float(np.sqrt(squares / pixels[0].size).mean()),
        }
        if valid.any():
            made = [sprite.tobytes() for sprite in pixels[valid]]
            wanted, trained = {*made}, set[bytes]()
            for _, part in self.sprites.chunks(self.split["train"]):
                trained |= wanted & {sprite.tobytes() for sprite in part}
            found["valid_new"] = sum(each not in trained for each in made) / len(made)
        return found


class Layers:
    """The parts of characters; `nearest` finds the character that a sprite comes nearest to.

    Args:
        bodies, accessories, heads, glasses: uint8 `(K, H, W, 4)`, RGB 0 where alpha is 0.

    Raises:
        DataError: glasses cover a pixel that a body or an accessory reaches, or these are empty.
    """

    def __init__(
        self, bodies: np.ndarray, accessories: np.ndarray, heads: np.ndarray, glasses: np.ndarray
    ) -> None:
        self.parts = (bodies, accessories, heads, glasses)
        self.shape = bodies.shape[1:]
        self._solid = [part[..., 3] > 0 for part in self.parts]
        self._torso = self._solid[0].any(0) | self._solid[1].any(0)
        if not self._torso.any():
            raise DataError(
                "No body and no accessory of these layers shows a pixel, so they are no layers of"
                " Nouns; use data=array, without data.layers."
            )
        if (self._torso & self._solid[3].any(0)).any():
            raise DataError(
                "Some glasses of these layers reach over a body or an accessory, so they are no"
                " layers of Nouns; use data=array, without data.layers."
            )
        covers = self._solid[2][:, self._torso]
        self._covers, cover = np.unique(covers, axis=0, return_inverse=True)
        self._cover = cover.ravel()
        bare = ~self._covers & ~self._solid[1][:, None, self._torso]
        self._bare = bare.reshape(-1, bare.shape[2]).T.astype(np.float64)

    def compose(self, numbers: np.ndarray) -> np.ndarray:
        """Characters uint8 `(N, H, W, 4)` of part numbers `(N, 4)` in the order of `LAYERS`."""
        canvas = np.zeros((len(numbers), *self.shape), np.uint8)
        for part, solid, number in zip(self.parts, self._solid, numbers.T, strict=True):
            np.copyto(canvas, part[number], where=solid[number][..., None])
        return canvas

    def nearest(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest of all combinations to sprites uint8 `(N, H, W, 4)`, without exception.

        All sums are of whole numbers in float64, so they are exact.

        Returns:
            numbers of the parts int64 `(N, 4)`, sum of squared differences of RGBA `(N,)`.

        Raises:
            DataError: sprites of another shape.
        """
        if images.shape[1:] != self.shape:
            raise DataError(
                f"Characters of these layers are {_named(self.shape)};"
                f" these sprites are {_named(images.shape[1:])}."
            )
        numbers = np.zeros((len(images), len(LAYERS)), np.int64)
        squares = np.zeros(len(images))
        for start in range(0, len(images), CHUNK):
            part = slice(start, start + CHUNK)
            numbers[part], squares[part] = self._nearest(images[part].astype(np.float64))
        return numbers, squares

    def _nearest(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = np.arange(len(pixels))
        above, glasses = self._above(pixels)
        below, bodies, accessories = self._below(pixels)
        total = above + below[:, self._cover]
        head = total.argmin(1)
        cover = self._cover[head]
        numbers = [bodies[rows, cover], accessories[rows, cover], head, glasses[rows, head]]
        return np.stack(numbers, 1), total[rows, head]

    def _above(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is wrong with each head under its best glasses, and which those are, `(N, heads)`.

        That is: all that is wrong outside the torso, and where the head covers the torso.
        """
        _, _, heads, glasses = self.parts
        least = np.full((len(pixels), len(heads)), np.inf)
        best = np.zeros(least.shape, np.int64)
        torso = pixels[:, self._torso]
        over = np.square(torso).sum(-1) @ self._solid[2][:, self._torso].T
        colours = heads[:, self._torso].reshape(len(heads), -1).astype(np.float64)
        over += np.square(colours).sum(1) - 2 * torso.reshape(len(pixels), -1) @ colours.T
        shapes, shape = np.unique(self._solid[3], axis=0, return_inverse=True)
        for k, mask in enumerate(shapes):
            alike = np.flatnonzero(shape.ravel() == k)
            worn = _squares(pixels[:, mask], glasses[alike][:, mask])
            seen = ~mask & ~self._torso
            wrong = worn.min(1)[:, None] + _squares(pixels[:, seen], heads[:, seen])
            better = wrong < least
            best = np.where(better, alike[worn.argmin(1)][:, None], best)
            least = np.where(better, wrong, least)
        return least + over, best

    def _below(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is wrong with the best body and accessory where a cover leaves the torso bare.

        Returns:
            the sum of squares, the number of the body and of the accessory, each `(N, covers)`.
        """
        bodies, accessories = (part[:, self._torso] for part in self.parts[:2])
        torso, worn = pixels[:, None, self._torso], self._solid[1][:, self._torso]
        body = _pixel_squares(torso, bodies)
        accessory = _pixel_squares(torso, accessories) * worn @ ~self._covers.T
        wrong = (body.reshape(-1, body.shape[2]) @ self._bare).reshape(
            *body.shape[:2], *accessory.shape[1:]
        )  # (N, bodies, accessories, covers)
        total = wrong.min(1) + accessory
        chosen = total.argmin(1)
        under = np.take_along_axis(wrong, chosen[:, None, None], 2)[:, :, 0]
        return total.min(1), under.argmin(1), chosen


def _own_attributes(found: dict[str, np.ndarray], layers: Layers) -> tuple[Attribute, ...]:
    """From `parts`, whole numbers `(N, 4)` in the order of `LAYERS`, and the names of each."""
    parts = found.get("parts")
    if parts is None:
        return ()
    counts = [len(layer) for layer in layers.parts]
    fit = parts.ndim == 2 and parts.shape[1] == len(LAYERS) and parts.dtype.kind in "iu"
    if not fit or (parts < 0).any() or (parts >= counts).any():
        raise DataError(
            f"'parts' of these sprites must number {', '.join(LAYERS)} from 0, four for each."
        )
    columns = []
    for k, (name, count) in enumerate(zip(NAMES.values(), counts, strict=True)):
        names = found.get([*NAMES][k])
        values = range(count) if names is None or len(names) != count else names
        words = tuple(str(value).removeprefix(f"{name}-") for value in values)
        columns.append(Attribute(name, words, parts[:, k].astype(np.int64)))
    return tuple(columns)


def read_layers(path: Path) -> Layers:
    """The layers in an `.npz` file.

    Raises:
        DataError: the file is missing or damaged, or holds no such layers.
    """
    if not path.exists():
        raise DataError(f"There is no file {path}; check data.layers.")
    found = load_npz(path, LAYERS)
    size = next((part.shape[1:] for part in found.values() if _is_layer(part)), ())
    wrong = [
        name for name in LAYERS if not _is_layer(part := found.get(name)) or part.shape[1:] != size
    ]
    if wrong:
        raise DataError(
            f"{path} must hold {', '.join(LAYERS)}, uint8 (K, H, W, 4) of one size with alpha 0 or"
            f" 255, and not so are {', '.join(map(repr, wrong))}; for other sprites use"
            " data=array, without data.layers."
        )
    return Layers(*(canonical(found[name]) for name in LAYERS))


def _is_layer(part: np.ndarray | None) -> TypeGuard[np.ndarray]:
    if part is None or part.dtype != np.uint8 or part.ndim != 4 or part.shape[3] != 4:
        return False
    return bool(part.size and np.isin(part[..., 3], (0, 255)).all())


def _squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Sums of squared differences `(N, K)` of values `(N, ...)` and `(K, ...)`."""
    left, right = (each.reshape(len(each), -1).astype(np.float64) for each in (one, other))
    return np.square(left).sum(1)[:, None] - 2 * left @ right.T + np.square(right).sum(1)


def _pixel_squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Squared differences `(..., P)` of pixels `(..., P, C)`, summed over the channels."""
    differences = (one[..., c] - other[..., c] for c in range(one.shape[-1]))
    return sum((np.square(each) for each in differences), start=np.zeros(()))


def _named(shape: tuple[int, ...]) -> str:
    height, width, channels = shape
    return f"{width} x {height} with {channels} channels"
