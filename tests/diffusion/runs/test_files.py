"""Files are written whole or not at all, and never through a link."""

import os

import pytest

from diffusion.errors import UserError
from diffusion.runs.files import Folder, write_file


@pytest.fixture
def precious(tmp_path):
    """A file of somebody else's, outside the named directory."""
    file = tmp_path / "precious"
    file.write_text("mine")
    yield file
    assert file.read_text() == "mine"


def content(folder):
    return {str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*") if f.is_file()}


def test_folders_are_made_and_files_replaced(tmp_path):
    folder = Folder(tmp_path / "a" / "run", "deep").inside("er")
    for text in ("one", b"two", lambda file: file.write(b"three")):
        folder.write("x.txt", text)
    assert content(tmp_path / "a") == {"run/deep/er/x.txt": "three"}


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: folder.write("x", "text"),
        lambda folder: folder.append("x"),
        lambda folder: folder.rename("y", "x"),
        lambda folder: folder.keep("y", "x"),
        lambda folder: folder.remove("x"),
    ],
    ids=["write", "append", "rename", "keep", "remove"],
)
@pytest.mark.parametrize("dangling", [True, False])
def test_a_link_where_a_file_belongs_is_refused_by_name(tmp_path, precious, write, dangling):
    folder = Folder(tmp_path / "run")
    folder.write("y", "other")
    target = tmp_path / "nowhere" if dangling else precious
    (tmp_path / "run" / "x").symlink_to(target)
    with pytest.raises(UserError, match="run/x is a link"):
        write(folder)
    assert not (tmp_path / "nowhere").exists()
    assert sorted(os.listdir(tmp_path / "run")) == ["x", "y"]


@pytest.mark.parametrize("depth", [0, 1])
def test_a_link_where_a_folder_belongs_is_refused_by_name(tmp_path, precious, depth):
    names, outside = ("a", "b"), tmp_path / "outside"
    outside.mkdir()
    place = tmp_path.joinpath("run", *names[: depth + 1])
    place.parent.mkdir(parents=True)
    place.symlink_to(outside)
    with pytest.raises(UserError, match=f"{names[depth]} is a link"):
        Folder(tmp_path / "run", *names).write("x", "text")
    with pytest.raises(UserError, match=f"{names[depth]} is a link"):
        Folder(tmp_path / "run", *names).check()
    assert not any(outside.iterdir())


def test_the_named_directory_may_be_a_link(tmp_path):
    (tmp_path / "scratch").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "scratch")
    Folder(tmp_path / "run").write("x", "text")
    assert content(tmp_path / "scratch") == {"x": "text"}


@pytest.mark.parametrize("kind", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_written(tmp_path, kind):
    kind(tmp_path / "x")
    with pytest.raises(UserError, match="no plain file"):
        Folder(tmp_path).write("x", "text")


def test_a_new_file_replaces_nothing(tmp_path, precious):
    with pytest.raises(UserError, match="there already"):
        write_file(precious, "text", new=True)


def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path):
    folder = Folder(tmp_path / "run")
    folder.write("x", "old")

    def half(file):
        file.write(b"new")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        folder.write("x", half)
    assert content(tmp_path) == {"run/x": "old"}


def test_what_a_killed_write_left_is_swept_and_nothing_else(tmp_path, precious):
    for name in (".x.0123456789ab.tmp", ".x.tmp", "x.tmp", ".x"):
        (tmp_path / name).write_text("half")
    (tmp_path / ".link.tmp").symlink_to(precious)
    Folder(tmp_path).sweep()
    assert sorted(os.listdir(tmp_path)) == [".link.tmp", ".x", "precious", "x.tmp"]


def test_others_may_write_where_no_link_leads_out(tmp_path, precious):
    folder = Folder(tmp_path / "run", "wandb")
    assert folder.made().is_dir()
    (folder.path / "run-1").mkdir()
    (folder.path / "latest-run").symlink_to("run-1")
    folder.made()
    (folder.path / "run-1" / "debug-core.log").symlink_to(precious)  # as W&B leaves it
    folder.made()
    (folder.path / "debug.log").symlink_to(precious)
    with pytest.raises(UserError, match=r"debug\.log is a link"):
        folder.made()
