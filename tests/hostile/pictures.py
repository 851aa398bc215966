# ruff: noqa: E501  tables with a case in a cell
"""Image files, folders and sheets: bombs, lies about sizes, odd names, things that are no files."""

import os
import struct
import zlib

import numpy as np
from PIL import Image

from datamodules.files.images import read
from datamodules.folder import FolderData
from datamodules.sheet import SheetData
from hostile.trial import Case

RNG = np.random.default_rng(0)
SPRITES = RNG.integers(0, 256, (40, 8, 8, 4), dtype=np.uint8)
START = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, RGBA = 0, 2, 3, 6


def chunk(kind, data, length=None, crc=None):
    crc = zlib.crc32(kind + data) if crc is None else crc
    return (
        struct.pack(">I", len(data) if length is None else length)
        + kind
        + data
        + struct.pack(">I", crc)
    )


def ihdr(width=8, height=8, depth=8, colour=RGBA, packing=0, filtering=0, interlace=0):
    fields = (width, height, depth, colour, packing, filtering, interlace)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))


LINES = b"".join(b"\0" + bytes(SPRITES[0][row].tobytes()) for row in range(8))
IDAT, IEND = chunk(b"IDAT", zlib.compress(LINES)), chunk(b"IEND", b"")


def png(*chunks):
    return START + b"".join(chunks)


def indexed(depth, colours, indices):
    lines = b"".join(b"\0" + bytes(row) for row in indices)
    return png(
        ihdr(8, 8, depth, PALETTE), *([chunk(b"PLTE", bytes(colours))] if colours else []),
        chunk(b"IDAT", zlib.compress(lines)), IEND,
    )  # fmt: skip


def gif(width=8, height=8, frames=1, frame=None, flags=0x80, palette=bytes(6)):
    one = frame or b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, flags, 0, 0)
        + palette
        + one * frames
        + b";"
    )


def bmp(width, height, bits=24, size=1000, offset=54, packing=0):
    head = b"BM" + struct.pack("<IHHI", size, 0, 0, offset)
    return (
        head
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, 0, 0, 0, 0, 0)
        + bytes(100)
    )


def webp(size, kind=b"VP8L", data=b"\x2f\xff\xff\xff\x0f" + bytes(30)):
    return b"RIFF" + struct.pack("<I", size) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


def saved(kind, array, **options):
    import io

    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind, **options)
    return stream.getvalue()


def frame(left, top, width, height, data=b"\x02\x02\x44\x01\x00"):
    return b"," + struct.pack("<HHHHB", left, top, width, height, 0) + data


