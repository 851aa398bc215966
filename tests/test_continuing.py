"""In a directory that holds a run, what is not typed comes from that run, and is not trusted."""

import copy
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from diffusion.commands.complaints import CONF
from diffusion.commands.continuing import continued, with_saved_words
from diffusion.errors import UserError
from diffusion.runs.directory import RunDirectory, flat


def composed(words):
    words = [word for word in words if not word.startswith("hydra.")]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", words)
    cfg = OmegaConf.masked_copy(cfg, [key for key in cfg if key != "hydra"])
    return OmegaConf.to_container(cfg, resolve=True)


def begun(run, words, change=None):
    """A run directory as if training had begun with these words; the configuration in it."""
    config = composed(words)
    for key, value in (change or {}).items():
        *above, last = key.split(".")
        node = config
        for each in above:
            node = node[each]
        node[last] = value
    (run / ".hydra").mkdir(parents=True)
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "last.ckpt").touch()
    (run / ".hydra" / "config.yaml").write_text(yaml.safe_dump(config))
    (run / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(words))
    return config


def typed(run, *words):
    """The configuration that a command means."""
    return meant(run, *words)[0]


def meant(run, *words):
    all_words = with_saved_words([*words, f"hydra.run.dir='{run}'"])
    tasks = [word for word in all_words if not word.startswith("hydra.")]
    return continued(composed(tasks), run, tasks)


def differing(run, config, monkeypatch, younger=()):
    """The keys for which a command is refused."""
    monkeypatch.setattr(RunDirectory, "last", Path("last.ckpt"))
    try:
        with RunDirectory(run, config, younger):
            return ""
    except UserError as error:
        return str(error)


def test_what_is_not_typed_comes_from_the_run(tmp_path, monkeypatch):
    """Nothing typed; an old `experiment=best`; `data.path` alone; `model=small` changed since."""
    words = [
        *("experiment=best", "data=array", "data.path=a.npy", "model=small", "seed=3"),
        *("callbacks.ema=null", "trainer.max_steps=10"),
    ]
    changed = {"model.widths": [8, 8], "weighting.gamma": 7.5, "callbacks.samples.n": 5}
    config = begun(tmp_path / "run", words, changed)
    run = tmp_path / "run"
    assert typed(run) == config
    assert typed(run, "model=small") == config
    assert typed(run, "experiment=best", *words[1:4]) == config
    assert typed(run, "data.path=b.npy")["data"] == config["data"] | {"path": "b.npy"}
    longer = typed(run, "trainer.max_steps=20")
    assert flat(longer).items() ^ flat(config).items() >= {("trainer.max_steps", 20)}
    assert typed(run, "trainer.devices=2")["trainer"]["devices"] == 2
    for fine in (typed(run), longer, typed(run, "data.path=b.npy"), typed(run, "seed=3")):
        assert differing(run, fine, monkeypatch) == ""
    for word, key in (("model=tiny", "model.widths"), ("seed=4", "seed"), ("flip=true", "flip")):
        assert key in differing(run, typed(run, word), monkeypatch)
    assert "schedule" in differing(run, typed(run, "experiment=course", *words[1:3]), monkeypatch)


def test_a_key_that_is_younger_than_the_run_is_todays(tmp_path, monkeypatch):
    config = begun(tmp_path / "run", ["seed=1"])
    del config["closing"], config["label_drop"]
    (tmp_path / "run" / ".hydra" / "config.yaml").write_text(yaml.safe_dump(config))
    now, younger = meant(tmp_path / "run")
    assert (now["closing"], now["label_drop"]) == (True, 0.1)
    assert younger == {"closing", "label_drop"}
    assert differing(tmp_path / "run", now, monkeypatch, younger) == ""
    other = meant(tmp_path / "run", "label_drop=0.5")
    assert "label_drop" in differing(tmp_path / "run", other[0], monkeypatch, other[1])


def test_without_a_checkpoint_nothing_is_taken_over(tmp_path):
    begun(tmp_path / "run", ["seed=1"])
    (tmp_path / "run" / "checkpoints" / "last.ckpt").unlink()
    assert typed(tmp_path / "run")["seed"] == 0
    assert typed(tmp_path / "new")["seed"] == 0


