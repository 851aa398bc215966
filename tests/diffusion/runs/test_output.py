"""Results are never replaced: the same settings go on, others go to a folder of their own."""

import os
from contextlib import suppress

import pytest

from diffusion.errors import UserError
from diffusion.runs.claim import Claim
from diffusion.runs.files import Folder
from diffusion.runs.output import Output


@pytest.fixture(autouse=True)
def _given_back():
    yield
    Claim.give_all_back()


def written(folder, settings, **files):
    output = Output(folder, settings)
    for name, text in files.items():
        output.add(name, text)
    Claim.give_all_back()
    return output.path.name


@pytest.mark.parametrize("below", [(), ("samples",)])
def test_other_settings_go_to_a_folder_with_a_number(tmp_path, below):
    folder = Folder(tmp_path / "run", *below)
    names = [written(folder, {"seed": k}, a=f"{k}") for k in (0, 1, 0, 2, 1)]
    first = folder.path.name
    assert names == [first, f"{first}-2", first, f"{first}-3", f"{first}-2"]
    for k, name in ((0, first), (1, f"{first}-2"), (2, f"{first}-3")):
        assert (folder.path.parent / name / "a").read_text() == str(k)


def test_what_is_missing_is_added_and_what_is_there_stays(tmp_path):
    assert written(Folder(tmp_path / "x"), {"seed": 0}, a="1", b="1") == "x"
    os.remove(tmp_path / "x" / "a")
    (tmp_path / "x" / ".b.0123456789ab.tmp").write_text("half")
    assert written(Folder(tmp_path / "x"), {"seed": 0}, a="2", b="2") == "x"
    assert (tmp_path / "x" / "a").read_text() == "2"
    assert (tmp_path / "x" / "b").read_text() == "1"
    assert sorted(os.listdir(tmp_path / "x")) == ["a", "b", "settings.json"]


@pytest.mark.parametrize("settings", ["{", "[" * 9999, "null", '{"seed": 1}', ""])
def test_what_somebody_else_left_is_not_touched(tmp_path, settings):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "settings.json").write_text(settings)
    (tmp_path / "x" / "a").write_text("diary")
    assert written(Folder(tmp_path / "x"), {"seed": 0}, a="1") == "x-2"
    assert (tmp_path / "x" / "a").read_text() == "diary"


def test_what_is_refused_before_its_first_result_leaves_nothing(tmp_path):
    Output(Folder(tmp_path / "x", "report"), {})
    Claim.give_all_back()
    assert not any(tmp_path.iterdir())


def test_links_are_refused_by_name(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "samples").symlink_to(tmp_path / "home")
    with pytest.raises(UserError, match="run/samples is a link"):
        Output(Folder(tmp_path / "run", "samples"), {})
    (tmp_path / "run" / "samples").unlink()
    (tmp_path / "run" / "samples").mkdir()
    (tmp_path / "run" / "samples" / "sheet.png").symlink_to(tmp_path / "home" / "precious")
    with pytest.raises(UserError, match=r"sheet\.png is a link"):
        Output(Folder(tmp_path / "run", "samples"), {})


@pytest.mark.parametrize("moment", range(8))
def test_whenever_it_is_killed_the_same_command_completes_it(tmp_path, monkeypatch, moment):
    files = {"a": "1", "b": "2", "deep/c": "3"}

    def command():
        output = Output(Folder(tmp_path / "x"), {"seed": 0})
        for name, text in files.items():
            output.add(name, text)

    calls = iter(range(100))
    for name in ("replace", "open"):
        real = getattr(os, name)

        def killed(*arguments, real=real, **options):
            if next(calls) == 3 * moment:
                raise KeyboardInterrupt
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, killed)
    with suppress(KeyboardInterrupt):
        command()
    monkeypatch.undo()
    Claim.give_all_back()
    command()
    found = {str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file()}
    assert found == {f"x/{name}" for name in (*files, "settings.json")}
    assert all((tmp_path / "x" / name).read_text() == text for name, text in files.items())
