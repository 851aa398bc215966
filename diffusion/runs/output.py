"""A folder of results that a command leaves: nothing in it is ever replaced or deleted.

What the results depend on is written first, as `settings.json`. The same command on the same
folder goes on with what is missing, so one that was killed loses nothing; other settings go to a
new folder beside it, with a number.
"""

import hashlib
import json
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from diffusion.errors import UserError
from diffusion.runs.claim import LOCK, Claim
from diffusion.runs.files import TEMPORARY, Content, Folder, plain_file
from diffusion.runs.reading import record

SETTINGS = "settings.json"


def sha256(path: Path) -> str:
    """The hash of a file's content, by which settings name it.

    Raises:
        UserError: there is no such file.
    """
    try:
        with plain_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"There is no file {path}; give one that is there.") from error


class Output:
    """The first of `name`, `name-2`, `name-3`, ... that is empty or holds these very settings.

    Args:
        folder: where the results would be if there were no others.
        settings: plain containers that decide about every result.

    Attributes:
        folder: where they are.

    Raises:
        UserError: another process writes there, or a link stands where a folder belongs.
    """

    def __init__(self, folder: Folder, settings: dict[str, Any]) -> None:
        self._text = json.dumps(settings, indent=1) + "\n"
        for number in count(1):
            self.folder = folder if number == 1 else folder.sibling(f"-{number}")
            self.folder.check()
            claim = Claim.of(self.folder.path)
            if self._is_free() or self._settings() == json.loads(self._text):
                self.folder.sweep()
                return
            claim.give_back()

    @property
    def path(self) -> Path:
        """The folder's path."""
        return self.folder.path

    def has(self, *names: str) -> bool:
        """Whether all these files are there; each is whole where it is."""
        return all((self.path / name).is_file() for name in names)

    def add(self, name: str, content: Content) -> None:
        """Writes a file that is not there yet; one that is there is what this one would be."""
        if not self.has(SETTINGS):  # what is refused before its first result leaves nothing
            self.folder.write(SETTINGS, self._text)
        *folders, file = name.split("/")
        folder = self.folder
        for each in folders:
            folder = folder.inside(each)
        if not self.has(name):
            folder.write(file, content, new=True)

    def _is_free(self) -> bool:
        names = (file.name for file in self.path.iterdir())
        return all(name == LOCK or TEMPORARY.fullmatch(name) for name in names)

    def _settings(self) -> Any:
        with suppress(UserError):
            return record(self.folder, SETTINGS)
        return None
