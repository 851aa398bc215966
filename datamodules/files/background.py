"""What lies round a sprite without being a part of it: colour keys, checkerboards, dark rims.

`data.background=transparent` clears what is connected with the rim of a sprite (one flat colour or
a checkerboard that was painted in), and divides colours that were multiplied by their alpha.
`data.background=ff00ff` clears that colour wherever it stands. `keep` leaves all as it is. Nothing
is interpolated: a pixel is cleared whole or not at all, and divided colours multiply back to
exactly what they were.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.ndimage import binary_propagation, generate_binary_structure

from datamodules.arrays import canonical
from datamodules.errors import DataError
from datamodules.files.canvas import Picture

LOOKED_AT, BOARDS = 512, 64  # pictures, and those in which a checkerboard is looked for
AGREEING = 0.9  # share of pictures that agree
RIM = 0.6  # share of the rim that a background must have
SQUARES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32)  # sides in a checkerboard, pixels
EVIDENCE = 12.0  # log odds that colours were multiplied by their alpha


class Board(NamedTuple):
    """A checkerboard: side of a square, place of the first corner, the two colours RGB."""

    side: int
    top: int
    left: int
    colours: np.ndarray

    def at(self, height: int, width: int, origin: tuple[int, int]) -> np.ndarray:
        """Its colours uint8 `(height, width, 3)` from that place of the file on."""
        rows = (np.arange(height) + origin[0] - self.top) // self.side
        columns = (np.arange(width) + origin[1] - self.left) // self.side
        return self.colours[(rows[:, None] + columns) % 2]


def wanted(background: str | int | None) -> str | None:
    """The word, with a colour as six small hex digits.

    Raises:
        DataError: it is no word or colour.
    """
    if background in (None, "transparent", "keep"):
        return background
    word = str(background).lower().removeprefix("#")
    if isinstance(background, str | int) and re.fullmatch("[0-9a-f]{6}", word):
        return word
    raise DataError(
        f"data.background={background} is unknown; give transparent, keep, or a colour as six hex"
        " digits, such as data.background=ff00ff (digits only: \"data.background='112233'\")."
    )


def cleared(
    pictures: Sequence[Picture], background: str | None
) -> tuple[list[Picture], list[str]]:
    """The pictures without their background, and what was done or could be.

    Args:
        pictures: as read.
        background: as `wanted` returns it; None does nothing but look.
    """
    if background is None:
        return list(pictures), notice(pictures)
    if background == "keep":
        return list(pictures), []
    if background != "transparent":
        return _without_colour(pictures, background)
    pictures, notes = _divided(pictures)
    board, common = checkerboard(pictures), _common_ground(pictures)
    done, count, enclosed = [], 0, Counter[str]()
    for picture in pictures:
        ground, known = _ground(picture, board, common)
        like = (picture.frames[..., :3] == ground).all(axis=-1) & (picture.frames[..., 3] == 255)
        like &= known[:, None, None]
        gone = _from_the_rim(like)
        done.append(replace(picture, frames=picture.frames * ~gone[..., None]))
        count += int(gone.any(axis=(1, 2)).sum())
        left = (like & ~gone).sum(axis=(1, 2))
        if board is None:
            enclosed.update({_hex(ground[k, 0, 0]): int(left[k]) for k in np.flatnonzero(left)})
    what = "The checkerboard" if board else "The flat colour"
    if count:
        notes.append(f"{what} round {count:,} pictures was made transparent.")
    for name, number in enclosed.most_common(1):
        notes.append(
            f"{number:,} pixels of {name} are enclosed by sprites and were kept;"
            f" data.background={name} clears them too."
        )
    if not notes:
        notes = ["data.background=transparent changed nothing: no flat colour lies round sprites."]
    return done, notes


def notice(pictures: Sequence[Picture]) -> list[str]:
    """What looks like a background and is kept as long as nobody says more."""
    few = pictures[:: -(-len(pictures) // LOOKED_AT)]
    offer = "data.background=transparent clears it, data.background=keep leaves it"
    if multiplied(few):
        return [
            "Colours look multiplied by their alpha, which darkens soft edges;"
            " data.background=transparent divides them again, data.background=keep leaves them."
        ]
    if board := checkerboard(few):
        names = " and ".join(_hex(colour) for colour in board.colours)
        return [f"A checkerboard of {names} is painted behind the sprites; {offer}."]
    ground = _common_ground(few)
    if ground is None:
        return []
    rims = np.concatenate([picture.frames[_edge(picture)] for picture in few])
    share = (rims[:, :3] == ground).all(axis=1).mean()
    flat = f"The flat colour {_hex(ground)} lies round the sprites; {offer}."
    return [flat] if share > RIM else []


def multiplied(pictures: Sequence[Picture]) -> bool:
    """Whether colours were multiplied by alpha: then none is brighter than its alpha.

    The evidence is how improbable that would be if soft pixels had the colours of opaque ones.
    """
    pixels = np.concatenate([picture.frames.reshape(-1, 4) for picture in pictures])
    brightest, alpha = pixels[:, :3].max(axis=1), pixels[:, 3]
    soft = (alpha > 0) & (alpha < 255)
    opaque = np.sort(brightest[alpha == 255])
    if not soft.any() or not len(opaque) or (brightest[soft] > alpha[soft]).any():
        return False
    coloured = alpha[soft & (brightest > 0)]
    below = (np.searchsorted(opaque, coloured, "right") + 1) / (len(opaque) + 1)
    return float(-np.log(below).sum()) > EVIDENCE


def checkerboard(pictures: Sequence[Picture]) -> Board | None:
    """The checkerboard that all rims show."""
    if any((picture.frames[..., 3] < 255).any() for picture in pictures):
        return None
    rims, rows, columns = [], [], []
    for picture in pictures[:: -(-len(pictures) // BOARDS)]:
        edge = _edge(picture)
        _, y, x = np.nonzero(edge)
        rims.append(picture.frames[edge][:, :3])
        rows.append(y + picture.at[0])
        columns.append(x + picture.at[1])
    rim, y, x = np.concatenate(rims), np.concatenate(rows), np.concatenate(columns)
    colours, which, counts = np.unique(rim, axis=0, return_inverse=True, return_counts=True)
    pair = np.argsort(counts)[::-1][:2]
    grey = not np.ptp(colours[pair], axis=1).any()  # as programs paint them
    if len(pair) < 2 or not grey or counts[pair].sum() < RIM * len(rim):
        return None
    ours = np.isin(which.ravel(), pair)
    y, x, second = y[ours], x[ours], which.ravel()[ours] == pair[1]
    best, agree = None, AGREEING
    for side in SQUARES:
        for top, left in product(range(side), range(2 * side)):
            odd = ((y - top) // side + (x - left) // side) % 2 == 1
            if (odd == second).mean() > agree:
                best, agree = Board(side, top, left, colours[pair]), (odd == second).mean()
    return best


def _ground(
    picture: Picture, board: Board | None, common: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """What would lie behind the frames, uint8 `(f, h, w, 3)`, and whether it is known `(f,)`."""
    count, (height, width) = len(picture.frames), picture.size
    if board:
        ground = np.broadcast_to(board.at(height, width, picture.at), (count, height, width, 3))
        return ground, np.ones(count, bool)
    corners = _corners(picture.frames)
    own = _framed(corners)
    colours = corners[:, 0, :3].copy()
    if common is not None:
        colours[~own] = common
    known = own if common is None else np.ones(count, bool)
    return np.broadcast_to(colours[:, None, None], (count, height, width, 3)), known


def _from_the_rim(like: np.ndarray) -> np.ndarray:
    """Those pixels `(f, h, w)` that are connected with the rim by others of them."""
    rim = np.zeros_like(like)
    rim[:, [0, -1]], rim[:, :, [0, -1]] = True, True
    cross = generate_binary_structure(2, 1)[None]
    return binary_propagation(like & rim, structure=cross, mask=like)


def _without_colour(
    pictures: Sequence[Picture], background: str
) -> tuple[list[Picture], list[str]]:
    """Without one colour, wherever it stands."""
    colour = np.frombuffer(bytes.fromhex(background), np.uint8)
    done, count = [], 0
    for picture in pictures:
        gone = (picture.frames == [*colour, 255]).all(axis=-1)
        count += int(gone.sum())
        done.append(replace(picture, frames=picture.frames * ~gone[..., None]))
    if count:
        return done, [f"{count:,} pixels of the colour {background} were made transparent."]
    shown = [np.unique(p.frames[p.frames[..., 3] == 255][:, :3], axis=0) for p in pictures]
    present = np.concatenate(shown).astype(int)
    nearest = present[((present - colour) ** 2).sum(axis=1).argmin()] if len(present) else colour
    return done, [
        f"data.background={background} changed nothing: no opaque pixel has exactly this colour;"
        f" the nearest is {_hex(nearest)}."
    ]


def _divided(pictures: Sequence[Picture]) -> tuple[Sequence[Picture], list[str]]:
    """With colours divided by alpha where they were multiplied by it."""
    if not multiplied(pictures):
        return pictures, []
    done = []
    for picture in pictures:
        colours, alpha = np.split(picture.frames.astype(np.float64), [3], axis=-1)
        colours = np.rint(colours * 255 / np.maximum(alpha, 1))
        whole = np.concatenate([colours, alpha], axis=-1).astype(np.uint8)
        done.append(replace(picture, frames=canonical(whole)))
    return done, ["Colours were multiplied by their alpha and were divided again."]


def _common_ground(pictures: Sequence[Picture]) -> np.ndarray | None:
    """The opaque colour RGB in all four corners of most pictures, if there is one."""
    corners = np.concatenate([_corners(picture.frames) for picture in pictures])
    framed = _framed(corners)
    if framed.mean() < AGREEING:
        return None
    colours, counts = np.unique(corners[framed][:, 0, :3], axis=0, return_counts=True)
    return colours[counts.argmax()]


def _corners(frames: np.ndarray) -> np.ndarray:
    """`(frames, 4, 4)`: RGBA of the corners."""
    return frames[:, [0, 0, -1, -1], [0, -1, 0, -1]]


def _framed(corners: np.ndarray) -> np.ndarray:
    """Whether all four are of one opaque colour, bool `(frames,)`."""
    return (corners == corners[:, :1]).all(axis=(1, 2)) & (corners[:, 0, 3] == 255)


def _edge(picture: Picture) -> np.ndarray:
    """The pixels of the rim, bool `(f, h, w)`."""
    edge = np.zeros(picture.frames.shape[:3], bool)
    edge[:, [0, -1]], edge[:, :, [0, -1]] = True, True
    return edge


def _hex(colour: np.ndarray) -> str:
    return bytes(colour[:3].astype(np.uint8)).hex()
