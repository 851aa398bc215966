"""`--help`: what a command's YAML says of it, its words with their comments, and the choices."""

import re
import textwrap
from collections.abc import Iterator

from diffusion.commands.complaints import CONF

WORD = re.compile(r"^(?P<margin> *)(?P<key>\w+): ?(?P<value>[^#]*?) *(?:# (?P<comment>.*))?$")
CHOICE = re.compile(r"^  - (?P<group>\w+): (?P<option>[^#]*?) *(?:# (?P<comment>.*))?$")
WIDTH, COLUMN = 110, 28


def help_of(config_name: str) -> str:
    """The text of `--help`.

    Its first paragraph is the comment at the top of the YAML.

    Args:
        config_name: of a command, as in `conf/`.
    """
    lines = (CONF / f"{config_name}.yaml").read_text().splitlines()
    start = next(k for k, line in enumerate(lines) if not line.startswith("#"))
    end = lines.index("hydra:")
    own = next(k for k, line in enumerate(lines) if k > start and line and line[0] not in " #")
    parts = [
        "\n".join(line[2:] for line in lines[:start]),
        "Words, with the values they have unless typed:",
        *_words(lines[own:end]),
        "",
        "Choices (group=option):",
        *_choices(lines[start:own]),
        "",
        f"Every value: python {config_name}.py --cfg job",
    ]
    return "\n".join(parts)


def _words(lines: list[str]) -> Iterator[str]:
    above = ""
    for line in lines:
        found = WORD.match(line)
        if line.startswith("# "):
            yield f"  {line[2:]}"
        if not found or found["key"].startswith("_"):
            continue
        if not found["value"]:
            above = f"{found['key']}."
            continue
        key = above + found["key"] if found["margin"] else found["key"]
        yield _row(f"{key}={found['value']}", found["comment"])


def _choices(lines: list[str]) -> Iterator[str]:
    for found in filter(None, map(CHOICE.match, lines)):
        group = found["group"]
        files = sorted(file.stem for file in (CONF / group).glob("*.yaml"))
        others = [name for name in files if name != found["option"]]
        yield _row(f"{group}={found['option']}", found["comment"])
        yield f"      or {', '.join(others)}"


def _row(word: str, comment: str | None) -> str:
    if not comment:
        return f"  {word}"
    head = f"  {word:<{COLUMN}}  "
    return textwrap.fill(head + comment, WIDTH, subsequent_indent=" " * (COLUMN + 4))
