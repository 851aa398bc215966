"""Keys of a sprite that survive a small shift, a mirror or a recolouring, so that repeats meet in a table.

A sprite is a plane of 32-bit colours, 0 where the ground shows through. Its key is
`sum over pixels of mix(colour) a^y b^x` modulo 2^64, in which a shift by (dy, dx) is a factor
`a^dy b^dx` and a mirror swaps the powers of b (the rolling hash of Karp and Rabin 1987, in two dimensions).
"""

import numpy as np

from datamodules.arrays import packed

SHIFT = 2  # pixels
IN_PLACE = ((2 * SHIFT + 1) ** 2 - 1) // 2  # column of the plane as it stands
A, B = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F  # odd, so that they have inverses modulo 2^64


def planes(images: np.ndarray) -> np.ndarray:
    """Colours uint32 `(n, H, W)` of canonical uint8 images `(n, H, W, C)`; 0 is ground.

    Ground is full transparency; without an alpha channel it is the colour that all four corners share.
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
    """Keys uint64 `(n, 2)` of planes and of their mirror images that forget which colours they have.

    The key is made of the places of each colour, so any exchange of colours keeps it; alpha is kept. A plane
    in which no colour repeats is no more than an outline and has the key 0.
    """
    n, height, width = colours.shape
    flat = colours.reshape(n, -1)
    pixels = height * width
    order = np.sort(flat.astype(np.uint64) << np.uint64(32) | np.arange(pixels, dtype=np.uint64))
    place = (order & np.uint64(0xFFFFFFFF)).astype(np.int64)
    colour = (order >> np.uint64(32)).astype(np.uint64)
    first = np.ones((n, pixels), bool)
    first[:, 1:] = colour[:, 1:] != colour[:, :-1]
    starts = np.flatnonzero(first)
    seen = colour[first] > 0
    kinds = np.bincount(starts[seen] // pixels, minlength=n)
    repeats = kinds < (flat > 0).sum(axis=1)
    alpha = colour[first] >> np.uint64(24)
    keys = []
    for powers in (_powers(B, width), _powers(B, width)[::-1]):
        weights = (_powers(A, height)[:, None] * powers).ravel()
        places = np.add.reduceat(weights[place].ravel(), starts)
        class_keys = np.where(seen, _mix(places + alpha), np.uint64(0))
        keys.append(np.add.reduceat(class_keys, np.flatnonzero(starts % pixels == 0)) * repeats)
    return np.stack(keys, axis=1)


def _powers(base: int, count: int) -> np.ndarray:
    return np.array([pow(base, power, 2**64) for power in range(count)], np.uint64)


def _moves(base: int, length: int) -> np.ndarray:
    """Weights `(length, 5)` of the pixels along an axis for each shift; 0 for those that leave it."""
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
