"""What `train.py` does once its words and its directory are in order."""

import logging
from typing import Any

from datamodules.kinds import KIND
from datamodules.rules import READER
from diffusion import pictures
from diffusion.callbacks.checkpoints import validated
from diffusion.callbacks.early_stopping import EarlyStopping
from diffusion.clock import callback_of
from diffusion.commands.checking import examined, in_words
from diffusion.commands.choosing import KINDS, chosen, in_lines
from diffusion.commands.closing import close_run
from diffusion.commands.composing import check_weighting, compose_module
from diffusion.commands.trainer import (
    check_averages,
    check_budget,
    check_loggers,
    compose_loggers,
    compose_trainer,
    facts_of,
)
from diffusion.commands.views import warning
from diffusion.drawing.kinds import kinds_picture
from diffusion.levels.noising import noising_pictures
from diffusion.runs.checkpoint import read
from diffusion.runs.directory import RunDirectory
from diffusion.runs.fine_tuning import begin_with
from diffusion.runs.loggers import ended_loggers
from diffusion.runs.trust import trusted

NOISED_SPRITES = 3  # sprites in noising.png


def train(
    config: dict[str, Any],
    run: RunDirectory,
    words: list[str],
    choices: dict[str, str] | None = None,
) -> float | None:
    """Trains from the start, or from the run's last checkpoint, and closes the run.

    Args:
        config: the resolved configuration as plain containers.
        run: where; entered, and not finished.
        words: of the command line.
        choices: the names that they stand for, such as `schedule: linear`, for loggers.

    Returns:
        the validation loss, on the first process; None without held-out sprites.
    """
    for library in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(library).setLevel(logging.ERROR)
    check_loggers(config)
    check_averages(config, words)
    if not run.last:
        check_budget(config, words)
    reader = run.data_card.get("reader", 1) if run.last else READER
    data = examined(config, reader)
    config, picked = chosen(config, data)
    run.config = config
    for text in [*in_words(data, config), *in_lines(picked, data)]:
        run.say(text)
    module = compose_module(config, data)
    if not run.last and config["teacher"] is None:  # what was begun goes on
        check_weighting(module.denoiser)
    if doubt := warning(module.denoiser.schedule, data):
        run.say(doubt)
    if config["init_from"] is not None and not run.last:
        run.say(begin_with(module.denoiser, str(config["init_from"]), trusted(config["trust"])))
    step = read(run.last)["global_step"] if run.last else 0
    trainer = compose_trainer(config, run.path)
    stopping = callback_of(trainer, EarlyStopping)
    if stopping:
        stopping.check(trainer, data)

    run.begin(words, data.card)
    if run.leads:
        shown = data.images(data.split["train"][:NOISED_SPRITES])
        run.folder.write_all(noising_pictures(shown, module.denoiser.schedule))
        if module.denoiser.attributes and KINDS in data.card:
            run.folder.write("kinds.png", pictures.png(kinds_picture(data, KIND)))
        if imported := data.imported():
            run.folder.write("imported.png", pictures.png(imported))
    if step:
        run.say(f"continues at step {step}")
    if config["compile"]:
        run.say("compile=true: the first step and the first validation take minutes")
    with ended_loggers():
        facts = facts_of(module, trainer, data) | {"words": words}
        facts |= {"choices": (choices or {}) | picked}
        trainer.loggers = compose_loggers(config, run.path, step, facts)
        trainer.fit(module, datamodule=data, ckpt_path=run.last, weights_only=True)
        if stopping and stopping.reason:
            run.say(f"stopped at step {trainer.global_step}: {stopping.reason}")
        if not validated(trainer):
            trainer.validate(module, datamodule=data, verbose=False)
        if not trainer.is_global_zero:
            return None
        return close_run(run, trainer, data, words).get("val/loss")
