# ruff: noqa: E501  tables with a case in a cell
"""Checkpoints and exports: code, absurd sizes, cards and weights in which something is wrong."""

import copy
import io
import json
import math
import os
import pickle
import re
import struct
import tarfile
import zipfile

import torch

from diffusion.runs import safetensors as sharing
from diffusion.runs.building import build, build_denoiser
from diffusion.runs.loading import load
from hostile.trial import Case

RECIPE = {
    "schedule": {"_target_": "diffusion.schedules.linear.Linear", "steps": 1000},
    "prediction": {"_target_": "diffusion.predictions.Epsilon"},
    "weighting": {"_target_": "diffusion.weightings.MinSNR", "gamma": 5.0},
    "model": {
        "_target_": "diffusion.models.unet.UNet",
        "channels": 4,
        "classes": 2,
        "widths": [32],
        "blocks": 1,
        "dropout": 0.0,
        "patch": 1,
    },
}
CARD = {
    "recipe": RECIPE,
    "sprites": {
        "shape": [4, 8, 8],
        "hard_alpha": True,
        "label_names": ["food", "hero"],
        "label_frequencies": [0.25, 0.75],
    },
    "config": {
        "seed": 0,
        "flip": False,
        "data": {"_target_": "datamodules.forge.ForgeData", "n": 60},
        "sampler": {"_target_": "diffusion.samplers.ddim.DDIM", "steps": 5},
    },
    "data": {"fingerprint": "abc"},
}
ODD = {
    "None": None, "text": "x", "minus one": -1, "a billion": 10**9, "a googol": 10**100,
    "NaN": math.nan, "infinity": math.inf, "a list": [], "a dict": {}, "ones": [1] * 5,
    "a long list": [32] * 100_000, "os.system": {"_target_": "os.system", "command": "mkdir trapped"},
    "a tensor": torch.zeros(3), "long text": "x" * 10**6,
}  # fmt: skip
GLOBALS = (
    "os system", "posix system", "builtins eval", "builtins exec", "builtins getattr", "subprocess Popen",
    "pickle loads", "torch load", "torch.hub load", "importlib import_module", "builtins bytearray",
    "builtins set", "collections Counter", "_codecs encode", "torch Tensor", "torch Size", "torch device",
    "torch.storage UntypedStorage", "torch._utils _rebuild_qtensor", "numpy ndarray", "webbrowser open",
    "torch._utils _rebuild_meta_tensor_no_storage", "torch.storage _load_from_bytes", "socket socket",
    "torch._utils _rebuild_nested_tensor", "torch.serialization _get_layout", "builtins __import__",
    "torch._utils _rebuild_sparse_tensor", "torch.nn.parameter Parameter", "builtins complex", "shutil rmtree",
    "torch._tensor _rebuild_from_type_v2", "diffusion.runs.loading Loaded", "runpy run_path", "code interact",
)  # fmt: skip


class Trap:
    def __reduce__(self):
        return (os.mkdir, ("trapped",))


def weights():
    torch.manual_seed(0)
    denoiser = build_denoiser(RECIPE)
    return {f"denoiser.{name}": value for name, value in denoiser.state_dict().items()}


GOOD = {"state_dict": weights(), "card": CARD, "global_step": 3}


def whole(content):
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


BYTES = whole(GOOD)


def members(data=BYTES):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return [(info.filename, file.read(info)) for info in file.infolist()]


def archive(contents, **options):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as file:
        for name, data in contents:
            file.writestr(name, data)
    return stream.getvalue()


def with_pickle(pickled):
    """A checkpoint whose pickle is another."""
    return archive([(n, pickled if n.endswith("data.pkl") else data) for n, data in members()])


def called(name, argument=b"K\x05"):
    """A pickle that calls something with one argument."""
    return b"\x80\x02c" + name.replace(" ", "\n").encode() + b"\n" + argument + b"\x85R."


