"""Records of a run that anybody may have written: read, left out, or refused in a sentence."""

import json
import math
from contextlib import suppress

import pytest
from fuzzing import fuzz
from hypothesis import given
from hypothesis import strategies as st

from diffusion.errors import UserError
from diffusion.report.records import curves_of, pictures_of, summary_of
from diffusion.runs.reading import MAX_BYTES

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
JSON = st.recursive(
    LEAVES, lambda part: st.lists(part) | st.dictionaries(st.text(max_size=9), part), max_leaves=9
)


@fuzz(150)
@given(content=JSON.map(json.dumps) | st.text(max_size=40))
def test_any_summary_is_plain_numbers_and_words_or_refused(tmp_path, content):
    (tmp_path / "summary.json").write_text(content, errors="ignore")
    found = {}
    with suppress(UserError):
        found = summary_of(tmp_path)
    assert all(isinstance(value, str) or math.isfinite(value) for value in found.values())


@fuzz(150)
@given(
    rows=st.lists(
        st.lists(st.floats().map(str) | st.text(max_size=5), max_size=4).map(",".join), max_size=5
    )
)
def test_any_table_is_curves_of_numbers(tmp_path, rows):
    lines = ["step,progress/images,val/loss", *rows, "9,100,0.5", ""]
    (tmp_path / "metrics.csv").write_text("\n".join(lines), errors="ignore")
    curves = curves_of(tmp_path)
    assert set(curves) <= {"val/loss"}
    assert all(math.isfinite(x) and math.isfinite(y) for x, y in curves.get("val/loss", []))


def test_what_a_run_writes_is_read_back(tmp_path):
    (tmp_path / "summary.json").write_text('{"step": 5, "status": "finished", "deep": {}}')
    (tmp_path / "metrics.csv").write_text("step,progress/images,val/loss\n4,320,0.25\n5,400,\n")
    (tmp_path / "panel.png").write_bytes(b"a picture")
    assert summary_of(tmp_path) == {"step": 5, "status": "finished"}
    assert curves_of(tmp_path) == {"val/loss": [(320.0, 0.25)]}
    assert list(pictures_of(tmp_path).values()) == [b"a picture"]
    assert not summary_of(tmp_path / "nowhere")


def test_what_earlier_runs_call_samples_are_previews(tmp_path):
    """Also in the table of one that has gone on since."""
    (tmp_path / "metrics.csv").write_text(
        "step,progress/images,samples/recall,preview/recall\n4,40,0.25,\n9,80,,0.5\n"
    )
    assert curves_of(tmp_path) == {"preview/recall": [(40.0, 0.25), (80.0, 0.5)]}


@pytest.mark.parametrize("bad", ["deep", "number", "endless", "device"])
def test_traps_are_refused(tmp_path, bad):
    file = tmp_path / "summary.json"
    if bad == "device":
        file.symlink_to("/dev/zero")
    elif bad == "endless":
        with file.open("wb") as large:
            large.truncate(MAX_BYTES + 1)
    else:
        file.write_text("[" * 100_000 if bad == "deep" else "9" * 10_000)
    with pytest.raises(UserError, match="is damaged|is not read"):
        summary_of(tmp_path)


def test_links_are_no_pictures(tmp_path):
    (tmp_path / "panel.png").symlink_to("/etc/hostname")
    assert pictures_of(tmp_path) == {}
