"""The data doctor looks at every sprite, refuses what cannot be used, and says what is there."""

import hashlib
import textwrap
from typing import Any

import numpy as np

from datamodules.arrays import Sprites, packed
from datamodules.duplicates import first_equal, groups
from datamodules.errors import DataError
from datamodules.splits import PINNED, split

LARGEST_SIDE = 256  # pixels
LEAST_DISTINCT = 8
PALETTE_LIMIT = 2**16  # colours are counted up to here

Card = dict[str, Any]  # plain numbers, strings, lists and dicts: what data.json holds


def check(sprites: Sprites) -> None:
    """Refuse what no later step could use.

    Raises:
        DataError: no sprites, sprites above 256 px, or labels, groups or names of another length.
    """
    count = len(sprites)
    if not sprites.images.size:
        raise DataError("There are no sprites in this data; check data.path.")
    height, width = sprites.images.shape[1:3]
    if max(height, width) > LARGEST_SIDE:
        raise DataError(
            f"The sprites are {width} x {height} pixels and at most {LARGEST_SIDE} x {LARGEST_SIDE}"
            " are possible; cut them up or shrink them by a whole factor."
        )
    for what in ("labels", "groups", "names"):
        given = getattr(sprites, what)
        if given is not None and len(given) != count:
            raise DataError(
                f"There are {count:,} sprites but {len(given):,} {what}; give one for each."
            )


def examine(sprites: Sprites) -> tuple[dict[str, np.ndarray], Card]:
    """Rows int64 of "train", "val" and "test" with exact repeats merged, and what was found.

    Raises:
        DataError: fewer than 8 distinct sprites.
    """
    first = first_equal(sprites)
    rows = np.unique(first)
    if len(rows) < LEAST_DISTINCT:
        raise DataError(
            f"Only {len(rows)} of these {len(sprites):,} sprites are distinct and at least"
            f" {LEAST_DISTINCT} are needed; add more."
        )
    numbers, rule = groups(sprites, rows)
    positions, note = split(numbers, _pinned(sprites, rows))
    parts = {name: rows[position] for name, position in positions.items()}
    height, width, channels = sprites.images.shape[1:]
    card: Card = {
        "sprites": len(sprites),
        "distinct": len(rows),
        "groups": int(numbers.max()) + 1,
        "grouped_by": rule,
        "height": height,
        "width": width,
        "channels": channels,
        **_look(sprites, rows),
        "labels": {},
        "split": {name: len(part) for name, part in parts.items()},
        "notes": [*sprites.notes, *([note] if note else [])],
        "fingerprint": _fingerprint(sprites, rows, parts),
    }
    if sprites.labels is not None:
        counts = np.bincount(sprites.labels[rows], minlength=len(sprites.label_names))
        card["labels"] = dict(zip(sprites.label_names, counts.tolist(), strict=True))
        torn = np.flatnonzero(sprites.labels != sprites.labels[first])
        if len(torn):
            card["suspicious"]["repeats with another label"] = _examples(sprites, torn)
    return parts, card


def table(card: Card) -> str:
    """The card as a short table of plain text, at most 79 columns wide."""
    near = card["distinct"] - card["groups"]
    channels = {1: "grey", 3: "RGB", 4: "RGBA"}[card["channels"]]
    limited = " or more" if card["palette"] == PALETTE_LIMIT else ""
    labels = sorted(card["labels"].items(), key=lambda label: -label[1])
    counts = ", ".join(f"{name} {count:,}" for name, count in labels)
    parts = (f"{count:,} {name}" for name, count in card["split"].items())
    lines = [
        _line(
            "sprites", f"{card['sprites']:,}; {card['distinct']:,} distinct, {near:,} near repeats"
        ),
        _line("groups", f"{card['groups']:,} ({card['grouped_by']})"),
        _line("size", f"{card['width']} x {card['height']}, {channels}, {card['alpha']} alpha"),
        _line(
            "colours",
            f"{card['colours_median']} per sprite (median), {card['colours_max']} at most,"
            f" {card['palette']:,}{limited} in all",
        ),
        _line("labels", f"{len(labels)}: {counts}" if labels else "none"),
        _line("split", ", ".join(parts)),
    ]
    for what, found in card["suspicious"].items():
        examples = ", ".join(found["examples"])
        lines.append(_line("suspicious", f"{found['count']:,} {what}: {examples}"))
    return "\n".join([*lines, *(_line("note", note) for note in card["notes"])])


def _line(title: str, text: str) -> str:
    return textwrap.fill(
        text,
        79,
        initial_indent=f"{title:<12}",
        subsequent_indent=" " * 12,
        max_lines=2,
        placeholder=" …",
    )


def _look(sprites: Sprites, rows: np.ndarray) -> Card:
    """Colours, alpha and suspicious entries of these rows."""
    colours = np.empty(len(rows), np.int64)  # of each sprite, transparency not counted
    visible = np.empty(len(rows), np.int64)  # pixels of each sprite
    palette = np.empty(0, np.uint32)
    clear, soft = False, False
    for part, images in sprites.chunks(rows):
        pixels = packed(images).reshape(len(images), -1)
        pixels = np.sort(pixels, axis=1)
        new = np.ones(pixels.shape, bool)
        new[:, 1:] = pixels[:, 1:] != pixels[:, :-1]
        new &= pixels > 0
        colours[part], visible[part] = new.sum(axis=1), (pixels > 0).sum(axis=1)
        if len(palette) < PALETTE_LIMIT:
            palette = np.union1d(palette, pixels[new])[:PALETTE_LIMIT]
        clear |= bool((pixels == 0).any())
        soft |= bool(((pixels > 0) & (pixels >> 24 < 255)).any())
    found = {
        "empty": visible == 0,
        "of fewer than 4 pixels": (visible > 0) & (visible < 4),
        "of one colour": (visible >= 4) & (colours == 1),
        "of very many colours (a JPEG, a photo or a smooth resize?)": colours
        > np.maximum(32, visible / 2),
    }
    return {
        "colours_median": int(np.median(colours)),
        "colours_max": int(colours.max()),
        "palette": len(palette),
        "alpha": "soft" if soft else "hard" if clear else "no",
        "hard_alpha": not soft,
        "suspicious": {
            what: _examples(sprites, rows[where]) for what, where in found.items() if where.any()
        },
    }


def _examples(sprites: Sprites, rows: np.ndarray) -> Card:
    shown = [sprites.names[row] if sprites.names else f"row {row}" for row in rows[:4]]
    return {"count": len(rows), "examples": shown}


def _pinned(sprites: Sprites, rows: np.ndarray) -> np.ndarray:
    names = sprites.names or ("",) * len(sprites)
    return np.array([names[row].split("/")[-1].lower() in PINNED for row in rows])


def _fingerprint(sprites: Sprites, rows: np.ndarray, parts: dict[str, np.ndarray]) -> str:
    """SHA-256 of the shape, the distinct sprites, their labels and the split."""
    digest = hashlib.sha256(str(sprites.images.shape[1:]).encode())
    for _, images in sprites.chunks(rows):
        digest.update(images.tobytes())
    if sprites.labels is not None:
        digest.update(sprites.labels[rows].astype("<i8").tobytes())
        digest.update("\n".join(sprites.label_names).encode())
    for name, part in parts.items():
        digest.update(name.encode() + part.astype("<i8").tobytes())
    return digest.hexdigest()
