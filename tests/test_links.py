"""A run of a stranger, with links where we write: nothing is written through any of them."""

import shutil

import pytest
from conftest import QUICK

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept") / "run"


@pytest.fixture
def run(command, tmp_path, kept):
    """A run of six steps, made once."""
    if not kept.exists():
        assert command(f"{QUICK} hydra.run.dir=run").code == 0
        shutil.copytree(tmp_path / "run", kept)
        shutil.rmtree(tmp_path / "run")
    shutil.copytree(kept, tmp_path / "run")
    return tmp_path / "run"


CONTINUE = f"{QUICK} trainer.max_steps=8 hydra.run.dir=run"
PLANTED = [  # a writer of each kind; that there are no others is a law of the code
    (CONTINUE, "metrics.csv"),
    (CONTINUE, "train.log"),
    (CONTINUE, "noising.gif"),
    (CONTINUE, "checkpoints/previous.ckpt"),
    (CONTINUE.replace("logger=csv", "logger=wandb"), "wandb/debug.log"),
    (CONTINUE.replace("logger=csv", "logger=tensorboard"), "tensorboard/events.out.tfevents.1.a"),
    ("sample.py run=run n=2 sampler.steps=2", "samples/sheet.png"),
    ("report.py runs=[run] n=24", "report/report.json"),
]


@pytest.mark.parametrize(("line", "name"), PLANTED)
def test_a_link_in_place_of_a_file_is_named_and_not_followed(command, run, tmp_path, line, name):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    file = run / name
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    file.symlink_to(precious)
    result = command(line)
    assert precious.read_text() == "mine"
    assert result.code == 2, result
    assert f"{name.rpartition('/')[2]} is a link" in result.err or "damaged" in result.err


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (CONTINUE, "checkpoints"),
        ("sample.py run=run n=2 sampler.steps=2", "samples"),
        ("look.py run=run noising=Bob", "noising"),
    ],
)
def test_a_link_in_place_of_a_folder_is_named_and_not_followed(command, run, tmp_path, line, name):
    outside = tmp_path / "outside"
    if (run / name).exists():
        shutil.move(run / name, outside)
    else:
        outside.mkdir()
    (run / name).symlink_to(outside)
    before = {file: file.read_bytes() for file in outside.rglob("*")}
    result = command(line)
    assert {file: file.read_bytes() for file in outside.rglob("*")} == before
    assert (result.code, f"{name} is a link" in result.err) == (2, True), result
