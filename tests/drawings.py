"""Sprites to test novelty with, and what independent, slow code says of them."""

import numpy as np
import torch

SIDE = 9


def drawn(n, channels, seed, colours=5, side=SIDE):
    """Random drawings `(n, channels, side, side)` of a few patches of colour over ground."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, side, side, channels), np.uint8)
    for image in images:
        palette = rng.integers(0, 256, (colours, channels))
        if channels == 4:
            palette[:, 3] = 255
        else:
            image[:] = rng.integers(0, 256, channels)
        for colour in palette:
            (top, left), (high, wide) = rng.integers(1, side - 3, 2), rng.integers(2, 5, 2)
            image[top : min(top + high, side - 1), left : min(left + wide, side - 1)] = colour
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy())


def ground_of(image):
    """Ground of one sprite `(C,)`, or None where the corners differ."""
    corners = image[:, [0, 0, -1, -1], [0, -1, 0, -1]].T
    if len(image) == 4:
        return np.zeros(4, int)
    return corners[0] if (corners == corners[0]).all() else None


def shifts(image):
    """`(moved, visible pixels, whether it stands still)` for every shift of up to 2 px."""
    ground = ground_of(image)
    _, height, width = image.shape
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            still = dy == dx == 0
            if ground is None:
                if still:
                    yield image, height * width, True
                continue
            framed = np.stack(
                [np.pad(c, 2, constant_values=g) for c, g in zip(image, ground, strict=True)]
            )
            moved = framed[:, 2 - dy :, 2 - dx :][:, :height, :width]
            visible = int((moved != ground[:, None, None]).any(0).sum())
            if still or visible:
                yield moved, visible, still


def position_distances(sample, training):
    """As it stands, shifted and mirrored, each including those before."""
    found = [np.inf, np.inf, np.inf]
    for mirrored, face in enumerate((sample, sample[:, :, ::-1])):
        for moved, visible, still in shifts(training):
            square = ((face - moved) ** 2).sum() / max(1, visible * len(sample))
            for relation in range(2 if mirrored else 0 if still else 1, 3):
                found[relation] = min(found[relation], np.sqrt(square))
    return found


def recolouring_distance(sample, training):
    """As `Recolourings` defines it, pixel by pixel; infinite where it is not measured."""
    return min(_recolouring(face, training) for face in (sample, sample[:, :, ::-1]))


def _recolouring(sample, training):
    edges = _edges(training, 0)
    agreeing = False
    for level in (0, 12):
        one = _edges(sample, level)
        either, both = (one | edges).sum(), (one & edges).sum()
        agreeing |= bool(5 * both >= 4 * either)
    ground = ground_of(training)
    shown = np.ones(training.shape[1:], bool)
    if ground is not None:
        shown = (training != ground[:, None, None]).any(0)
    regions = {}
    for y, x in np.ndindex(shown.shape):
        regions.setdefault(tuple(training[:, y, x]), []).append((y, x))
    used = sum(any(shown[place] for place in places) for places in regions.values())
    if not agreeing or shown.sum() <= used:
        return np.inf
    within, means = 0.0, []
    for colour, places in sorted(regions.items()):
        values = np.array([sample[:3, y, x] for y, x in places], float)
        within += ((values - values.mean(0)) ** 2).sum()
        means.append(np.append(values.mean(0), colour[3:]))
    if within and 2 * used > shown.sum():
        return np.inf
    square = within * shown.sum() / (shown.sum() - used)
    square += ((sample[3:] - training[3:]) ** 2).sum()
    theirs = {}
    for y, x in np.ndindex(shown.shape):
        apart = [((sample[:, y, x] - mean) ** 2).sum() for mean in means]
        theirs.setdefault(int(np.argmin(apart)), []).append(training[:, y, x].astype(float))
    square += sum(((np.array(v) - np.mean(v, axis=0)) ** 2).sum() for v in theirs.values())
    distance = np.sqrt(square / (shown.sum() * len(sample)))
    return distance if distance <= 24 else np.inf


def retouching_distance(sample, training):
    """As `Retouchings` defines it, pixel by pixel; infinite where too much differs."""
    differing = shown = 0
    grounds = ground_of(sample), ground_of(training)
    for y, x in np.ndindex(sample.shape[1:]):
        pixels = sample[:, y, x], training[:, y, x]
        covered = [g is None or (p != g).any() for p, g in zip(pixels, grounds, strict=True)]
        shown += any(covered)
        same = all(covered) and (pixels[0] == pixels[1]).all()
        differing += any(covered) and not same
    share = differing / max(1, shown)
    return 255 * np.sqrt(share) if share <= 0.4 else np.inf


def _edges(image, level):
    down = np.abs(np.diff(image, axis=1)).max(0) > level
    right = np.abs(np.diff(image, axis=2)).max(0) > level
    return np.concatenate([down.ravel(), right.ravel()])


def all_distances(samples, training):
    """Distances float64 `(N, 5)` of the nearest training sprites, and `(N, n, 5)` of all."""
    samples, training = samples.numpy().astype(int), training.numpy().astype(int)
    table = np.array(
        [
            [
                [*position_distances(s, t), recolouring_distance(s, t), retouching_distance(s, t)]
                for t in training
            ]
            for s in samples
        ]
    )
    return table.min(1), table
