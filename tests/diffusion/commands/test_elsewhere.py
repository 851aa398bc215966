"""Words of other projects are answered with ours, and no hint is nonsense."""

from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from parts import CONF, names

from diffusion.commands.asking import asked
from diffusion.commands.complaints import sentence
from diffusion.commands.elsewhere import CHOICES, NAMES, SENTENCES
from diffusion.commands.entry import as_hydra_reads, plain
from diffusion.commands.unknown import VERBS, heads, is_of_a_choice, known_names

ANSWERS = {  # what is typed: a part of what is said
    "train": {
        "tags=[a]": "did you mean logger.wandb.tags?",
        "epochs=5": "trainer.max_steps=N or minutes=N",
        "trainer.max_epochs=10": "epochs are not counted",
        "steps=5": "did you mean trainer.max_steps or sampler.steps?",
        "n_steps=5": "did you mean trainer.max_steps or sampler.steps?",
        "lr=0.1": "did you mean optimizer.lr?",
        "learning_rate=0.1": "did you mean optimizer.lr? known are constant",
        "optimizer.learning_rate=0.1": "did you mean optimizer.lr?",
        "batch_size=16": "did you mean data.batch_size?",
        "gpus=2": "did you mean trainer.devices?",
        "device=cuda": "did you mean trainer.accelerator?",
        "trainer=gpu": "trainer=auto takes a GPU",
        "trainer=mps": "trainer=auto takes a GPU",
        "wandb.project=x": "did you mean logger.wandb.project?",
        "logger.wandb.entity=me": "logger.wandb has mode, project, tags, notes.",
        "model.dim=64": "did you mean model.widths?",
        "model.foo=64": "model has classes, widths",
        "checkpoint.monitor=val/loss": "checkpoint has every_n_steps, on_failure.",
        "scheduler=cosine": "did you mean schedule or learning_rate or sampler?",
        "noise_schedule=linear": "did you mean schedule?",
        "schedule=squaredcos_cap_v2": "did you mean schedule=cosine?",
        "schedule=karras": "sampler.grid=karras",
        "out_dir=x": "did you mean hydra.run.dir?",
        "paths.output_dir=x": "hydra.run.dir=DIR",
        "dataset=cifar10": "did you mean data?",
        "dataset.path=x": "did you mean data.path?",
        "data=mnist": "takes sprites of your own; known are array",
        "data=my_sprites": "data=my_sprites is not known; known are array",
        "model=dit": "model=dit is not known; known are base",
        "num_workers=4": "need no workers",
        "resolution=64": "sprites keep their size",
        "ema=false": "callbacks=no_ema",
        "precision=16": "did you mean trainer.precision?",
        "resume=true": "hydra.run.dir=RUN continues",
        "ckpt_path=x": "hydra.run.dir=RUN continues",
        "debug=default": "experiment=smoke",
        "trainer.fast_dev_run=true": "experiment=smoke",
        "trainer.profiler=simple": "benchmarks/steps.py",
        "train=false": "report.py runs=[RUN]",
        "callbacks.early_stopping.patience=5": "belongs to callbacks=early_stopping",
        "callbacks=none": "callbacks.NAME=null",
        "gradient_accumulation_steps=2": "did you mean trainer.accumulate_grad_batches?",
        "num_train_timesteps=9": "did you mean schedule.steps?",
        "num_inference_steps=9": "did you mean sampler.steps?",
        "sampler=dpmpp_2m": "sampler=dpm_solver is",
        "sampler=plms": "sampler=plms is not known; known are ddim",
        "loss=mse": "did you mean loss=noise?",
        "guidance=2": "guidance is a word of sample.py and look.py",
        "cfg_scale=2": "cfg_scale is guidance= at sample.py and look.py",
        "n_samples=4": "n_samples is n= at sample.py, look.py and report.py",
        "extras.print_config=false": "hydra.run.dir=DIR",
        "data.test=0.1": "data has n, size",
        "callbacks.model_checkpoint.monitor=x": "best.ckpt is chosen by itself",
        "verbose=true": "verbose is not known; --help lists",
    },
    "sample": {
        "num_inference_steps=20": "did you mean sampler.steps?",
        "steps=20": "did you mean sampler.steps?",
        "n_samples=4": "did you mean n?",
        "bs=4": "did you mean batch_size?",
        "ckpt_path=x": "did you mean run?",
        "model=x": "did you mean run?",
        "output_dir=x": "did you mean out?",
        "cfg_scale=2": "did you mean guidance?",
        "class=knight": "did you mean label?",
        "strength=0.5": "did you mean noise_level?",
        "mask=m.png": "did you mean keep?",
        "palette=pico8.gpl": "did you mean colours?",
        "device=cuda": "did you mean accelerator?",
        "gpus=1": "did you mean devices?",
        "sampler=euler": "sampler=ddim is Euler's",
        "data=forge": "data has path.",
        "lr=0.1": "lr is optimizer.lr= at train.py",
        "epochs=5": "epochs is not known; --help lists",
        "tags=a": "tags is logger.wandb.tags= at train.py",
        "model.dim=64": "model.dim is a word of train.py",
        "metrics=[fid]": "metrics is a word of train.py and report.py",
    },
    "look": {
        "out_dir=x": "did you mean out?",
        "steps=20": "did you mean sampler.steps?",
        "mask=x": "mask is keep= at sample.py",
        "callbacks=null": "callbacks is a word of train.py",
        "train=false": "train is not known; --help lists",
    },
    "report": {
        "run=x": "did you mean runs?",
        "ckpt=x": "did you mean runs?",
        "fid=true": "did you mean inception?",
        "panel=Bob": "panel is a word of look.py",
        "schedule=cosine": "schedule is a word of train.py and look.py",
        "train=false": "train is not known; --help lists",
    },
}