def mutated():
    """The card with every entry in turn replaced by every odd value, or taken out."""

    def entries(node, way=()):
        for key, child in node.items():
            yield (*way, key)
            if isinstance(child, dict):
                yield from entries(child, (*way, key))

    for way in entries(CARD):
        for name, value in ODD.items():
            yield f"{'.'.join(way)} is {name}", changed(way, value)
        yield f"{'.'.join(way)} is missing", changed(way, None, missing=True)


def changed(way, value, missing=False):
    card = copy.deepcopy(CARD)
    node = card
    for key in way[:-1]:
        node = node[key]
    if missing:
        del node[way[-1]]
    else:
        node[way[-1]] = value
    return whole(GOOD | {"card": card})


def with_weights(**changes):
    first = next(iter(GOOD["state_dict"]))
    state = dict(GOOD["state_dict"])
    for how, value in changes.items():
        if how == "first":
            state[first] = value
        elif how == "without":
            del state[first]
        else:
            state[how] = value
    return whole(GOOD | {"state_dict": state})


def of_model(**model):
    recipe = RECIPE | {"model": RECIPE["model"] | model}
    return GOOD | {"card": CARD | {"recipe": recipe}}


def wide_and_empty():
    """Weights for a network of terabytes that take no room in the file: all one number."""
    content = of_model(widths=[4096, 4096], blocks=32)
    with torch.device("meta"):
        shapes = build(content["card"]["recipe"]["model"])
    state = {
        f"denoiser.model.{name}": torch.zeros(1).expand(value.shape)
        for name, value in shapes.state_dict().items()
    }
    return whole(content | {"state_dict": state})


def nested(depth):
    node = []
    for _ in range(depth):
        node = [node]
    return node


def circular():
    card = copy.deepcopy(CARD)
    card["recipe"]["model"]["self"] = card
    return whole(GOOD | {"card": card})


def deep_pickle(depth):
    return b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."


def rewritten(pattern, instead):
    """A checkpoint whose first tensor declares another size than it has."""
    pickled = next(data for name, data in members() if name.endswith("data.pkl"))
    changed, count = re.subn(pattern, instead, pickled, count=1, flags=re.DOTALL)
    assert count
    return with_pickle(changed)


def tar():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        for name in ("storages", "tensors", "pickle"):
            file.addfile(tarfile.TarInfo(name))
    return stream.getvalue()


def legacy(content):
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def overlapping():
    """Many entries of the directory that share one record: a bomb that is not compressed."""
    data = archive([*members(), ("a/big", bytes(10**6))])
    end = data.rindex(b"PK\5\6")
    size, start = struct.unpack("<II", data[end + 12 : end + 20])
    directory = data[start : start + size]
    entry = directory[directory.rindex(b"PK\1\2") :]
    more = b"".join(entry.replace(b"a/big", b"a/%03d" % k) for k in range(900))
    count = len(members()) + 1 + 900
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size + len(more), start, 0)
    return data[:start] + directory + more + tail


def pickled_cases():
    yield from ((f"pickle names {name}", with_pickle(called(name))) for name in GLOBALS)
    yield (
        "pickle makes 10 GB",
        with_pickle(called("builtins bytearray", b"\x8a\x05" + (10**10).to_bytes(5, "little"))),
    )
    yield "pickle of protocol 4", with_pickle(pickle.dumps(Trap(), 4))
    yield "pickle with inst", with_pickle(b"(ios\nsystem\n.")
    yield "pickle of 5 MB", with_pickle(b"\x80\x02]" + b"N0" * 2_500_000 + b".")
    yield "pickle 100,000 deep", with_pickle(deep_pickle(100_000))
    yield "pickle cut short", with_pickle(b"\x80\x02}")
    yield "pickle without end", with_pickle(b"\x80\x02")
    yield "empty pickle", with_pickle(b"")
    yield "pickle with persistent id", with_pickle(b"\x80\x02U\x03abcQ.")
    yield "pickle with unknown opcode", with_pickle(b"\x80\x02\xff.")
    yield "pickle pops nothing", with_pickle(b"\x80\x020000.")
    yield "pickle gets no memo", with_pickle(b"\x80\x02h\x63.")


