"""Who may use a directory: the first process that claims it, until it ends or gives it back.

The lock is an flock, which dies with its process, on the directory itself, so that no file is left
over. NFS locks files only, and some file systems of clusters lock nothing.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from diffusion.errors import UserError

LOCK = ".lock"
TRIES = 100  # until the directory that is locked is the one that is there


class Claim:
    """An exclusive hold on a directory, which is made when it is missing.

    What this process has made and left empty it takes away again when it gives the directory
    back, and nothing else: a second process that is refused leaves the first one's directory
    alone.

    Args:
        path: the directory.

    Attributes:
        locked: whether the file system could lock it.

    Raises:
        UserError: another process holds it, or it cannot be made.
    """

    held: ClassVar[dict[Path, "Claim"]] = {}

    def __init__(self, path: Path) -> None:
        self.path, self.locked = path, True
        if not any(self._take() for _ in range(TRIES)):
            raise UserError(f"{_short(path)} cannot be made a directory; name another.")

    @classmethod
    def of(cls, path: Path) -> "Claim":
        """The claim of this process on a directory, a new one if it has none."""
        real = Path(os.path.realpath(path))
        if real not in cls.held:
            cls.held[real] = cls(path.absolute())
        return cls.held[real]

    @classmethod
    def give_all_back(cls) -> None:
        """Ends all claims of this process."""
        for claim in list(cls.held.values()):
            claim.give_back()

    @classmethod
    def check(cls, path: Path) -> None:
        """Refuses a directory that this process has claimed and that is not there any more.

        Raises:
            UserError: it was moved, removed, or replaced by another.
        """
        for claim in cls.held.values():
            if claim.path == path.absolute() and not claim.holds():
                raise UserError(
                    f"{_short(claim.path)} was moved, removed or replaced while it was in use; "
                    "what was saved lies where it went. Move it back, and the same command goes "
                    "on from there."
                )

    def give_back(self) -> None:
        """Lets others use the directory."""
        for real in [real for real, claim in self.held.items() if claim is self]:
            del self.held[real]
        for folder in reversed(self._made) if self.holds() else ():
            try:
                folder.rmdir()
            except OSError:  # something is in it
                break
        self._close()

    def holds(self) -> bool:
        """Whether the claimed directory is still the one that stands at its path."""
        there = os.fstat(self._directory)
        with suppress(OSError):
            return os.path.samestat(there, self.path.stat())
        return False

    def _take(self) -> bool:
        """Whether the lock was got; not when the directory went away in between."""
        self._made: list[Path] = []
        try:
            self._make()
            self._directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # taken away by another that gave it back
            return False
        except OSError as error:
            raise UserError(
                f"{_short(self.path)} cannot be used as a directory ({error.strerror}); name "
                "another."
            ) from error
        self._file = self._directory
        if not self._lock(self._file):
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            with suppress(OSError):
                self._file = os.open(self.path / LOCK, flags, 0o666)
            self.locked = self._lock(self._file)
        if self.holds():
            return True
        self._close()
        return False

    def _make(self) -> None:
        for folder in (*reversed(self.path.parents), self.path):
            with suppress(FileExistsError):
                folder.mkdir()
                self._made.append(folder)

    def _lock(self, file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._close()
            raise UserError(
                f"{_short(self.path)} is in use by another process; wait for it, or name another "
                "directory."
            ) from error
        except OSError:
            return False
        return True

    def _close(self) -> None:
        for file in {self._file, self._directory}:
            os.close(file)


def _short(path: Path) -> Path:
    """As one types it: relative to where one is, if it lies there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
