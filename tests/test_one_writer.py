"""Every file of ours is written in one place, so that no link of a stranger is written through."""

import ast

import pytest
from conftest import ROOT

WRITERS = {"diffusion/runs/files.py", "diffusion/runs/claim.py"}
CACHE = "diffusion/metrics/inception_weights.py"  # in the user's own cache folder
IN_MEMORY = {"diffusion/pictures.py", "diffusion/report/atlas.py"}  # of pictures
WRITE = {
    *("write_text", "write_bytes", "touch", "mkdir", "makedirs", "rmdir", "unlink", "remove"),
    *("rename", "replace", "symlink_to", "hardlink_to", "link", "rmtree", "copy", "copyfile"),
    *("copytree", "move", "tofile"),
}
OF_PATHS = {"remove", "rename", "replace", "link", "copy", "move"}  # that other things have, too
MODES = {f"{how}{kind}{more}" for how in "wax" for kind in ("", "b", "t") for more in ("", "+")}
PLACES = ("*.py", "diffusion/**/*.py", "datamodules/**/*.py")
FILES = sorted(str(file.relative_to(ROOT)) for place in PLACES for file in ROOT.glob(place))


def writes(code, name):
    """Lines on which a file is written, removed or renamed, other than through `Folder`."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        of = node.func.value.id if called and isinstance(node.func.value, ast.Name) else ""
        if called in WRITE - OF_PATHS or (called in OF_PATHS and of in ("os", "shutil")):
            yield node.lineno
        if called == "save" and of not in ("torch", "np", "self") and name not in IN_MEMORY:
            yield node.lineno
        opened = called == "open" or (isinstance(node.func, ast.Name) and node.func.id == "open")
        modes = [a.value for a in node.args if isinstance(a, ast.Constant) and opened]
        if any(mode in MODES for mode in modes):
            yield node.lineno


@pytest.mark.parametrize("name", [name for name in FILES if name not in WRITERS | {CACHE}])
def test_nobody_else_writes(name):
    assert list(writes((ROOT / name).read_text(), name)) == []


@pytest.mark.parametrize(
    "line",
    [
        *("path.write_text('x')", "os.replace(a, b)", "open(path, 'w')", "path.open('a')"),
        *("picture.save(path)", "path.unlink()", "shutil.rmtree(path)", "path.mkdir()"),
    ],
)
def test_a_writer_would_be_found(line):
    assert list(writes(line, "x.py")) == [1]
