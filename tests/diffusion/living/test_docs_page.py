"""The page in docs/ is what the code of today makes of its network."""

import gzip
import json
from base64 import b64decode
from pathlib import Path

from diffusion.living.page import BLOCK, refreshed

PAGE = Path(__file__).parents[3] / "docs" / "page.html"


def test_the_page_in_docs_is_that_of_this_code():
    page = PAGE.read_text()
    assert refreshed(page) == page, "type: make docs-page"


def test_it_is_small_and_tells_of_no_machine():
    blocks = dict(BLOCK.findall(PAGE.read_text()))
    whole = json.loads(gzip.decompress(b64decode(blocks["model"])))
    assert PAGE.stat().st_size < 4e6
    assert blocks.keys() == {"kernel", "sprites", "model", "weights"}
    assert whole["facts"]["command"] == "python sample.py run=page.safetensors"
    assert whole["facts"]["names"][:3] == ["Bob", "Fred", "Nancy"]
