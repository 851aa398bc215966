"""Keys of a sprite that survive a small shift, a mirror or a recolouring: repeats meet in a table.

A sprite is a plane of 32-bit colours, 0 where the ground shows. Its key is
`sum over pixels of mix(colour) a^y b^x` modulo 2^64: a shift by (dy, dx) multiplies the terms by
`a^dy b^dx`, and a mirror reverses the powers of b (Karp and Rabin 1987, in two dimensions).
"""

import numpy as np

from datamodules.arrays import packed

SHIFT = 2  # pixels
IN_PLACE = ((2 * SHIFT + 1) ** 2 - 1) // 2  # column of the key of the plane as it stands
A, B = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F  # odd, so that they have inverses modulo 2^64


def planes(images: np.ndarray) -> np.ndarray:
    """Colours uint32 `(n, H, W)` of canonical uint8 images `(n, H, W, C)`; 0 is ground.

    Ground is full transparency; without an alpha channel, the colour that all four corners share.
    """
    colours = packed(images)
    if images.shape[-1] == 4:
        return colours
    corner = colours[:, :1, :1]
    corners = colours[:, :: max(1, colours.shape[1] - 1), :: max(1, colours.shape[2] - 1)]
    framed = (corners == corner).all(axis=(1, 2), keepdims=True)
    return np.where(framed & (colours == corner), np.uint32(0), colours)


def shifted(colours: np.ndarray) -> np.ndarray:
    """Keys uint64 `(n, 50)` of planes shifted by up to 2 px, then of their mirror images likewise.

    Pixels that leave the canvas are lost. The key of nothing is 0.
    """
    height, width = colours.shape[1:]
    rows, columns = _moves(A, height), _moves(B, width)
    across = _mix(colours.astype(np.uint64)) @ np.concatenate([columns, columns[::-1]], axis=1)
    return (across.swapaxes(1, 2) @ rows).reshape(len(colours), -1)


def recoloured(colours: np.ndarray) -> np.ndarray:
    """Keys uint64 `(n, 2)` of planes and of their mirror images that forget the colours.

    A key is made of the places of each colour, so any exchange of colours keeps it; alpha counts.
    A plane in which no colour repeats is no more than an outline and has the key 0.
    """
    n, height, width = colours.shape
    pixels = height * width
    flat = colours.reshape(n, -1).astype(np.uint64)
    order = np.sort(flat << np.uint64(32) | np.arange(pixels, dtype=np.uint64), axis=1)
    place, colour = order & np.uint64(2**32 - 1), order >> np.uint64(32)
    first = np.ones((n, pixels), bool)  # of the pixels of one colour in one sprite
    first[:, 1:] = colour[:, 1:] != colour[:, :-1]
    starts = np.flatnonzero(first)
    visible = colour[first] > 0
    repeats = np.bincount(starts[visible] // pixels, minlength=n) < (flat > 0).sum(axis=1)
    keys = []
    for columns in (_powers(B, width), _powers(B, width)[::-1]):
        weights = np.outer(_powers(A, height), columns).ravel()
        places = np.add.reduceat(weights[place.astype(np.int64)].ravel(), starts)
        colour_keys = _mix(places + (colour[first] >> np.uint64(24))) * visible
        keys.append(np.add.reduceat(colour_keys, np.searchsorted(starts, np.arange(n) * pixels)))
    return np.stack(keys, axis=1) * repeats[:, None]


def _powers(base: int, count: int) -> np.ndarray:
    return np.array([pow(base, power, 2**64) for power in range(count)], np.uint64)


def _moves(base: int, length: int) -> np.ndarray:
    """Weights `(length, 5)` of the places along an axis for each shift; 0 for those that leave."""
    weights = np.zeros((length, 2 * SHIFT + 1), np.uint64)
    for column, shift in enumerate(range(-SHIFT, SHIFT + 1)):
        for place in range(max(0, -shift), length - max(0, shift)):
            weights[place, column] = pow(base, place + shift, 2**64)
    return weights


def _mix(values: np.ndarray) -> np.ndarray:
    """A bijection of 64-bit words that scatters them and keeps 0 (finaliser of MurmurHash3)."""
    values = values ^ values >> np.uint64(33)
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    values ^= values >> np.uint64(33)
    values *= np.uint64(0xC4CEB9FE1A85EC53)
    values ^= values >> np.uint64(33)
    return values
