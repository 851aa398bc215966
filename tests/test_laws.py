"""Every part that `conf/` offers keeps the laws of its kind."""

import lightning
import pytest
from laws import HEAVY, LAWS, takes_any_channels_and_sizes, weighs
from lightning.pytorch.loggers import Logger
from omegaconf import OmegaConf
from parts import cases, composed, groups, names, part

from diffusion.commands.composing import compose_loggers, compose_trainer

MADE = {"trainer", "logger", "callbacks"}  # groups without a law: each is composed and made
COMPOSED = {"experiment", "sweep"}  # choices of choices, which test_conf.py and others compose


def name_of(case):
    return getattr(case, "__name__", str(case))


@pytest.mark.parametrize(("group", "name", "law"), cases(LAWS), ids=name_of)
def test_a_part_keeps_the_law(group, name, law):
    make = part(group, name)
    if group == "model" and law is not takes_any_channels_and_sizes and weighs(make) > HEAVY:
        pytest.skip("it would take a minute; its shapes are asked about")
    law(make)


def test_every_group_has_a_law_or_is_made():
    assert groups() == LAWS.keys() | MADE | COMPOSED


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group in sorted(MADE) for name in names(group)]
)
def test_what_has_no_law_is_made_as_training_makes_it(group, name, tmp_path):
    if name == "tensorboard":
        pytest.importorskip("tensorboard")
    words = [f"{group}={name}"] if group == "logger" else ["logger=csv", f"{group}={name}"]
    words += ["logger.mode=disabled"] if name == "wandb" else []
    config = OmegaConf.to_container(composed(*words), resolve=True)
    trainer = compose_trainer(config, tmp_path)
    assert isinstance(trainer, lightning.Trainer)
    wanted = {each["_target_"] for each in config["callbacks"].values() if each}
    made = {f"{type(each).__module__}.{type(each).__name__}" for each in trainer.callbacks}
    assert wanted <= made
    loggers = compose_loggers(config, tmp_path, 0)
    assert all(isinstance(each, Logger) for each in loggers)
    assert len(loggers) == (1 if config["logger"]["_target_"].endswith("csv_only") else 2)
