"""Text that moves no cursor.

Names of files, labels and runs may come from strangers and hold control characters; a terminal
would obey them, whoever prints them. They are shown instead, such as `\\x1b`.
"""

import re

# all but tab and line feed; and marks that turn the direction of writing
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with its control characters shown."""
    return CONTROL.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
