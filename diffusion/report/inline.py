"""What pages of one file share: nothing is loaded, and only known scripts run.

Names come from strangers: every word is escaped, no value is written into a script, and the page's
own policy lets the browser run the scripts whose hash it names, and nothing else.
"""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HERE = Path(__file__).parent


def environment(folder: Path) -> Environment:
    """Templates of a folder; what they are given is escaped."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def source(*files: Path) -> Markup:
    """Scripts or styles as they are, one after the other."""
    return Markup("\n".join(file.read_text(encoding="utf-8") for file in files))


def source_hash(code: str) -> str:
    """How a content security policy names a script or a style."""
    return f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'"


ARROWS = HERE / "arrows.js"  # from cell to cell of a group by the keyboard
THEME = HERE / "theme.css", HERE / "theme.js"  # colours and letters; the button that changes them
