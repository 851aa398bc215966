"""Records that anybody may have written are plain values in bounds, or one sentence."""

import json
import os
from contextlib import suppress

import pytest
import torch
import yaml
from fuzzing import fuzz
from hypothesis import given
from hypothesis import strategies as st
from limits import processor_seconds
from small_checkpoints import CONTENT

from diffusion.errors import UserError
from diffusion.runs.checkpoint import read
from diffusion.runs.directory import RunDirectory
from diffusion.runs.files import Folder
from diffusion.runs.metrics_csv import MetricsCSV
from diffusion.runs.reading import (
    MAX_BYTES,
    MAX_DEPTH,
    entries,
    foreign,
    numbers,
    record,
    table,
    text_of,
)

LAUGHS = "\n".join(
    ["a0: &a0 [1]", *(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 12))]
)
MERGES = "\n".join(
    [
        "m0: &m0 {x: 1}",
        *(f"m{k}: &m{k}\n  <<: [{', '.join([f'*m{k - 1}'] * 10)}]" for k in range(1, 12)),
    ]
)
BAD = {
    "a.yaml": [
        *(
            LAUGHS,
            MERGES,
            "&a [*a]",
            "a: &a {b: *a}",
            "[" * 3000,
            "a: !!python/object:os.system {}",
        ),
        *("!!binary aGVsbG8=", "!!set {a}", "2001-01-01", "a: 1" + "0" * 400, "a: 1" + "0" * 5000),
        *(
            "{",
            "a: b: c",
            "\t",
            "? [a]\n: b",
            'a: "\\ud800"',
            f"a: {'x' * 20_000}",
            "\x1b",
            "a\n" * 2**18,
        ),
    ],
    "a.json": [
        *("{", "[" * 100_000, "9" * 5000, "1" + "0" * 400, '"\\ud800"', '{"\\ud800": 1}', "1 2"),
        *(
            '{"status": "finished"',
            "[" * 20 + "]" * 20,
            "[" + "1," * 10**6 + "1]",
            '"' + "x" * 20_000 + '"',
        ),
    ],
    "a.csv": [f'a,b\n"{"x" * 131_073}",1\n', "a," * 2000 + "\n1\n", "a\n" + "1\n" * (10**6 + 5)],
}
REFUSED = r" (is damaged \(.*\)|(is|cannot) .* and is not read); remove it\.$"
READ = {"yaml": record, "json": record, "csv": table}


@pytest.mark.parametrize(
    ("name", "text"),
    [(name, text) for name, texts in BAD.items() for text in texts],
    ids=lambda text: text[:20],
)
def test_what_no_run_writes_is_one_sentence(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with processor_seconds(60), pytest.raises(UserError, match=name + REFUSED):
        READ[name[2:]](Folder(tmp_path), name)


@pytest.mark.parametrize("plant", ["pipe", "link", "device", "folder", "huge", "bytes", "secret"])
@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.csv", "a.txt"])
def test_what_is_no_plain_file_is_not_read(tmp_path, plant, name):
    file = tmp_path / "run" / name
    file.parent.mkdir()
    if plant == "pipe":
        os.mkfifo(file)
    elif plant == "folder":
        file.mkdir()
    elif plant == "huge":
        with file.open("wb") as large:
            large.truncate(MAX_BYTES + 1)
    elif plant == "bytes":
        file.write_bytes(b"\xff\xfe\x00")
    else:
        (tmp_path / "secret").write_text("token")
        target = {"device": "/dev/zero", "link": "nowhere", "secret": tmp_path / "secret"}
        file.symlink_to(target[plant])
    with processor_seconds(60), pytest.raises(UserError, match=REFUSED) as refused:
        READ.get(name[2:], text_of)(Folder(tmp_path / "run"), name)
    assert "token" not in str(refused.value)


def test_a_folder_that_is_a_link_is_not_read_through(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text("token: 1")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".hydra").symlink_to(tmp_path / "home")
    with pytest.raises(UserError, match=r"run/\.hydra is a link"):
        record(Folder(tmp_path / "run", ".hydra"), "config.yaml")


def test_reading_makes_nothing(tmp_path):
    assert record(Folder(tmp_path / "run", ".hydra"), "config.yaml") is None
    assert table(Folder(tmp_path / "run"), "metrics.csv") == []
    assert not any(tmp_path.iterdir())


@fuzz(200)
@given(
    data=st.binary(max_size=60)
    | st.text("{}[]:,\"'&*!<-?| \nabc019.eE+-\\u", max_size=60).map(str.encode),
    name=st.sampled_from(["a.yaml", "a.json", "a.csv", "a.txt"]),
)
def test_any_bytes_are_read_or_one_sentence(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    with suppress(UserError):
        found = READ.get(name[2:], text_of)(Folder(tmp_path), name)
        assert foreign(found) == ""
        json.dumps(found, ensure_ascii=False).encode()


LEAVES = st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats(allow_nan=False)
PLAIN = st.recursive(
    LEAVES | st.text(max_size=9), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)


@fuzz(200)
@given(PLAIN)
def test_what_a_run_writes_is_read_back(tmp_path, content):
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert record(Folder(tmp_path), "a.json") == content
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(content))
    assert record(Folder(tmp_path), "a.yaml") == content


def test_entries_have_names(tmp_path):
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(UserError, match="no names with values"):
        entries(Folder(tmp_path), "a.json")


def test_visits_are_counted_and_not_objects():
    node = [1]
    for _ in range(MAX_DEPTH - 2):
        node = [node] * 10
    assert "more than" in foreign(node)
    assert foreign([[1] * 1000] * 900) == ""


def bomb(twelve):
    node = [1]
    for _ in range(twelve):
        node = [node] * 10
    return node


def test_a_card_that_unfolds_without_end_is_refused_at_once(tmp_path):
    torch.save(CONTENT | {"card": {"notes": bomb(12)}}, tmp_path / "a.ckpt")
    assert (tmp_path / "a.ckpt").stat().st_size < 20_000
    with (
        processor_seconds(30),
        pytest.raises(UserError, match="not a checkpoint of this project"),
    ):
        read(tmp_path / "a.ckpt")


def test_a_step_is_a_number_of_plain_digits(tmp_path):
    rows = ["²", "٣", "9" * 5000, "-1", "1.5", "", "1e3", "NaN"]
    (tmp_path / "metrics.csv").write_text(
        "\n".join(["step,a", *(f"{k},1" for k in rows), "2,7", ""])
    )
    logger = MetricsCSV(tmp_path, keep=10)
    logger.log_metrics({"a": 3.0}, step=11)
    logger.save()
    assert [row["step"] for row in table(Folder(tmp_path), "metrics.csv")] == ["2", "11"]


def test_only_finite_numbers_are_numbers():
    row = {"a": "1", "b": "x", "c": "nan", "d": 2, "e": True, "f": None, "g": "1e999", "h": [1]}
    assert numbers(row) == {"a": 1.0, "d": 2.0}


def test_a_summary_of_nothing_but_its_status(tmp_path):
    config = {"seed": 0}
    with RunDirectory(tmp_path / "run", config) as run:
        run.begin([], {"fingerprint": "a"})
        run.write_json("summary.json", {"status": "finished"})
    with RunDirectory(tmp_path / "run", config) as run:
        assert run.finished
        assert numbers(run.summary).get("val/loss") is None