def file_cases():
    yield "a pickle", pickle.dumps(GOOD["card"])
    yield "a trap", whole({"card": Trap(), "state_dict": {}})
    yield "an old trap", legacy({"card": Trap()})
    yield "an old format", legacy(GOOD)
    yield "a tar", tar()
    yield "compressed", archive(members(), compression=zipfile.ZIP_DEFLATED)
    yield (
        "a bomb",
        archive([*members(), ("a/data/x", bytes(300 * 2**20))], compression=zipfile.ZIP_DEFLATED),
    )
    yield "overlapping", overlapping()
    yield "no pickle", archive([(n, data) for n, data in members() if "pkl" not in n])
    yield "two pickles", archive([*members(), ("b/data.pkl", b"\x80\x02N.")])
    yield "no records", archive([(n, data) for n, data in members() if "/data/" not in n])
    yield "no members", archive([])
    yield (
        "a script",
        archive([("a/code/__torch__.py", b"import os"), ("a/constants.pkl", b"\x80\x02N.")]),
    )
    yield (
        "big endian",
        archive([(n, b"bogus!" if n.endswith("byteorder") else d) for n, d in members()]),
    )
    yield (
        "not its version",
        archive([(n, b"99" if n.endswith("version") else d) for n, d in members()]),
    )
    for cut in (0, 1, 4, 100, 5_000, len(BYTES) // 2, len(BYTES) - 30, len(BYTES) - 1):
        yield f"cut at {cut}", BYTES[:cut]
    yield "zeros", bytes(len(BYTES))
    yield "text", b"hello\n"
    yield "a png", b"\x89PNG\r\n\x1a\n" + bytes(100)


def content_cases():
    for name, content in (
        ("a list", [1, 2]), ("a tensor", torch.zeros(3)), ("a number", 7), ("nothing", None),
        ("empty", {}), ("another project's", {"state_dict": {}, "epoch": 3}),
        ("card is a list", GOOD | {"card": [1]}), ("card is text", GOOD | {"card": "x"}),
        ("card is a tensor", GOOD | {"card": torch.zeros(3)}), ("no weights", GOOD | {"state_dict": {}}),
        ("weights are a list", GOOD | {"state_dict": [torch.zeros(3)]}),
        ("weights are text", GOOD | {"state_dict": "x"}),
        ("weights have numbers as names", GOOD | {"state_dict": {1: torch.zeros(3)}}),
        ("card 200 deep", GOOD | {"card": CARD | {"notes": nested(200)}}),
        ("card with numbers as names", GOOD | {"card": CARD | {"notes": {1: 2}}}),
        ("a billion blocks", of_model(blocks=10**9)), ("a million blocks", of_model(blocks=10**6)),
        ("a hundred levels", of_model(widths=[32] * 100)), ("wide", of_model(widths=[3_200_000])),
        ("many classes", of_model(classes=10**9)), ("a wide patch", of_model(patch=10**6)),
        ("a foreign argument", of_model(hack=1)), ("a private argument", of_model(__class__=1)),
        ("another network", of_model(_target_="diffusion.models.context_unet.ContextUNet")),
        ("a function", of_model(_target_="diffusion.models.blocks.silence")),
        ("a library", of_model(_target_="diffusion.models.unet.nn.Linear")),
        ("an imported class", of_model(_target_="diffusion.models.unet.TimeEmbedding")),
        ("an import", of_model(_target_="diffusion.models.antigravity.X")),
        ("a path", of_model(_target_="diffusion.models.../../x.Y")),
        ("a private name", of_model(_target_="diffusion.models.unet.__loader__")),
    ):  # fmt: skip
        yield name, whole(content)
    yield "circular card", circular()
    yield "a weight is missing", with_weights(without=None)
    yield "a weight too many", with_weights(more=torch.zeros(3))
    yield "a weight is text", with_weights(first="x")
    yield "a weight is None", with_weights(first=None)
    yield "a weight of another shape", with_weights(first=torch.zeros(3))
    yield "a weight of zero dimensions", with_weights(first=torch.zeros(()))
    yield "a network of terabytes", wide_and_empty()
    huge = rb"\1J" + struct.pack("<i", 2**29)
    yield "record of another size", rewritten(rb"(cpuq.)(?:M..|K.)", huge)
    yield "tensor beyond its record", rewritten(rb"(QK\0)(?:M..|K.)", huge)
    yield "tensor that begins beyond", rewritten(rb"(Q)K\0", huge)


def exported(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def safetensors_cases():
    tensor = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    card = {sharing.KEY: json.dumps({"recipe": RECIPE, "sprites": CARD["sprites"]})}
    deep = {sharing.KEY: "[" * 200_000}
    yield from (
        ("empty", b""),
        ("short", b"\1\0"),
        ("text", b"hello world"),
        ("no header", exported(b"")),
        ("header not JSON", exported(b"{{{")),
        ("header a list", exported([1])),
        ("header too long", exported({"w": tensor}, bytes(8), 2**40)),
        ("header of 2**64", exported({"w": tensor}, bytes(8), 2**64 - 1)),
        ("header of 100 MB", exported(b" " * 10**8)),
        ("no card", exported({"w": tensor}, bytes(8))),
        ("card not JSON", exported({"__metadata__": {sharing.KEY: "x"}, "w": tensor}, bytes(8))),
        ("card too deep", exported({"__metadata__": deep, "w": tensor}, bytes(8))),
        ("card a number", exported({"__metadata__": {sharing.KEY: "7"}, "w": tensor}, bytes(8))),
        ("card without weights", exported({"__metadata__": card})),
        ("other weights", exported({"__metadata__": card, "w": tensor}, bytes(8))),
        (
            "offsets beyond",
            exported(
                {"__metadata__": card, "w": tensor | {"data_offsets": [0, 10**12]}}, bytes(8)
            ),
        ),
        (
            "offsets negative",
            exported({"__metadata__": card, "w": tensor | {"data_offsets": [-8, 0]}}, bytes(8)),
        ),
        ("offsets overlap", exported({"__metadata__": card, "w": tensor, "v": tensor}, bytes(8))),
        (
            "shape absurd",
            exported({"__metadata__": card, "w": tensor | {"shape": [2**40, 2**40]}}, bytes(8)),
        ),
        (
            "shape negative",
            exported({"__metadata__": card, "w": tensor | {"shape": [-2]}}, bytes(8)),
        ),
        (
            "type unknown",
            exported({"__metadata__": card, "w": tensor | {"dtype": "X9"}}, bytes(8)),
        ),
        ("a gap", exported({"__metadata__": card, "w": tensor}, bytes(80))),
        ("metadata a list", exported({"__metadata__": [1], "w": tensor}, bytes(8))),
        ("a checkpoint", BYTES),
    )


def opened(path):
    """What is taken must be the honest denoiser."""
    loaded = load(path)
    good = build_denoiser(RECIPE)
    good.load_state_dict({n.removeprefix("denoiser."): w for n, w in GOOD["state_dict"].items()})
    x, t, label = torch.ones(2, 4, 8, 8), torch.full((2,), 0.5), torch.tensor([0, 1])
    assert torch.equal(loaded.denoiser(x, t, label), good.eval()(x, t, label))
    assert not os.path.exists("trapped")


def _case(name, suffix, data, mild=False):
    def make(folder):
        path = folder / f"a{suffix}"
        path.write_bytes(data)
        return path

    return Case(name, make, opened, mild)


def checkpoints():
    named = [*pickled_cases(), *file_cases(), *content_cases()]
    return [_case(name, ".ckpt", data, name == "not its version") for name, data in named]


def cards():
    return [_case(name, ".ckpt", data, mild=True) for name, data in mutated()]


def exports():
    return [_case(name, ".safetensors", data) for name, data in safetensors_cases()]
