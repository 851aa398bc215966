"""Data that can mean two things: read as an honest reader would, or refused; never guessed at.

A case that is read must show exactly the sprites that went in; anything else counts as wrong.
"""

import os
from functools import partial
from itertools import product

import numpy as np
import pytest
from drawnsheets import figures, shaped, tiled
from PIL import Image
from rawfiles import PALETTE, bmp, png

from datamodules.array import ArrayData
from datamodules.errors import DataError
from datamodules.folder import FolderData
from datamodules.sheet import SheetData
from hostile.trial import Case

RNG = np.random.default_rng(0)
FIGURES = figures(RNG, 40, 16)
MAGENTA = np.array((255, 0, 255, 255), np.uint8)


def rgba(images):
    """As RGBA, RGB 0 where nothing shows."""
    if images.shape[-1] != 4:
        colours = np.broadcast_to(images, (*images.shape[:-1], 3))
        images = np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=-1)
    return images * (images[..., 3:] > 0)


def shows(source, expected, path, *, notes="", label_names=None, **options):
    """Reads and compares; `notes` must be said."""
    sprites = source(str(path), **options).read()
    found = rgba(sprites.take(np.arange(len(sprites))))
    expected = rgba(expected)
    same = found.shape == expected.shape and (found == expected).all()
    assert same, f"{len(found)} of {found.shape[1:3]} for {len(expected)} of {expected.shape[1:3]}"
    assert notes in " ".join(sprites.notes), sprites.notes
    if label_names is not None:
        assert sprites.label_names == label_names, sprites.label_names


def case(name, make, opened, mild=True):
    def made(folder):
        os.chdir(folder)
        return make(folder) or folder

    return Case(name, made, opened, mild)


def saved(pixels, folder):
    Image.fromarray(pixels).save(folder / "a.png")
    return folder / "a.png"


def sheet(name, cells, pixels, **options):
    return case(
        name, partial(saved, pixels), lambda path: shows(SheetData, cells, path, **options)
    )


