"""Which colour stands for which, where a palette is exchanged for another."""

import numpy as np
from scipy.optimize import linear_sum_assignment

TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colours: np.ndarray) -> np.ndarray:
    """Lightness and two colour axes, float64 `(K, 3)`, of sRGB bytes `(K, 3 or more)`.

    In this space equal distances look equally different (Ottosson 2020, "A perceptual color space
    for image processing").
    """
    light = colours[:, :3].astype(np.float64) / 255
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T


def nearest_pairs(wanted: np.ndarray, known: np.ndarray) -> list[tuple[int, int]]:
    """(row of wanted, row of known): each wanted colour has a known one of its own.

    Together they are as near in Oklab as they can be, and equal ones are always a pair; of more
    wanted colours than known ones some are left out.

    Args:
        wanted, known: bytes `(A, 3 or more)` and `(K, 3 or more)`.
    """
    distance = np.linalg.norm(oklab(wanted)[:, None] - oklab(known)[None], axis=2)
    equal = (wanted[:, None, :3] == known[None, :, :3]).all(axis=2)
    rows, columns = linear_sum_assignment(distance - 1e3 * equal)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def by_lightness(wanted: np.ndarray, known: np.ndarray) -> list[tuple[int, int]]:
    """(row of wanted, row of known) for every known colour, darkest with darkest: shading stays.

    Args:
        wanted, known: bytes `(A, 3 or more)` and `(K, 3 or more)`, with A at least K.
    """
    dark_first = [np.argsort(oklab(each)[:, 0], kind="stable") for each in (wanted, known)]
    chosen = np.linspace(0, len(wanted) - 1, len(known)).round().astype(int)
    return list(zip(dark_first[0][chosen].tolist(), dark_first[1].tolist(), strict=True))
