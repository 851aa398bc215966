"""Every YAML of every group composes, and what it describes can be made."""

import inspect
from contextlib import suppress

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_class, instantiate
from laws import LAWS
from omegaconf import OmegaConf
from parts import CONF, composed, names

from diffusion.errors import UserError
from diffusion.runs.building import build, build_denoiser
from diffusion.runs.cards import PARTS

OPTIONS = sorted(  # of a training; the files that sample.py writes have laws of their own
    (file.parent.name, file.stem) for file in CONF.glob("*/*.yaml") if file.parent.name != "files"
)
STUDENT = ("model=tiny", "schedule=linear", "prediction=epsilon", "weighting=uniform")
COMPANIONS = ((), ("prediction=velocity",), ("prediction=palette",), STUDENT)  # until one fits


def fitting(group, option):
    """The configuration of an option and its recipe, with the first companions that it takes."""
    for words in COMPANIONS:
        cfg = composed(f"{group}={option}", *words)
        config = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
        recipe = {part: config[part] for part in PARTS if config.get(part)}
        if "model" not in recipe:
            continue
        small = {"widths": [32, 32]} if "widths" in recipe["model"] else {}
        recipe["model"] |= {"channels": 3, "classes": 0, **small}
        with suppress(UserError):
            return cfg, config, build_denoiser(recipe)
    raise AssertionError(f"{group}={option} goes with nothing")


def test_the_groups_are_the_promised_ones():
    groups = {"schedule", "prediction", "weighting", "model", "sampler", "data", "optimizer"}
    groups |= {"loss", "callbacks", "logger", "trainer", "experiment", "metrics"}
    assert groups <= {group for group, _ in OPTIONS}


@pytest.mark.parametrize(("group", "option"), OPTIONS, ids=["=".join(pair) for pair in OPTIONS])
def test_every_option_composes_and_instantiates(group, option):
    cfg, config, denoiser = fitting(group, option)
    assert denoiser.schedule.grid(7).shape == (8,)
    assert instantiate(cfg.sampler).steps == config["sampler"]["steps"]
    for part in ("optimizer", "learning_rate", "checkpoint", "callbacks", "metrics"):
        instantiate(cfg[part])
    assert build(config["data"] | {"seed": 1}, ("datamodules",)).batch_size == cfg.data.batch_size
    if group == "trainer":
        named = "accelerator devices precision max_steps max_time log_every_n_steps"
        listed = set(f"{named} accumulate_grad_batches gradient_clip_val".split())
        assert listed <= config["trainer"].keys()


def test_the_default_is_the_best_recipe_on_the_users_data():
    cfg = composed()
    assert cfg == composed("experiment=best")
    assert cfg.data._target_.endswith("ForgeData")
    assert cfg.trainer.accelerator == "auto"
    assert cfg.trainer.devices == 1


PINNED = {
    "best": "tiny cosine auto uniform - dpm_solver muon cosine",
    "textbook": "tiny linear epsilon uniform - ddpm adamw cosine",
    "smoke": "tiny linear epsilon uniform - ddpm adamw cosine",
    "course": "course linear epsilon uniform - ddpm adam linear",
    "distill": "- - - - - ddpm adamw cosine",
}
GROUPS = [
    "model",
    "schedule",
    "prediction",
    "weighting",
    "loss",
    "sampler",
    "optimizer",
    "learning_rate",
]


@pytest.mark.parametrize("experiment", sorted(PINNED))
def test_an_experiment_names_every_part_so_that_other_defaults_change_none(experiment):
    assert sorted(PINNED) == names("experiment")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", [f"experiment={experiment}"], return_hydra_config=True)
    chosen = [cfg.hydra.runtime.choices[group] or "-" for group in GROUPS]
    assert chosen == PINNED[experiment].split()
    written = OmegaConf.load(CONF / "experiment" / f"{experiment}.yaml").defaults
    assert {key for entry in written for key in entry} >= {
        f"override /{group}" for group in GROUPS
    }


def test_wrappers_take_any_base():
    for base in ("linear", "sigmoid", "laplace"):
        cfg = composed("schedule=shifted", f"schedule@schedule.base={base}")
        assert type(instantiate(cfg.schedule).base).__name__.lower() == base


def test_a_default_in_code_is_that_of_a_yaml():
    """A number has one home; where a class has a default too, one of its YAMLs says the same."""
    told: dict[str, list[bool]] = {}
    for group in LAWS.keys() - {"data", "metrics", "files", "trainer", "callbacks", "logger"}:
        for name in names(group):
            settings = OmegaConf.to_container(composed(f"{group}={name}")[group])
            target = settings.pop("_target_")
            if target.startswith("torch."):
                continue
            known = inspect.signature(get_class(target)).parameters
            agrees = [
                _plain(known[key].default) == value
                for key, value in settings.items()
                if key in known
                and known[key].default is not inspect.Parameter.empty
                and key
                not in (
                    "colours",
                    "base",
                    "classes",
                    "layout",
                    "looks",
                    "points",
                )  # old recipes have none
            ]
            told.setdefault(target, []).append(all(agrees))
    assert [target for target, found in told.items() if not any(found)] == []


def _plain(value):
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value
