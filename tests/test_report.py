"""`report.py` as typed: one file that judges a run, and sprites from anywhere."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from datamodules.forge import ForgeData


@pytest.fixture
def forge():
    data = ForgeData(n=300)
    data.setup()
    return data


def save(path, data, rows):
    np.savez(path, images=data.sprites.take(rows))


@pytest.mark.processes
def test_a_run_is_judged(command, trained, tmp_path):
    trained()
    result = command("report.py runs=[run] n=40")
    assert result.code == 0, result
    page = (tmp_path / "run" / "report" / "report.html").read_text()
    assert not re.search(r"""(src|href)=["']?(https?:)?//|url\(["']?http|@import""", page)
    found = json.loads((tmp_path / "run" / "report" / "report.json").read_text())
    for key in ("sprite_fd", "sprite_fd_low", "sprite_fd_floor", "sprite_fd_noise", "copy_rate"):
        assert np.isfinite(found[f"samples/{key}"])
    assert found["samples/sprite_fd_floor"] < found["samples/sprite_fd"]
    rows = json.loads((tmp_path / "run" / "report" / "manifest.json").read_text())
    assert [row["index"] for row in rows] == list(range(40))
    assert {"verdict", "percentile", "nearest", "distance"} <= rows[0].keys()
    again = command("report.py runs=[run] n=40")  # its own folder may be written again
    assert again.code == 0
    two = command("report.py runs=[run] samplers=[ddim:2,dpm_solver:3] n=24 out=two")
    assert two.code == 0, two
    found = json.loads((tmp_path / "two" / "report.json").read_text())
    assert {name: run["evaluations"] for name, run in found.items()} == {
        "ddim:2": 2,
        "dpm_solver:3": 3,
    }


@pytest.mark.processes
def test_sprites_from_anywhere_are_judged(command, forge, tmp_path):
    rows = np.concatenate([forge.split["train"][:30], forge.split["test"]])
    save(tmp_path / "theirs.npz", forge, rows)
    save(tmp_path / "known.npz", forge, forge.split["train"])
    line = "report.py images=theirs.npz data=array data.path=known.npz out=out"
    assert command(line).code == 0
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["samples/copy"] == pytest.approx(0.5, abs=0.05)
    verdicts = [row["verdict"] for row in json.loads((tmp_path / "out/manifest.json").read_text())]
    assert verdicts[:30] == ["copy"] * 30


def test_frames_are_audited(command, forge, tmp_path):
    one, other = forge.sprites.take(np.arange(2))
    for name, frames in (("good", [one, np.roll(one, 1, 0)]), ("bad", [one, one, other])):
        Image.fromarray(np.hstack(frames)).save(tmp_path / f"{name}.png")
    result = command("report.py motion=. out=motion")
    assert result.code == 0, result
    assert "bad.png: frame 2 is frame 1 again" in result.out
    assert "2 strips, 1 with a fault (1 duplicate" in result.out
    strips = json.loads((tmp_path / "motion" / "motion.json").read_text())["strips"]
    assert {each["strip"]: bool(each["faults"]) for each in strips} == {
        "bad.png": True,
        "good.png": False,
    }
    Image.open(tmp_path / "motion" / "motion.png").verify()
    assert command("report.py motion=. out=motion").code == 0  # its own picture is no strip
    assert not (tmp_path / "motion-2").exists()


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("motion=nothing.gif", "check motion="),
        ("motion=5", "check motion="),
        ("motion=small.npz", "must hold an array frames"),
        ("motion=a.gif runs=[a]", "Give what to judge"),
        ("", "Give what to judge"),
        ("runs=[a] sweep=b", "Give what to judge"),
        ("runs=[a,b] samplers=[ddim:1,ddim:2]", "give runs=[RUN]"),
        ("runs=[nothing]", "There is no run nothing"),
        ("sweep=nothing", "no runs with checkpoints in nothing"),
        ("runs=[a] n=0", "n=0 must be"),
        ("runs=[a] n=many", "n=many must be"),
        ("runs=[a] metrics=[best]", "metrics=best is not known"),
        ("images=none.npz data=forge", "none.npz"),
        ("images=small.npz data=forge data.n=40", "they must match"),
    ],
)
def test_wrong_words_end_in_a_sentence(command, forge, tmp_path, words, remedy):
    small = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "small.npz", images=small)
    before = sorted(tmp_path.iterdir())
    result = command(f"report.py {words}")
    assert (result.code, result.out) == (2, ""), result
    assert remedy in result.err
    assert result.err.count("\n") == 1
    written = {file for file in tmp_path.iterdir() if not file.name.startswith(".")}
    assert written == set(before) - {tmp_path / ".out", tmp_path / ".err"}
