"""PNG and GIF files written byte by byte, so that what reads them is not what wrote them."""

import struct
import zlib

import numpy as np

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # colour types of a PNG


def png(samples, depth=8, colour=RGBA, palette=None, transparency=None):
    """A PNG with samples `(h, w, channels)` of `depth` bits each, stored as they are."""
    height, width = samples.shape[:2]
    lines = b""
    for row in samples.reshape(height, -1).tolist():
        bits = "".join(format(sample, f"0{depth}b") for sample in row)
        bits += "0" * (-len(bits) % 8)
        lines += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", header)]
    if palette is not None:
        parts.append((b"PLTE", bytes(np.asarray(palette, np.uint8))))
    if transparency is not None:
        parts.append((b"tRNS", transparency))
    parts += [(b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def bmp(pixels, size=40, packing=0, upside_down=False):
    """A BMP of 32 bits with RGBA `(h, w, 4)` and a header of `size` bytes."""
    height, width = pixels.shape[:2]
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack(
        "<IiiHHIIiiII", size, width, -height if upside_down else height, 1, 32, packing, *[0] * 5
    )
    head += (masks + bytes(84))[: size - 40] if size > 40 else masks[:12] if packing else b""
    rows = pixels[..., [2, 1, 0, 3]]
    data = (rows if upside_down else rows[::-1]).tobytes()
    offset = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + head + data


def gif(size, palette, frames, transparent=0):
    """A GIF of 8 colours; frames are (top, left, indices `(h, w)`, disposal method)."""
    height, width = size
    data = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x82, 0, 0)
    data += bytes(np.asarray(palette, np.uint8))
    for top, left, indices, disposal in frames:
        data += b"\x21\xf9\x04" + bytes([disposal << 2 | 1, 5, 0, transparent, 0])
        h, w = indices.shape
        data += b"," + struct.pack("<HHHHB", left, top, w, h, 0) + _lzw(indices.ravel().tolist())
    return data + b";"


def composed(size, palette, frames, transparent=0):
    """What the GIF specification says a viewer shows after each frame, `(n, h, w, 4)`."""
    colours = np.asarray(palette, np.uint8).reshape(-1, 3)
    canvas = np.zeros((*size, 4), np.uint8)
    shown = []
    for top, left, indices, disposal in frames:
        before = canvas.copy()
        area = canvas[top : top + indices.shape[0], left : left + indices.shape[1]]
        drawn = indices != transparent
        area[drawn, :3], area[drawn, 3] = colours[indices[drawn]], 255
        shown.append(canvas.copy())
        if disposal == 2:
            area[:] = 0
        if disposal == 3:
            canvas = before
    return np.stack(shown)


def _chunk(kind, data):
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def _lzw(indices):
    """Codes of 4 bits that are never compressed: the table is cleared before it grows."""
    codes = []
    for place, index in enumerate(indices):
        codes += [8, index] if place % 6 == 0 else [index]
    codes.append(9)
    codes += [0] * (len(codes) % 2)
    data = bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))
    blocks = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"\x03" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
