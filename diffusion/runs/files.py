"""The one way in which files are written and read: whole or not at all, never through a link.

A run directory may come from a stranger, who can have left a link where a file of ours belongs; a
writer that follows it overwrites whatever the link names. So below the directory that the user
named nothing is opened through a link: each part of the path is opened by itself, relative to the
one above it. Content goes into a new file with a random name, which then takes its place.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from diffusion.errors import UserError
from diffusion.runs.claim import Claim

Content = bytes | str | Callable[[BinaryIO], object]
TEMPORARY = re.compile(r"\..+\.tmp")
FOLDER = os.O_RDONLY | os.O_DIRECTORY
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class Folder:
    """A directory in which files of ours are written; made when something is.

    Args:
        root: the directory that the user named. It may be a link itself, and so may what is above.
        below: names of the folders that lead from there; none of them may be a link.
    """

    def __init__(self, root: str | Path, *below: str) -> None:
        self.root, self.below = Path(root), below
        self.path = self.root.joinpath(*below)

    def __str__(self) -> str:
        return str(self.path)

    def inside(self, *names: str) -> "Folder":
        """A folder in this one, by the names of those that lead there."""
        return Folder(self.root, *self.below, *names)

    def sibling(self, ending: str) -> "Folder":
        """A folder beside this one, whose name has an ending more."""
        if not self.below:
            return Folder(self.root.with_name(self.root.name + ending))
        return Folder(self.root, *self.below[:-1], self.below[-1] + ending)

    def read(self, name: str, largest: int) -> bytes | None:
        """The content of a file; None where there is no such file or folder.

        Args:
            name: of the file, without folders.
            largest: bytes of it.

        Raises:
            UserError: its folder is a link.
            OSError: it is a link or no plain file, or too large, or cannot be read.
        """
        try:
            with self._opened(make=False) as folder, plain_file(name, folder) as file:
                if os.fstat(file.fileno()).st_size > largest:
                    raise OSError(errno.EFBIG, "is larger than any that a run writes")
                return file.read(largest)
        except FileNotFoundError:
            return None

    def write(self, name: str, content: Content, new: bool = False, synced: bool = False) -> None:
        """Writes one file whole, or leaves everything as it was.

        Args:
            name: of the file, without folders.
            content: bytes, text, or what writes them to an open binary file.
            new: refuse to replace a file that is there.
            synced: wait until the disk has it, so that a loss of power leaves it whole.

        Raises:
            UserError: a link stands where the file or its folder belongs; or the file is there.
            OSError: it cannot be written, as on a full disk.
        """
        temporary = f".{name}.{secrets.token_hex(6)}.tmp"
        with self._opened() as folder:
            self._check(folder, name, new)
            file = os.open(temporary, NEW, 0o666, dir_fd=folder)
            try:
                with open(file, "w+b") as stream:
                    if callable(content):
                        content(stream)
                    else:
                        stream.write(content.encode() if isinstance(content, str) else content)
                    stream.flush()
                    if synced:
                        os.fsync(stream.fileno())
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:  # on a full disk that is room for smaller files
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            if synced:
                os.fsync(folder)

    def write_all(self, files: dict[str, bytes], new: bool = False) -> None:
        """Writes files by name."""
        for name, content in files.items():
            self.write(name, content, new)

    def append(self, name: str) -> BinaryIO:
        """The file opened for more at its end; made when it is missing.

        Raises:
            UserError: a link stands where the file or its folder belongs.
        """
        with self._opened() as folder:
            self._check(folder, name, new=False)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            return open(os.open(name, flags, 0o666, dir_fd=folder), "ab")

    def keep(self, name: str, second: str) -> None:
        """Gives a file of ours a second name, in place of what had it; does nothing without one,
        or where the file system knows no second names."""
        temporary = f".{second}.{secrets.token_hex(6)}.tmp"
        with self._opened() as folder, suppress(OSError):
            self._check(folder, second, new=False)
            os.link(name, temporary, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            os.replace(temporary, second, src_dir_fd=folder, dst_dir_fd=folder)
            with suppress(OSError):  # a rename between two names of one file does nothing
                os.unlink(temporary, dir_fd=folder)

    def rename(self, name: str, to: str) -> None:
        """Gives a file of ours another name."""
        with self._opened() as folder:
            self._check(folder, to, new=False)
            os.replace(name, to, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, name: str) -> None:
        """Takes a file of ours away, if it is there."""
        with self._opened() as folder, suppress(FileNotFoundError):
            self._check(folder, name, new=False)
            os.unlink(name, dir_fd=folder)

    def sweep(self) -> None:
        """Takes away what a killed process left of files that it had begun to write."""
        if not self.path.is_dir():
            return
        with self._opened() as folder:
            for name in filter(TEMPORARY.fullmatch, os.listdir(folder)):
                if stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
                    os.unlink(name, dir_fd=folder)

    def made(self) -> Path:
        """The folder itself, for those who write in it by themselves, such as a logger.

        Raises:
            UserError: as `check`.
        """
        with self._opened():
            self.check()
        return self.path

    def check(self) -> None:
        """Looks for what is not written through, before anything is begun.

        Raises:
            UserError: the folder is a link below the root, or one of its entries leads out of it.
                (W&B leaves such links deeper down, in folders that it does not write to again.)
        """
        for depth in range(1, len(self.below) + 1):
            if (path := self.root.joinpath(*self.below[:depth])).is_symlink():
                raise UserError(_refusal(path))
        inside = self.path.resolve()
        for entry in self.path.iterdir() if self.path.is_dir() else ():
            if entry.is_symlink() and not entry.resolve().is_relative_to(inside):
                raise UserError(_refusal(entry))

    @contextmanager
    def _opened(self, make: bool = True) -> Iterator[int]:
        """A descriptor of the folder; what is missing of it is made, or FileNotFoundError."""
        if make:
            Claim.check(self.root)
            self.root.mkdir(parents=True, exist_ok=True)
        here, path = os.open(self.root, FOLDER), self.root
        try:
            for name in self.below:
                path /= name
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=here)
                try:
                    inner = os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=here)
                except OSError as error:
                    if not isinstance(error, FileNotFoundError) and _is_link(name, here):
                        raise UserError(_refusal(path)) from error
                    raise
                os.close(here)
                here = inner
            yield here
        finally:
            os.close(here)

    def _check(self, folder: int, name: str, new: bool) -> None:
        try:
            mode = os.lstat(name, dir_fd=folder).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISREG(mode):
            raise UserError(_refusal(self.path / name))
        if new:
            raise UserError(f"{self.path / name} is there already; give another name.")


def _refusal(path: Path) -> str:
    return (
        f"{path} is a link or no plain file, where one of ours belongs, and is not written "
        "through; remove it, or use another directory."
    )


def plain_file(path: str | Path, folder: int | None = None) -> BufferedReader:
    """A file opened for reading, without waiting for whoever writes into a pipe.

    Args:
        path: of the file; below a folder it may be no link.
        folder: descriptor of the folder that `path` begins at.

    Raises:
        OSError: there is no such file, or something that is no plain file.
    """
    if folder is not None and _is_link(path, folder):
        raise OSError(errno.ELOOP, "is a link")
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if folder is None else os.O_NOFOLLOW)
    number = os.open(path, flags, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, "is no plain file")
    return open(number, "rb")


def _is_link(name: str | Path, folder: int) -> bool:
    return stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode)


def write_file(path: str | Path, content: Content, new: bool = False) -> None:
    """One file that the user named, whole or not at all; see `Folder.write`."""
    Folder(Path(path).parent).write(Path(path).name, content, new)
