"""Checkpoint files read with suspicion: whole to the bit, and made of tensors and plain values.

`torch.save` writes a zip archive with a CRC-32 of every tensor in it, and `torch.load` does not
look at them: a flipped bit is loaded as a weight. Here every one is checked, and before anything
is unpickled it is known that the pickle names nothing but what tensors are made of, and that the
file unpacks to no more than itself.
"""

import os
import pickletools
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from diffusion.errors import UserError
from diffusion.runs.files import plain_file

TYPES = ("BFloat16", "Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")
NAMES = {f"torch {kind}Storage" for kind in TYPES} | {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
}
MAX_PICKLE_BYTES = 2**22  # bytes of the pickle, which holds names and numbers but no weights


@contextmanager
def checked(path: Path) -> Iterator[BufferedReader]:
    """A checkpoint file, open, of which is known that it may be loaded.

    What is checked, loaded and hashed through the one open file is the same content, also while a
    run goes on and replaces the file.

    Raises:
        UserError: the file is missing, is not as it was written, or holds more than tensors and
            plain values.
    """
    try:
        opened = plain_file(path)
    except OSError as error:
        raise UserError(
            f"There is no checkpoint {path}; give a run directory or a .ckpt file."
        ) from error
    with opened as file:
        try:
            doubt = doubt_of(file)
        except Exception as error:  # a foreign file can fail in any way; none is our defect
            raise UserError(
                f"{path} cannot be read as a checkpoint: it is damaged or foreign."
            ) from error
        if doubt:
            raise UserError(f"{path} is not read: {doubt}.")
        file.seek(0)
        yield file


def is_whole(path: Path) -> bool:
    """Whether the file is as it was written; asked twice about one file it is read once."""
    return path.is_file() and _is_whole(path, path.stat().st_mtime_ns)


@cache
def _is_whole(path: Path, written: int) -> bool:
    try:
        with checked(path):
            return True
    except UserError:
        return False


def doubt_of(file: BinaryIO) -> str:
    """What speaks against loading an open file; empty if nothing does."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
        if packed or size > file.seek(0, os.SEEK_END):
            return "it unpacks to more than it is, which no checkpoint does"
        if damaged := archive.testzip():
            return f"it is damaged, the checksum of {damaged} is wrong"
        pickled = [each for each in members if each.filename.endswith("data.pkl")]
        if len(pickled) != 1 or pickled[0].file_size > MAX_PICKLE_BYTES:
            return "it does not hold what torch.save writes"
        for opcode, name, _ in pickletools.genops(archive.read(pickled[0])):
            foreign = opcode.name == "GLOBAL" and name not in NAMES
            if foreign or opcode.name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"):
                return f"it names {name or 'code'}, and a checkpoint holds tensors and values only"
    return ""