GOOD = png(ihdr(), IDAT, IEND)
ZEROS = zlib.compress(bytes(40_000 * 5001), 9)
FILES = {
    "png of 100,000 x 100,000": png(ihdr(100_000, 100_000), IDAT, IEND),
    "png of 2**31 x 2**31": png(ihdr(2**31 - 1, 2**31 - 1), IDAT, IEND),
    "png of 2**32 x 1": png(ihdr(2**32 - 1, 1), IDAT, IEND),
    "png bomb of 100 megapixels": png(ihdr(10_000, 10_000), chunk(b"IDAT", ZEROS), IEND),
    "png bomb of 17 megapixels": png(ihdr(4200, 4200), chunk(b"IDAT", ZEROS), IEND),
    "png of no width": png(ihdr(0, 8), IDAT, IEND), "png of no height": png(ihdr(8, 0), IDAT, IEND),
    "png without header": png(IDAT, IEND), "png without data": png(ihdr(), IEND),
    "png without chunks": START, "png with two headers": png(ihdr(), ihdr(9, 9), IDAT, IEND),
    "png depth 3": png(ihdr(depth=3), IDAT, IEND), "png colour type 9": png(ihdr(colour=9), IDAT, IEND),
    "png packing 7": png(ihdr(packing=7), IDAT, IEND), "png filtering 7": png(ihdr(filtering=7), IDAT, IEND),
    "png interlace 7": png(ihdr(interlace=7), IDAT, IEND),
    "png wrong header crc": png(chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 6, 0, 0, 0), crc=1), IDAT, IEND),
    "png wrong data crc": png(ihdr(), chunk(b"IDAT", zlib.compress(LINES), crc=1), IEND),
    "png chunk of 4 GB": png(ihdr(), chunk(b"IDAT", b"abc", 2**32 - 1), IEND),
    "png chunk of 2 GB": png(ihdr(), chunk(b"tEXt", b"abc", 2**31 - 1), IDAT, IEND),
    "png short header": png(chunk(b"IHDR", b"\0\0\0\x08"), IDAT, IEND),
    "png data is no zlib": png(ihdr(), chunk(b"IDAT", b"hello" * 50), IEND),
    "png data is short": png(ihdr(64, 64), IDAT, IEND),
    "png data is long": png(ihdr(), chunk(b"IDAT", zlib.compress(LINES + bytes(50 * 2**20))), IEND),
    "png text bomb": png(ihdr(), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 * 2**20), 9)), IDAT, IEND),
    "png international text bomb": png(
        ihdr(), chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(200 * 2**20), 9)), IDAT, IEND
    ),
    "png profile bomb": png(ihdr(), chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200 * 2**20), 9)), IDAT, IEND),
    "png with 100,000 chunks": png(ihdr(), *[chunk(b"tEXt", b"a\0b")] * 100_000, IDAT, IEND),
    "png no palette": indexed(8, b"", np.zeros((8, 8), np.uint8)),
    "png palette of 1 byte": indexed(8, b"a", np.zeros((8, 8), np.uint8)),
    "png palette of 2 MB": indexed(8, bytes(2**21), np.zeros((8, 8), np.uint8)),
    "png palette out of range": indexed(8, bytes(6), np.full((8, 8), 200, np.uint8)),
    "png transparency too long": png(
        ihdr(8, 8, 8, PALETTE), chunk(b"PLTE", bytes(6)), chunk(b"tRNS", bytes(5000)),
        chunk(b"IDAT", zlib.compress(bytes(72))), IEND,
    ),
    "png transparency of grey cut": png(
        ihdr(8, 8, 8, GREY), chunk(b"tRNS", b"a"), chunk(b"IDAT", zlib.compress(bytes(72))), IEND
    ),
    "apng of a million frames": png(
        ihdr(), chunk(b"acTL", struct.pack(">II", 10**6, 0)),
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 1, 0, 0)), IDAT, IEND,
    ),
    "apng of 4 billion frames": png(ihdr(), chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0)), IDAT, IEND),
    "apng frame outside": png(
        ihdr(), chunk(b"acTL", struct.pack(">II", 2, 0)),
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 8, 8, 2**31 - 1, 9, 1, 1, 0, 0)), IDAT, IEND,
    ),
    "apng short control": png(ihdr(), chunk(b"acTL", b"\0"), IDAT, IEND),
    "gif of a million frames": gif(64, 64, 1_000_000), "gif of 65535 x 65535": gif(65535, 65535),
    "gif of 5,000 x 5,000 in 2 frames": gif(3000, 3000, 2), "gif of no width": gif(0, 8),
    "gif frame outside": gif(8, 8, frame=frame(60_000, 60_000, 8, 8)),
    "gif frame of 65535 x 65535": gif(8, 8, frame=frame(0, 0, 65535, 65535)),
    "gif frame of no width": gif(8, 8, frame=frame(0, 0, 0, 8)),
    "gif code size 99": gif(frame=frame(0, 0, 8, 8, b"\x63\x02\x44\x01\x00")),
    "gif code size 0": gif(frame=frame(0, 0, 8, 8, b"\0\0")),
    "gif garbage": gif(frame=frame(0, 0, 8, 8, b"\x08\xff" + b"\xff" * 255 + b"\0")),
    "gif without palette": gif(flags=0, palette=b""), "gif without frames": gif(frames=0),
    "gif with a comment of 10 MB": gif(frame=b"\x21\xfe" + (b"\xff" + bytes(255)) * 40_000 + b"\0"),
    "gif of 5 bytes": b"GIF89", "gif unknown block": gif(frame=b"\x99\x99\x99"),
    "bmp of 2**31": bmp(2**31 - 1, 2**31 - 1), "bmp of negative width": bmp(-8, 8),
    "bmp of no width": bmp(0, 0), "bmp of 7 bits": bmp(8, 8, 7), "bmp offset beyond": bmp(8, 8, offset=10**9),
    "bmp unknown packing": bmp(8, 8, packing=99), "bmp of lowest height": bmp(8, -(2**31)),
    "bmp run lengths": bmp(8, 8, 8, packing=1), "bmp cut": bmp(8, 8)[:40],
    "webp of 16384 x 16384": webp(100), "webp size lies": webp(2**32 - 1), "webp no data": webp(10, data=b""),
    "webp unknown": webp(100, b"ABCD"), "webp vp8x": webp(100, b"VP8X", bytes([2, 0, 0, 0] + [255] * 6)),
    "text": b"hello\n", "empty": b"", "nul": bytes(1000), "svg": b"<svg xmlns='http://x'/>",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "psd": b"8BPS" + bytes(100),
    "xpm": b"/* XPM */ static char *a[] = {\n", "ico": b"\0\0\1\0" + bytes(100), "tga": bytes(18) + b"TRUEVISION",
    "a tiff": saved("TIFF", SPRITES[0]), "a jpeg": saved("JPEG", SPRITES[0][..., :3]),
    "a pdf": b"%PDF-1.4\n", "a zip": b"PK\3\4" + bytes(50), "a fits": b"SIMPLE  =" + bytes(100),
}  # fmt: skip
MILD = {
    "png with two headers", "png packing 7", "png filtering 7", "png palette of 1 byte",
    "png palette of 2 MB", "png palette out of range", "png transparency too long",
    "png with 100,000 chunks", "png data is long", "png interlace 7", "png no palette",
    "gif with a comment of 10 MB", "gif without palette", "gif garbage", "gif frame outside",
    "apng frame outside", "apng of a million frames", "apng of 4 billion frames", "apng short control",
    "bmp run lengths", "png wrong data crc", "png international text bomb", "gif frame of no width",
    "gif of no width",
    "gif code size 0", "webp size lies", "bmp offset beyond", "png transparency of grey cut",
}  # fmt: skip