@pytest.mark.parametrize(
    "word",
    [
        *("hydra.run.dir=/etc", "+hydra.x=1", "hydra/launcher=joblib", "-m", "--config-dir=x"),
        *("model._target_=os.system", "+x={_target_: os.system}", "seed=${oc.env:HOME}"),
        *("trust=os", "+x@hydra.callbacks=1", "", "a b"),
    ],
)
def test_saved_words_reach_no_further_than_the_configuration(tmp_path, word):
    begun(tmp_path / "run", ["seed=1"])
    file = tmp_path / "run" / ".hydra" / "overrides.yaml"
    file.write_text(yaml.safe_dump(["flip=true", word, {"a": 1}, 7]))
    line = ["--config-name", "train", f"hydra.run.dir={tmp_path / 'run'}"]
    assert with_saved_words(line) == [*line[:2], "flip=true", line[2]]


def places(node, way=()):
    """Where a `_target_` stands in a configuration, and each group."""
    for key, child in node.items():
        if isinstance(child, dict):
            yield (*way, key)
            yield from places(child, (*way, key))


PLANTS = (
    *("os.system", "subprocess.Popen", "diffusion.runs.files.write_file", "torch.load"),
    *("diffusion.callbacks.samples.torch.load", "diffusion.runs.claim.Claim", "torch.optim.os"),
    *("torch.hub.load", "lightning.Trainer.fit", "diffusion.callbacks", ""),
)


@pytest.mark.parametrize("plant", PLANTS)
def test_no_group_of_a_strangers_configuration_names_code(tmp_path, plant):
    """Every group meets every third plant, and neighbours others."""
    run = tmp_path / "run"
    good = begun(run, ["logger=csv"])
    file = run / ".hydra" / "config.yaml"
    for way in list(places(good))[PLANTS.index(plant) % 3 :: 3]:
        bad = copy.deepcopy(good)
        node = bad
        for key in way:
            node = node[key]
        node["_target_"] = plant
        node["command"] = "mkdir trapped"
        file.write_text(yaml.safe_dump(bad))
        if way[0] == "logger":  # is always today's
            assert typed(run)["logger"] == good["logger"]
            continue
        with pytest.raises(UserError, match=r"which is no class of this project; type it again"):
            typed(run)


def test_what_is_typed_again_or_trusted_is_taken(tmp_path):
    run = tmp_path / "run"
    begun(run, ["model._target_=mine.Net"])
    with pytest.raises(UserError, match=r"model\._target_ is mine\.Net.*trust=mine"):
        typed(run)
    assert typed(run, "trust=mine")["model"]["_target_"] == "mine.Net"
    assert typed(run, "model._target_=mine.Net")["model"]["_target_"] == "mine.Net"


def test_a_strangers_configuration_reads_no_environment(tmp_path):
    begun(tmp_path / "run", [], {"sampler.steps": "${oc.env:HOME}"})
    with pytest.raises(UserError, match=r"sampler\.steps is \$\{oc\.env:HOME\}; type it again"):
        typed(tmp_path / "run")


@pytest.mark.processes
def test_what_the_data_decided_stays_decided(command, tmp_path):
    line = "train.py data.n=60 model.widths=[32] model.blocks=1 data.batch_size=8 logger=csv"
    line += " closing=false callbacks.samples=null callbacks.noise_levels=null hydra.run.dir=run"
    line += " trainer.val_check_interval=2"
    first = command(f"{line} trainer.max_steps=2")
    assert (first.code, "prediction=palette" in first.out) == (0, True), first
    saved = yaml.safe_load((tmp_path / "run" / ".hydra" / "config.yaml").read_text())
    assert saved["prediction"]["_target_"].endswith("Palette")
    again = command(f"{line} trainer.max_steps=4")
    assert "continues at step 2" in again.out, again
    assert "chosen" not in again.out
    other = command(f"{line} trainer.max_steps=4 prediction=velocity")
    assert (other.code, "prediction" in other.err) == (2, True), other