def loose(images, folder, names=None):
    for k, image in enumerate(images):
        path = folder / (names(k) if names else f"{k:03}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


def grids():
    """Sheets of every layout that people have."""
    sizes = ((32, 24), (48, 32), (24, 32), (16, 16), (32, 32), (20, 14), (64, 32), (16, 24))
    for height, width in sizes:
        for rows, columns in ((8, 12), (4, 3), (4, 4), (6, 10)):
            for margin, spacing in ((0, 0), (0, 1), (1, 1)):
                rng = np.random.default_rng([height, width, rows, spacing])
                cells = shaped(rng, rows * columns, height, width)
                name = f"{rows} x {columns} of {height} x {width}, {margin}, {spacing}"
                yield sheet(name, cells, tiled(cells, rows, margin, spacing))
    for first, second in ((16, 32), (32, 16), (24, 32), (16, 24)):
        for fill in (0.75, 0.9):
            rng = np.random.default_rng([first, second])
            width, most = 96 * 2, max(first, second)
            parts, whole = [], []
            for side in (first, second):
                cells = shaped(rng, 3 * (width // side), side, side, fill)
                parts.append(tiled(cells, 3))
                rest = most - side
                ends = (rest // 2, rest - rest // 2)
                whole.append(np.pad(cells, ((0, 0), ends, ends, (0, 0))))
            pixels = np.concatenate(parts)
            yield sheet(f"rows of {first} and {second}, {fill}", np.concatenate(whole), pixels)
    for high, order in product((12, 20, 24, 28, 32), (1, -1)):
        rng = np.random.default_rng(high)
        kinds = [shaped(rng, 60, 16, 16, 0.9), shaped(rng, 48, high, 16, 0.9)][::order]
        most = max(16, high)
        ends = [((most - k.shape[1]) // 2, (most - k.shape[1] + 1) // 2) for k in kinds]
        whole = [np.pad(k, ((0, 0), e, (0, 0), (0, 0))) for k, e in zip(kinds, ends, strict=True)]
        pixels = np.concatenate([tiled(k, len(k) // 12) for k in kinds])
        yield sheet(f"rows of 16 x 16 and {high} x 16, {order}", np.concatenate(whole), pixels)
    for right, bottom in ((4, 0), (0, 3), (5, 6), (9, 2)):
        cells = shaped(np.random.default_rng(right), 40, 16, 16)
        whole = tiled(cells, 5)
        whole[:, 128 - right :], whole[80 - bottom :] = 0, 0
        short = whole[: 80 - bottom, : 128 - right]
        cut = whole.reshape(5, 16, 8, 16, 4).swapaxes(1, 2).reshape(40, 16, 16, 4)
        yield sheet(f"short by {right} and {bottom}", cut, short)
    for edges in (((0, 0), (0, 6)), ((0, 5), (0, 0)), ((3, 1), (2, 4)), ((8, 8), (8, 8))):
        cells = shaped(np.random.default_rng(7), 40, 16, 16, 1.2)
        yield sheet(f"margins {edges}", cells, np.pad(tiled(cells, 5), (*edges, (0, 0))))
    cells = shaped(np.random.default_rng(0), 40, 23, 23)
    drawn = tiled(cells, 5, 1, 1)
    drawn[(np.indices(drawn.shape[:2]) % 24 == 0).any(axis=0)] = (0, 0, 0, 255)
    yield sheet("a drawn grid", cells, drawn)
    wide = shaped(np.random.default_rng(0), 16, 16, 32, 0.7)
    yield case(
        "two grids", partial(saved, tiled(wide, 4)), lambda p: SheetData(str(p)).read(), False
    )

    def many(folder):
        for k in range(12):
            (folder / "in").mkdir(exist_ok=True)
            Image.fromarray(tiled(FIGURES, 5)).save(folder / "in" / f"{k:02}.png")

    yield case(
        "a folder of sheets", many, lambda p: shows(SheetData, np.concatenate([FIGURES] * 12), p)
    )


def values():
    """Arrays of masks, indices and levels of few bits, of every type."""

    def array(name, kind, array, opened, mild=True, **more):
        def make(folder):
            if kind == "npz":
                np.savez(folder / "a.npz", images=array, **more)
            else:
                np.save(folder / "a.npy", array)
            return folder / f"a.{kind}"

        return case(f"{name} ({kind}, {array.dtype}, {array.shape[1:]})", make, opened, mild)

    colours = RNG.integers(0, 256, (64, 3), dtype=np.uint8)
    for dtype in (np.uint8, np.int64, np.float32, np.int8, np.uint16):
        for channels in ((), (1,), (3,), (4,)):
            masks = RNG.integers(0, 2, (40, 8, 8, *channels))
            expected = (masks if channels else masks[..., None]).astype(np.uint8) * 255
            seen = partial(shows, ArrayData, expected)
            yield array("masks", "npy", masks.astype(dtype), seen)
        for highest in (3, 15, 63):
            indices = RNG.integers(0, highest + 1, (40, 8, 8)).astype(dtype)
            seen = partial(shows, ArrayData, colours[indices.astype(int)])
            yield array(f"indices to {highest}", "npz", indices, seen, palette=colours)
            told = partial(
                shows,
                ArrayData,
                colours[indices.astype(int)],
                palette=[bytes(c).hex() for c in colours],
            )
            yield array(f"told indices to {highest}", "npy", indices, told)
            plain = lambda path: ArrayData(str(path)).read()  # noqa: E731
            yield array(f"numbers to {highest}", "npy", indices, plain, False)
    images = RNG.integers(0, 256, (40, 8, 8, 4))
    images[..., 3] = RNG.integers(0, 2, (40, 8, 8))
    seen = partial(shows, ArrayData, (images * [1, 1, 1, 255]).astype(np.uint8))
    yield array("alpha of 0 and 1", "npy", images.astype(np.uint8), seen)
    whole = RNG.integers(0, 256, (40, 8, 8, 4), dtype=np.uint8)
    labels = np.arange(40) % 3 - 1
    for dtype in (np.int8, np.int64, np.float64):
        seen = partial(shows, ArrayData, whole, label_names=("0", "1"))
        yield array(
            f"labels of -1, {np.dtype(dtype)}", "npz", whole, seen, labels=labels.astype(dtype)
        )
    words = np.array(["", "elf", "hero"])[labels + 1]
    seen = partial(shows, ArrayData, whole, label_names=("elf", "hero"))
    yield array("empty words", "npz", whole, seen, labels=words)


def backgrounds():
    """Backgrounds in every source, and what is asked of them."""
    for name, colour in (
        ("magenta", MAGENTA),
        ("white", (255, 255, 255, 255)),
        ("cyan", (0, 255, 255, 255)),
    ):
        solid = np.where(FIGURES[..., 3:] > 0, FIGURES, np.array(colour, np.uint8))
        word = bytes(colour[:3]).hex()
        noticed = f"The flat colour {word} lies round"
        for asked, expected, notes in (
            (None, solid, noticed),
            ("keep", solid, ""),
            ("transparent", FIGURES, "was made transparent"),
            (word, FIGURES, "were made transparent"),
            ("123456", solid, "changed nothing"),
        ):
            seen = {"notes": notes} | ({} if asked is None else {"background": asked})
            yield sheet(f"{name} sheet, {asked}", expected, tiled(solid, 5), **seen)
            yield case(
                f"{name} folder, {asked}", partial(loose, solid),
                partial(shows, FolderData, expected, **seen),
            )  # fmt: skip

            def kept(folder, solid=solid):
                np.save(folder / "a.npy", solid[..., :3])
                return folder / "a.npy"

            yield case(f"{name} array, {asked}", kept, partial(shows, ArrayData, expected, **seen))
    y, x = np.indices((80, 128)) // 4
    grey = np.where((y + x) % 2, 204, 255).astype(np.uint8)
    board = np.stack([grey] * 3 + [np.full_like(grey, 255)], axis=-1)
    whole = tiled(FIGURES, 5)
    painted = np.where(whole[..., 3:] > 0, whole, board)
    yield sheet(
        "a checkerboard", FIGURES, painted, cell=16, background="transparent", notes="checkerboard"
    )
    cells = painted.reshape(5, 16, 8, 16, 4).swapaxes(1, 2).reshape(40, 16, 16, 4)
    yield sheet("a checkerboard and no cell", FIGURES, painted, background="transparent")
    noticed = {"cell": 16, "notes": "A checkerboard of"}
    yield sheet("a checkerboard that is kept", cells, painted, **noticed)

    def indexed(folder):
        indices = np.zeros((40, 8, 8, 1), int)
        indices[:, 2:6, 2:6], indices[:, 3:5, 3:5] = 1, RNG.integers(2, 6, (40, 2, 2, 1))
        for k, picture in enumerate(indices):
            data = png(picture, 8, PALETTE, [0, 0, 0, 0, 0, 0, *range(40, 52)])
            (folder / f"{k:02}.png").write_bytes(data)

    def outlined(path):
        sprites = FolderData(str(path), background="transparent").read()
        assert ((sprites.images[..., 3] > 0).sum(axis=(1, 2)) == 16).all()

    yield case("index 0 with a twin", indexed, outlined)


def odd_ones():
    """Files among others that are not like them."""
    small = FIGURES[:24]

    def beside(name, make):
        def made(folder):
            loose(small, folder)
            make(folder)

        return case(name, made, partial(shows, FolderData, small))

    large = RNG.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    yield beside("a preview", lambda f: Image.fromarray(large).save(f / "preview.png"))
    yield beside(
        "a title", lambda f: Image.fromarray(large).resize((416, 416)).save(f / "title.png")
    )
    yield beside(
        "two sheets", lambda f: [Image.fromarray(large).save(f / f"s{k}.png") for k in "ab"]
    )

    def ours(*names):
        def make(folder):
            for name in names:
                (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / "in" / name).write_text("hello")
            Image.fromarray(FIGURES[30]).save(folder / "in" / "samples.png")

        return make

    yield beside("a run", ours(".hydra/config.yaml"))
    yield beside("a run without its config", ours("checkpoints/last.ckpt", "metrics.csv"))
    yield beside("made sprites", ours("manifest.json", "sprites.npz"))
    yield beside("a report", ours("report.json"))

    def bitmaps(folder):
        for k, image in enumerate(small):
            (folder / f"{k:02}.bmp").write_bytes(bmp(image, upside_down=bool(k % 2)))

    yield case("bitmaps of 32 bits", bitmaps, partial(shows, FolderData, small))

    def bad(folder):
        loose(small, folder)
        for k in (3, 5, 7):
            (folder / f"{k:03}.png").write_bytes(b"\xff\xd8\xff" if k == 5 else b"hello")

    def all_named(path):
        with pytest.raises(DataError) as error:
            FolderData(str(path)).read()
        assert all(f"00{k}.png" in str(error.value) for k in (3, 5, 7)), error.value

    yield case("three bad files", bad, all_named)
    for names, place in (
        (("a/b", "a/c", "d"), ("a/b", "a/c", "d")),
        (("train/x", "test/y"), ("x", "y")),
        (("train", "val", "test"), ()),
        (("sprites/x", "sprites/y"), ("x", "y")),
    ):
        labelled = partial(
            loose, small, names=lambda k, names=names: f"{names[k % len(names)]}/{k:03}.png"
        )

        def read_labels(path, place=place):
            assert FolderData(str(path)).read().label_names == place

        yield case(f"folders {', '.join(names)}", labelled, read_labels)
    for name in (
        "my sprites",
        "a[1]",
        "b(2)",
        "\u010daj",
        "\u30b9\u30d7",
        "it's",
        "a=b",
        "x,y",
        "#1",
        "2024",
    ):
        there = partial(loose, small, names=lambda k, name=name: f"{name}/{k:03}.png")

        def by_name(path, name=name):
            shows(FolderData, small, int(name) if name.isdigit() else name)

        yield case(f"a folder called {name}", there, by_name)