def files():
    """One image file each."""
    named = FILES | {f"png cut at {cut}": GOOD[:cut] for cut in (1, 8, 16, 33, 40, 60, 100)}
    moving = saved(
        "GIF", SPRITES[0], save_all=True, append_images=map(Image.fromarray, SPRITES[1:5])
    )
    named |= {f"gif cut at {cut}": moving[:cut] for cut in (6, 13, 40, len(moving) // 2)}
    mild = MILD | {f"gif cut at {len(moving) // 2}"}

    def case(name, data):
        suffix = name.split()[0] if name.split()[0] in ("gif", "bmp", "webp") else "png"

        def make(folder):
            (folder / f"a.{suffix}").write_bytes(data)
            return folder / f"a.{suffix}"

        return Case(name, make, _read, name in mild)

    return [case(name, data) for name, data in named.items()]


def _read(path):
    frames, _ = read(path)
    assert frames.dtype == np.uint8
    assert frames.size <= 4 * 4096**2


def honest(folder, names=None):
    for k, sprite in enumerate(SPRITES):
        Image.fromarray(sprite).save(
            os.path.join(os.fsencode(folder), names(k) if names else b"%d.png" % k)
        )


def _folder(folder):
    data = FolderData(str(folder), batch_size=8)
    data.setup()
    str(data.card).encode()  # what is printed and saved
    [name.encode() for name in (*data.sprites.names, *data.label_names)]


def folders():
    """Folders of files that are none, have odd names, or lead elsewhere."""

    def link(target, name="x.png"):
        def make(folder):
            honest(folder)
            os.symlink(target, folder / name)

        return make

    def named(name):
        def make(folder):
            place = os.path.join(os.fsencode(folder), os.path.dirname(name))
            os.makedirs(place, exist_ok=True)
            honest(folder)
            Image.fromarray(SPRITES[0]).save(os.path.join(os.fsencode(folder), name), "PNG")

        return make

    def two_labels(first, second):
        def make(folder):
            for label in (first, second):
                os.mkdir(os.path.join(os.fsencode(folder), label))
            honest(folder, lambda k: (first, second)[k % 2] + b"/%d.png" % k)

        return make

    def pipe(folder):
        honest(folder)
        os.mkfifo(folder / "pipe.png")

    def loop(folder):
        (folder / "in").mkdir()
        os.symlink(folder, folder / "in" / "again")

    def deep(folder):
        place = folder
        for _ in range(300):
            place /= "d"
            place.mkdir()

    def sizes(folder):
        honest(folder)
        Image.fromarray(RNG.integers(0, 256, (300, 300, 3), dtype=np.uint8)).save(folder / "x.png")

    makes = {
        "empty": lambda folder: None, "a loop": loop, "a deep one": deep, "a pipe": pipe,
        "endless zeros": link("/dev/zero"), "endless noise": link("/dev/urandom"),
        "a broken link": link("nowhere.png"), "a link to itself": link("x.png"),
        "a link to a folder": link("/proc", "x.png"), "a link to text": link("/etc/hostname"),
        "only hidden ones": lambda folder: Image.fromarray(SPRITES[0]).save(folder / ".a.png"),
        "only text": lambda folder: (folder / "a.txt").write_text("hello"), "wild sizes": sizes,
        "name not UTF-8": named(b"\xff\xfe.png"), "name with escapes": named(b"\x1b[2J.png"),
        "name with a newline": named(b"a\nb.png"), "label not UTF-8": two_labels(b"\xff\xfe", b"b"),
        "label with a newline": two_labels(b"a\nb", b"c"),
        "label of HTML": two_labels(b"<script>alert(1)", b"b"), "label of a formula": two_labels(b"=1+1", b"b"),
        "name of HTML": named(b"<img src=x>.png"), "name of 250 letters": named(b"a" * 250 + b".png"),
        "labels with blanks": two_labels(b"a b", b"c,d"), "labels with dots": two_labels(b"..a", b"b"),
    }  # fmt: skip
    mild = {name for name in makes if "HTML" in name or "formula" in name or "250" in name}
    mild |= {"labels with blanks", "labels with dots", "wild sizes"}  # the large one is left out

    def case(name, make):
        return Case(name, lambda folder: (make(folder), folder)[1], _folder, name in mild)

    return [case(name, make) for name, make in makes.items()]


def sheets():
    """One honest sheet, and what nobody should ask of it."""
    sheet = SPRITES[:36].reshape(6, 6, 8, 8, 4).transpose(0, 2, 1, 3, 4).reshape(48, 48, 4)
    odd = (
        0,
        -1,
        -8,
        10**9,
        2**70,
        2.5,
        "8",
        "x",
        [8],
        [8, 8, 8],
        [8, 0],
        [8, "x"],
        [],
        {},
        True,
        7,
        49,
        float("nan"),
    )
    asked = [{"cell": value} for value in odd]
    asked += [
        {"cell": 8, side: value}
        for side in ("margin", "spacing")
        for value in (-1, 1, 10**9, 2**70, 2.5, "x", None)
    ]
    asked += [{"cell": 8, "batch_size": value} for value in (0, -1)]
    asked += [{"cell": 8, "n_train": value} for value in (0, -1, 10**9, "x")]

    def make(folder):
        Image.fromarray(sheet).save(folder / "a.png")
        return folder / "a.png"

    def case(options):
        def opened(path):
            SheetData(str(path), **({"batch_size": 8} | options)).setup()

        name = ", ".join(f"{key}={value!r}" for key, value in options.items())
        return Case(name, make, opened)

    return [case(options) for options in asked]
