"""The scripts of the living page, run in node without a page."""

import json
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

LIVING = files("diffusion.living")
NODE = shutil.which("node")
SCRIPTS = ("noise.js", "network.js", "samplers.js", "posterior.js", "relatives.js")
BEGIN = """
const fs = require("fs"), folder = process.argv[2];
const read = (name) => fs.readFileSync(`${folder}/${name}`);
const plain = (b) => b.buffer.slice(b.byteOffset, b.byteOffset + b.length);
const floats = (name) => new Float32Array(plain(read(name)));
const given = JSON.parse(read("given.json"));
const write = (name, values) => fs.writeFileSync(`${folder}/${name}`, Buffer.from(values.buffer));
const network = () => Network.load(read("kernel"), given.model, plain(read("weights")));
"""


def in_node(body, given, dtype=np.float32, arrays=None, served=None, kernel=None, scripts=()):
    """What the script `body` writes as the file "found", an array.

    Args:
        body: JavaScript after the page's scripts, in an async function.
        given: what it finds as `given`.
        arrays: of float32, by the name under which `floats(name)` finds them.
        served: of a network, which `await network()` is then.
        kernel: bytes of another kernel than the committed one.
        scripts: more of the page's scripts.
    """
    if NODE is None:
        pytest.skip("node is absent, in which the page's scripts run")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if served:
            given = given | {"model": served.model}
            (folder / "weights").write_bytes(served.weights)
            (folder / "kernel").write_bytes(kernel or (LIVING / "kernel.wasm").read_bytes())
        (folder / "given.json").write_text(json.dumps(given))
        for key, values in (arrays or {}).items():
            (folder / key).write_bytes(np.ascontiguousarray(values, np.float32).tobytes())
        parts = [(LIVING / script).read_text() for script in (*SCRIPTS, *scripts)]
        (folder / "all.js").write_text(
            "\n".join([*parts, BEGIN, f"(async () => {{ {body} }})();"])
        )
        subprocess.run([NODE, folder / "all.js", folder], check=True, timeout=300)
        return np.frombuffer((folder / "found").read_bytes(), dtype)