def _asked(verb, word):
    """As far as a run has to know the word, it is one that learned none."""
    cfg = compose(verb, as_hydra_reads(verb, [word]))
    asked(plain(cfg), SimpleNamespace(card={"sprites": {}}), verb=verb)


def said(verb, word, monkeypatch):
    monkeypatch.setattr("sys.argv", [f"{verb}.py", word])
    conf = initialize_config_dir(str(CONF), version_base="1.3")
    with conf, pytest.raises((HydraException, ValueError)) as refused:
        _asked(verb, word)
    return sentence(refused.value, verb)


@pytest.mark.parametrize(
    ("verb", "word"), [(verb, word) for verb, words in ANSWERS.items() for word in words]
)
def test_what_others_type_is_answered_with_ours(verb, word, monkeypatch):
    answer = said(verb, word, monkeypatch)
    assert ANSWERS[verb][word] in answer
    assert "_target_" not in answer


def test_all_that_is_offered_is_known():
    known = {name for verb in VERBS for name in known_names(verb)}
    for ours in NAMES:
        assert ours in known or any(is_of_a_choice(ours, verb) for verb in VERBS), ours
    answers = " ".join((*SENTENCES, *CHOICES)).split()
    typed = [word for word in answers if "=" in word]
    for word in typed:
        key, _, value = word.rstrip("?,;.").partition("=")
        if (CONF / key).is_dir():
            assert set(value.strip("[]").split(",")) <= set(names(key)), word
        assert key in known | {"hydra.run.dir", "data.path", "callbacks.NAME"} or any(
            is_of_a_choice(key, verb) for verb in VERBS
        ), word


def test_words_of_others_are_none_of_ours():
    """A word that training knows is never refused as unknown, and its answer never said."""
    for theirs in (" ".join(SENTENCES.values())).split():
        assert theirs not in heads("train"), theirs
    for choice in " ".join(CHOICES.values()).split():
        group, _, option = choice.partition("=")
        assert option not in names(group), choice
