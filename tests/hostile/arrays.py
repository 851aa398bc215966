# ruff: noqa: E501  tables with a case in a cell
"""NumPy files: headers that lie, pickles, bombs, archives that are none, values that are none."""

import io
import pickle
import struct
import zipfile

import numpy as np

from datamodules.array import ArrayData
from hostile.trial import Case

RNG = np.random.default_rng(0)
GOOD = RNG.integers(0, 256, (40, 8, 8, 4), dtype=np.uint8)
N, PIXELS, MAGIC = len(GOOD), GOOD.tobytes(), b"\x93NUMPY"


def opened(path):
    ArrayData(str(path), batch_size=8).setup()


def raw(header, data=PIXELS, version=(1, 0), length=None):
    """A `.npy` with any text as its header."""
    text = header.encode("latin1")
    kind = "<H" if version == (1, 0) else "<I"
    return (
        MAGIC
        + bytes(version)
        + struct.pack(kind, len(text) if length is None else length)
        + text
        + data
    )


def header(descr="'|u1'", order="False", shape="(40, 8, 8, 4)", rest=""):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}{rest}}}\n"


SHAPES = (
    "(1000000000000, 8, 8, 4)", "(-1, 8, 8, 4)", "(40, -8, -8, 4)", "(9223372036854775807, 2, 2, 4)",
    "(18446744073709551616, 8, 8, 4)", "(4294967296, 4294967296, 8, 4)", "(True, 8, 8, 4)", "40",
    "(40.0, 8, 8, 4)", "('40', 8, 8, 4)", "None", "()", "(0, 8, 8, 4)", "(40, 0, 8, 4)", "[40, 8, 8, 4]",
    f"({'1, ' * 40}40, 8, 8, 4)", f"({'1, ' * 5000})", "(10240,)", "(40, 256)", "(40, 8, 8, 2, 2)",
    "(41, 8, 8, 4)", "(2560, 1, 1, 4)", "(2, 1280, 1, 4)", "(10, 8, 8, 16)",
)  # fmt: skip
DESCRS = (
    "'|O'", "'O8'", "'<U1000000'", "'|V1000000000'", "'<c16'", "'<M8[s]'", "'|S4'", "'xx'", "''", "7",
    "None", "[('a', '|u1')]", "[('a', '|O')]", "('|u1', (4,))", "'<f16'", "'|u1' * 10", "{}", "'>U1'",
    "'<f8'", "'|u1,|u1'", "'<i8'", "[]",
)  # fmt: skip
TEXTS = {
    "code": "__import__('os').mkdir('trapped')",
    "a deep nest": "(" * 20_000,
    "a deep nest of minus": "-" * 20_000 + "1",
    "a list": "[1, 2]",
    "no keys": "{}",
    "more keys": header(rest=", 'more': 1"),
    "order": header(order="7"),
    "nul": "\0" * 100,
    "nothing": "",
    "a number": "9" * 5000,
}
VALUES = {
    "NaN": np.full(GOOD.shape, np.nan), "infinity": np.full(GOOD.shape, np.inf, np.float32),
    "negative": -GOOD.astype(np.int64) - 1, "300": GOOD.astype(np.int16) + 300,
    "between levels": GOOD / 700.1, "2**63": np.full(GOOD.shape, 2**63, np.uint64),
    "7 channels": GOOD[..., [0, 1, 2, 3, 0, 1, 2]], "2 channels": GOOD[..., :2],
    "one sprite": GOOD[:1], "seven": GOOD[:7], "equal ones": np.repeat(GOOD[:3], 20, 0),
    "one number": np.uint8(3), "one axis": GOOD.ravel(), "five axes": GOOD[None], "none": GOOD[:0],
    "wide": np.zeros((9, 4, 300, 4), np.uint8), "text": np.array(["a"] * 40),
    "complex": GOOD * 1j, "dates": GOOD.astype("M8[s]"), "structured": GOOD.view("u1,u1,u1,u1"),
    "objects": np.array([{}] * 40), "no width": np.zeros((40, 8, 0, 4), np.uint8),
}  # fmt: skip


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def archive(*members, **options):
    """A zip file of (name, bytes) in their order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as file:
        for name, data in members:
            file.writestr(name, data)
    return stream.getvalue()


def npz(**arrays):
    return archive(*((f"{name}.npy", npy(array)) for name, array in arrays.items()))


def bomb(size, **options):
    """Zeros that promise to be sprites."""
    text = header(shape=f"({size // 256}, 8, 8, 4)")
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("images.npy", "w", force_zip64=True) as member,
    ):
        member.write(raw(text, b""))
        for _ in range(size // 2**20):
            member.write(bytes(2**20))
    return stream.getvalue()


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


def encrypted(data):
    """Says that its members are encrypted."""
    local, central = data.index(b"PK\3\4") + 6, data.index(b"PK\1\2") + 8
    return flipped(flipped(data, local), central)


PLAIN = npz(images=GOOD)
LABELS = np.arange(N) % 3
BESIDE = {
    "short labels": {"labels": LABELS[:7]}, "long labels": {"labels": np.arange(99)},
    "object labels": {"labels": np.array([None] * N)}, "NaN labels": {"labels": np.full(N, np.nan)},
    "half labels": {"labels": np.full(N, 0.5)}, "negative labels": {"labels": -LABELS - 5},
    "square labels": {"labels": np.zeros((N, 3, 3), int)}, "complex labels": {"labels": LABELS * 1j},
    "one label": {"labels": np.int64(1)}, "huge labels": {"labels": LABELS + 2**60},
    "too few names": {"labels": LABELS, "label_names": np.array(["a"])},
    "object names": {"labels": LABELS, "label_names": np.array([{}, {}, {}])},
    "float groups": {"groups": np.zeros(N)}, "short groups": {"groups": np.arange(5)},
    "square groups": {"groups": np.zeros((N, 2), int)}, "text groups": {"groups": np.array(["a"] * N)},
    "short sprite names": {"names": np.array(["a", "b"])}, "object sprite names": {"names": np.array([{}] * N)},
}  # fmt: skip
ARCHIVES = {
    "a bomb": bomb(300 * 2**20), "a larger bomb": bomb(900 * 2**20),
    "only traversal": archive(("../images.npy", npy(GOOD))), "only absolute": archive(("/images.npy", npy(GOOD))),
    "a text": archive(("images.npy", b"hello")), "a picture": archive(("images.png", b"hello")),
    "a pickle": archive(("images.npy", pickle.dumps(GOOD))), "no members": archive(),
    "another name": npz(sprites=GOOD), "objects": npz(images=np.array([{}] * N)),
    "nested": archive(("images.npy", PLAIN)), "a directory": archive(("images.npy/", b"")),
    "encrypted": encrypted(PLAIN), "lying header": archive(("images.npy", raw(header(shape=SHAPES[0])))),
    "short member": archive(("images.npy", npy(GOOD)[:3000])), "wrong checksum": flipped(PLAIN, 3000),
    "wrong directory": flipped(PLAIN, PLAIN.index(b"PK\1\2") + 3), "no end": PLAIN[:-30],
    "unknown packing": flipped(PLAIN, PLAIN.index(b"PK\1\2") + 10), "text": b"hello", "empty": b"",
    "a npy": npy(GOOD), "half": PLAIN[: len(PLAIN) // 2], "a gap": PLAIN[:200] + PLAIN[900:],
}  # fmt: skip


def cases():
    files = {f"npy shape {shape[:40]}": ("npy", raw(header(shape=shape))) for shape in SHAPES}
    files |= {f"npy type {descr[:40]}": ("npy", raw(header(descr=descr))) for descr in DESCRS}
    files |= {f"npy header: {name}": ("npy", raw(text)) for name, text in TEXTS.items()}
    files |= {
        f"npy version {version} length {length}": ("npy", raw(header(), b"", version, length))
        for version in ((1, 0), (2, 0), (3, 0), (9, 9), (0, 0))
        for length in (3, 65535, 2**32 - 1)
        if version != (1, 0) or length < 2**16
    }
    files |= {
        f"npy cut at {cut}": ("npy", npy(GOOD)[:cut]) for cut in (0, 3, 6, 8, 10, 60, 128, 999)
    }
    files |= {f"npy of {name}": ("npy", npy(array)) for name, array in VALUES.items()}
    files |= {
        f"npy is {name}": ("npy", data)
        for name, data in (("a pickle", pickle.dumps(GOOD)), ("a zip", PLAIN), ("text", b"hi\n"))
    }
    files |= {f"npz: {name}": ("npz", data) for name, data in ARCHIVES.items()}
    files |= {f"npz: {name}": ("npz", npz(images=GOOD, **more)) for name, more in BESIDE.items()}
    mild = {
        "npy type '<f8'",
        "npy type '<i8'",
        "npy shape (2560, 1, 1, 4)",
        "npy shape [40, 8, 8, 4]",
    }
    mild |= {"npz: huge labels", "npz: negative labels", "npz: short sprite names"}
    return [
        Case(
            name,
            lambda folder, data=data, kind=kind: _write(folder, kind, data),
            opened,
            name in mild,
        )
        for name, (kind, data) in files.items()
    ]


def _write(folder, kind, data):
    path = folder / f"a.{kind}"
    path.write_bytes(data)
    return path
