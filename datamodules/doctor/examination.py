"""The data doctor looks at every sprite, refuses what cannot be used, and says what is there."""

import hashlib
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np

from datamodules.arrays import Sprites, packed
from datamodules.doctor.duplicates import first_equal, groups
from datamodules.doctor.splits import HELD_OUT, PINNED, Parts, split
from datamodules.errors import DataError

LARGEST_SIDE = 256  # pixels
LEAST_DISTINCT = 8
PALETTE_LIMIT = 2**16  # colours are counted up to here

Card = dict[str, Any]  # plain numbers, strings, lists and dicts: what data.json holds


def check(sprites: Sprites) -> None:
    """Refuse what no later step could use.

    Raises:
        DataError: no sprites, sprites above 256 px, or labels, groups or names of another length.
    """
    if 0 in sprites.images.shape:
        raise DataError("There are no sprites in this data; check data.path.")
    height, width = sprites.images.shape[1:3]
    if max(height, width) > LARGEST_SIDE:
        raise DataError(
            f"The sprites are {width} x {height} and at most {LARGEST_SIDE} x {LARGEST_SIDE}"
            " pixels are possible; cut them up or shrink them by a whole factor."
        )
    for what in ("labels", "groups", "names"):
        given = getattr(sprites, what)
        if given is not None and len(given) != len(sprites):
            raise DataError(
                f"There are {len(sprites):,} sprites but {len(given):,} {what};"
                " give one for each sprite."
            )
    for each in sprites.attributes:
        if len(each.of) != len(sprites):
            raise DataError(
                f"There are {len(sprites):,} sprites but {len(each.of):,} values of the attribute"
                f" {each.name}; give one for each sprite."
            )


def examine(sprites: Sprites, held_out: float = HELD_OUT) -> tuple[Parts, np.ndarray, Card]:
    """Rows int64 of "train", "val" and "test", exact repeats merged; the group int64 `(N,)` of
    each row; and what was found.

    Args:
        sprites: those of a source.
        held_out: share of them for validation and test.

    Raises:
        DataError: fewer than 8 distinct sprites.
    """
    first = first_equal(sprites)
    rows = np.unique(first)
    if len(rows) < LEAST_DISTINCT:
        raise DataError(
            f"Only {len(rows)} distinct sprites are here and at least {LEAST_DISTINCT} are needed;"
            " add more."
        )
    numbers, rule = groups(sprites, rows)
    positions, note = split(numbers, pinned(sprites, rows), held_out)
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
        labelled = sprites.labels[rows][sprites.labels[rows] >= 0]
        counts = np.bincount(labelled, minlength=len(sprites.label_names))
        card["labels"] = dict(zip(sprites.label_names, counts.tolist(), strict=True))
        torn = np.flatnonzero(sprites.labels != sprites.labels[first])
        if len(torn):
            card["suspicious"]["repeats with another label"] = _examples(sprites, torn)
    return parts, numbers[np.searchsorted(rows, first)], card


def unused(card: Card, attributes: Iterable[str]) -> list[str]:
    """What to say before a training that is told no labels and no attributes."""
    labels, names, said = len(card["labels"]), list(attributes), []
    if labels:
        said += [
            f"{labels} labels were read and are not used; model.classes=true trains with them, "
            "which brings sprites nearer to real ones."
        ]
    if names:
        told = f"{len(names)} attributes ({', '.join(names)}) were read and are not used"
        said += [f"{told}; model.classes=attributes trains with them."]
    return said


def table(card: Card) -> str:
    """The card as a short table of plain text, at most 79 columns wide."""
    near = card["distinct"] - card["groups"]
    channels = {1: "grey", 3: "RGB", 4: "RGBA"}[card["channels"]]
    limited = " or more" if card["palette"] == PALETTE_LIMIT else ""
    labels = sorted(card["labels"].items(), key=lambda label: -label[1])
    counts = ", ".join(f"{name} {count:,}" for name, count in labels)
    parts = (f"{count:,} {name}" for name, count in card["split"].items())
    lines = [
        ("sprites", f"{card['sprites']:,}; {card['distinct']:,} distinct, {near:,} near repeats"),
        ("groups", f"{card['groups']:,} ({card['grouped_by']})"),
        ("size", f"{card['width']} x {card['height']}, {channels}, {card['alpha']} alpha"),
        (
            "colours",
            f"{card['colours_median']} per sprite (median), {card['colours_max']} at most,"
            f" {card['palette']:,}{limited} in all",
        ),
        ("labels", f"{len(labels)}: {counts}" if labels else "none"),
        ("split", ", ".join(parts)),
    ]
    for what, found in card["suspicious"].items():
        examples = ", ".join(found["examples"])
        lines.append(("suspicious", f"{found['count']:,} {what}: {examples}"))
    lines += [("note", note) for note in card["notes"]]
    return "\n".join(
        textwrap.fill(
            text,
            79,
            initial_indent=f"{title:<12}",
            subsequent_indent=" " * 12,
            max_lines=4 if title == "note" else 2,
            placeholder=" ...",
        )
        for title, text in lines
    )


def _look(sprites: Sprites, rows: np.ndarray) -> Card:
    """Colours, alpha and suspicious entries of these rows."""
    colours = np.empty(len(rows), np.int64)  # of each sprite, transparency not counted
    visible = np.empty(len(rows), np.int64)  # pixels of each sprite
    palette = np.empty(0, np.uint32)
    clear, soft = False, False
    for part, images in sprites.chunks(rows):
        pixels = np.sort(packed(images).reshape(len(images), -1), axis=1)
        new = pixels > 0
        shown = pixels[new]
        visible[part] = new.sum(axis=1)
        new[:, 1:] &= pixels[:, 1:] != pixels[:, :-1]
        colours[part] = new.sum(axis=1)
        if len(palette) < PALETTE_LIMIT:
            palette = np.union1d(palette, pixels[new])[:PALETTE_LIMIT]
        clear |= len(shown) < pixels.size
        soft |= bool((shown >> 24 < 255).any())
    found = {
        "empty": visible == 0,
        "of fewer than 4 pixels": (visible > 0) & (visible < 4),
        "of one colour": (visible >= 4) & (colours == 1),
        "of very many colours (a JPEG, a photo, a smooth resize?)": (colours > 32)
        & (colours > visible / 2),
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
    names = sprites.names
    examples = [names[row] if names else f"row {row}" for row in rows[:4]]
    return {"count": len(rows), "examples": examples}


def pinned(sprites: Sprites, rows: np.ndarray) -> np.ndarray:
    """Which of these rows must be in training, by their names, bool `(len(rows),)`."""
    if sprites.names is None:
        return np.zeros(len(rows), bool)
    return np.array([sprites.names[row].split("/")[-1].lower() in PINNED for row in rows])


def _fingerprint(sprites: Sprites, rows: np.ndarray, parts: Parts) -> str:
    """SHA-256 of the shape, the distinct sprites, what is said of them, and the split."""
    digest = hashlib.sha256(str(sprites.images.shape[1:]).encode())
    for _, images in sprites.chunks(rows):
        digest.update(images.tobytes())
    if sprites.labels is not None:
        digest.update(sprites.labels[rows].astype("<i8").tobytes())
        digest.update("\n".join(sprites.label_names).encode())
    for each in sprites.attributes:
        digest.update("\n".join([each.name, *each.values]).encode())
        digest.update(each.of[rows].astype("<i8").tobytes())
    for name, part in parts.items():
        digest.update(name.encode() + part.astype("<i8").tobytes())
    return digest.hexdigest()
