"""Every sentence that offers a remedy is met by typing something wrong, and its remedy is typed.

The sentences are collected from the source. A new one needs a `Case`: the words that lead to it,
and the words of each remedy; each is typed after the first, a `-word` takes that word away.
"""

import ast
import os
import re
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import pytest
import torch
import training
from conftest import ROOT
from drawnsheets import figures, tiled
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf
from PIL import Image

from datamodules.errors import DataError
from datamodules.nouns import LAYERS
from diffusion.commands import look, report, sample
from diffusion.commands.complaints import CONF
from diffusion.commands.composing import check_weighting, compose_module
from diffusion.commands.trainer import check_budget, compose_trainer
from diffusion.commands.typed import with_budget
from diffusion.errors import UserError
from diffusion.runs.building import build
from diffusion.runs.fine_tuning import begin_with

RNG = np.random.default_rng(0)
WORD = re.compile(r"(?<![\w.])[a-z][\w./]*=|~\w+|\b(?:train|sample|look|report)\.py\b")
TYPED = re.compile(r"(?<![\w.])([a-z][\w./]*=)(\[[^\]]*\]|'[^']*'|[\w/.-]*\w)?")


def sentences():
    """Where each refusal of the source stands, and its text with `{}` for what is put in."""
    for file in sorted([*ROOT.glob("diffusion/**/*.py"), *ROOT.glob("datamodules/**/*.py")]):
        for node in ast.walk(ast.parse(file.read_text())):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if named and node.func.id in ("UserError", "DataError") and node.args:
                yield f"{file.relative_to(ROOT)}:{node.lineno}", text(node.args[0])


def text(node):
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text(part) for part in node.values)
    return "{}"


def remedy(sentence):
    """The part that says what to do, where it is something to type; else nothing."""
    _, semicolon, advice = sentence.partition("; ")
    advice = advice if semicolon else re.sub(r"[a-z][\w.]*=\{\}", "", sentence)
    return advice if WORD.search(advice) else ""


OFFERED = {where: sentence for where, sentence in sentences() if remedy(sentence)}


def data(words):
    config = OmegaConf.to_container(composed("train", words), resolve=True)
    made = build(config["data"] | {"seed": 0}, ("datamodules",))
    made.setup()
    return config, made


def train(words):
    """All that is checked before the first step."""
    words = with_budget(words)
    if not any(word.startswith("data=") for word in words):
        words = ["data=forge", "data.n=60", *words]
    config, made = data(["data.batch_size=8", *words])
    check_budget(config, words)
    module = compose_module(config, made)
    if config["teacher"] is None:
        check_weighting(module.denoiser)
    if config["init_from"]:
        begin_with(module.denoiser, config["init_from"], ())
    compose_trainer(config, ROOT)


def typed(command, words):
    """A whole command, as its script has it."""
    read = {"sweep=": "runs_in=", "sampler.": "++sampler."}
    if not any(word.startswith("images=") for word in words):
        read["data."] = "++data."
    for old, new in read.items():
        words = [re.sub(f"^{re.escape(old)}", new, word) for word in words]
    name = command.__name__.rpartition(".")[2]
    HydraConfig.instance().set_config(composed(name, words, hydra=True))
    cfg = composed(name, words)
    command.main.__wrapped__(cfg)


def composed(name, words, hydra=False):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(name, list(words), return_hydra_config=hydra)


class Case(NamedTuple):
    """A way to a sentence and out of it again."""

    door: object
    words: str
    remedies: tuple

    def after(self, remedy):
        """The words with a remedy's."""
        new = remedy.split()
        keys = {word.lstrip("-").partition("=")[0] for word in new}
        kept = [w for w in self.words.split() if w.partition("=")[0] not in keys]
        return [*kept, *(word for word in new if not word.startswith("-"))]


def case(door, words, *remedies):
    return Case(door, words, remedies)


LOOK, REPORT, SAMPLE = (partial(typed, each) for each in (look, report, sample))
NOUNS = "data=nouns data.path=sprites.npy data.layers="
OUT = "-data data=array -data.layers"
FEW = "n=2 sampler.steps=2"
JUDGED = "n=16 sampler.steps=2 metrics=[pixel_art]"
OF_FILE = "data=array data.path=sprites.npz"
EIGHT = "[" + ",".join(f"'{k}1{k}2{k}3'" for k in range(8)) + "]"
STUDENT = f"experiment=distill {OF_FILE} teacher=run"
CASES = (
    case(data, "data=array data.path=sheet.png", "data=sheet", "data=folder data.path=loose"),
    case(data, "data=array data.path=loose", "data=folder"),
    case(data, "data=sheet data.path=odd.png", "data.cell=12 data.margin=0 data.spacing=1"),
    case(data, "data=folder data.path=loose data.background=pink",
         "data.background=ff00ff", "data.background='112233'"),
    case(data, "data=folder data.path=large", "data.fit=select"),
    case(data, "data=folder data.path=arrays", "data=array data.path=arrays/a.npy"),
    case(data, "data=sheet data.path=sheet.png data.cell=0", "data.cell=16", "data.cell=[24,16]"),
    case(data, "data=array data.path=indices.npy data.values=indices",
         "data.palette=colours.npy", "data.palette=[ff00ff,1a1a2e]"),
    case(data, "data=array data.path=small.npy",
         "data.palette=colours.npy", "data.values=stretch", "data.values=levels"),
    case(data, "data=array data.path=small.npy data.palette=[ff00ff,1a1a2e]",
         "data.values=levels -data.palette", "data.palette=colours.npy"),
    case(data, f"{NOUNS}other.npz", OUT),
    case(data, f"{NOUNS}glasses.npz", OUT),
    case(data, f"{NOUNS}empty.npz", OUT),
    case(data, f"{NOUNS}sprites.npz", OUT),
    case(data, "data=sheet data.path=film.gif", "data=folder"),
    case(data, "data=forge data.n=60 data.batch_size=99999",
         "data.batch_size=64 trainer.accumulate_grad_batches=2"),
    case(train, f"experiment=distill {OF_FILE}", "experiment=distill teacher=run"),
    case(train, "trainer.strategy=ddp_spawn", "trainer.strategy=ddp"),
    case(train, "schedule=zero_terminal prediction=epsilon",
         "prediction=velocity", "prediction=clean"),
    case(train, "schedule=zero_terminal prediction=velocity loss=noise",
         "schedule=cosine", "~loss -loss"),
    case(train, "loss=colours prediction=epsilon", "prediction=palette", "loss=noise"),
    case(train, "sampler=low_temperature prediction=epsilon", "prediction=palette",
         "sampler=dpm_solver"),
    case(train, f"{OF_FILE} prediction=palette weighting=min_snr",
         "weighting=uniform", "loss=noise"),
    case(train, "prediction=palette data=array data.path=random.npy data.most_colours=null",
         "prediction=velocity", "data.most_colours=auto"),
    case(train, "init_from=run model=base", "model=tiny model.widths=[32] model.blocks=1"),
    case(train, f"{STUDENT} data.most_colours=4", "data.most_colours=null"),
    case(train, f"{STUDENT} model=tiny", "-model experiment=distill"),
    case(train, "experiment=distill teacher=run data=forge data.n=60",
         f"{OF_FILE} data.hold_out=0.2 -data.n"),
    case(train, f"{STUDENT} optimizer=muon", "optimizer=adamw", "optimizer=adam"),
    case(train, f"{STUDENT} sampler=ddim", "sampler=ddpm sampler.variance=posterior"),
    case(train, "experiment=distill teacher=plain data=forge data.n=60",
         f"teacher=run {OF_FILE} -data.n"),
    case(train, "prediction=auto +prediction.width=3", "prediction=epsilon -+prediction.width"),
    case(train, f"{OF_FILE} data.kinds=null model.classes=attributes",
         "data.attributes=parts.csv", "data=folder data.path=nested data.attributes=folders"),
    case(train, "model=course prediction=epsilon model.classes=attributes", "model=tiny"),
    case(train, "data.hold_out=0", "minutes=1", "trainer.max_steps=9"),
    case(train, "trainer.max_steps=-1", "minutes=1 -trainer.max_steps", "trainer.max_steps=9"),
    case(train, "experiment=smoke callbacks=[]",
         "callbacks=default", "callbacks=[default,early_stopping]"),
    case(SAMPLE, f"{FEW} run=run labels=7", "labels={2:3}"),
    case(SAMPLE, f"{FEW} run=run labels={{2:0}}", "labels={2:3}"),
    case(SAMPLE, f"{FEW} run=run label=[]", "label=[2:1,10:0.5]"),
    case(SAMPLE, f"{FEW} run=run label=[2:x]", "label=[2:1,10:0.5]"),
    case(SAMPLE, f"{FEW} run=run of=90", "-of"),
    case(SAMPLE, f"{FEW} run=run of=90 index=1", "-index -labels -shards -of"),
    case(SAMPLE, f"{FEW} run=moved of=90", "data.path=sprites.npz -of"),
    case(SAMPLE, FEW, "run=run"),
    case(SAMPLE, f"{FEW} run=foreign.ckpt", "run=run"),
    case(SAMPLE, f"{FEW} run=run label=none guidance=3", "label=10", "guidance=1"),
    case(SAMPLE, f"{FEW} run=plain guidance=3", "run=run label=2", "guidance=1"),
    case(SAMPLE, f"{FEW} run=plain label=2", "run=run"),
    case(SAMPLE, f"{FEW} run=run label=1", "-label label_index=1"),
    case(SAMPLE, f"{FEW} run=run trust=[1]", "trust=mine", "trust=[mine,yours]"),
    case(SAMPLE, f"{FEW} run=run keep=alpha", "from=0", "from=a.png"),
    case(SAMPLE, f"{FEW} run=run recolour={EIGHT} colours=[ffffff]", "-colours -keep"),
    case(SAMPLE, f"{FEW} run=run recolour=['ffffff']", "-recolour colours=['ffffff']"),
    case(SAMPLE, f"{FEW} run=run from=0 keep=left colours=['ffffff']", "keep=alpha", "-colours"),
    case(SAMPLE, f"{FEW} run=plain colours=['ffffff']", "run=run"),
    case(SAMPLE, f"{FEW} run=run gallery=7", "gallery=true -shards"),
    case(SAMPLE, f"{FEW} run=run sheet.spacing=16384",
         "shards=2", "sheet.spacing=1", "sheet.scale=1 -sheet.spacing"),
    case(SAMPLE, "run=run sampler=heun page=heun.html", "sampler=dpm_solver"),
    case(SAMPLE, "run=run page=there.html page_weights=f16", "page=new.html"),
    case(LOOK, "data.n=60",
         "noising=Bob", "run=plain panel=Bob -data.n", "run=plain variations=Bob n=1 -data.n"),
    case(LOOK, "panel=Bob", "run=plain"),
    case(LOOK, "noising=0 run=moved", "data.path=sprites.npz"),
    case(LOOK, "noising=0 run=plain data.path=sprites.npz", "-data.path"),
    case(REPORT, JUDGED, "runs=[runs/a,runs/b]", "sweep=runs",
         "images=sprites.npz data=forge data.n=60", "motion=walk.gif"),
    case(REPORT, f"{JUDGED} runs=[run,plain] samplers=[ddim:1,ddim:2]",
         "runs=[run] -sampler.steps -sampler"),
    case(REPORT, "n=16 metrics=[pixel_art] runs=[run] samplers=[ddim:10]",
         "samplers=[ddim:10,heun:10]"),
    case(REPORT, "motion=none.gif", "motion=walk.gif"),
)  # fmt: skip
NOT_TYPED = {  # what a sentence is about cannot be had in a test, and why
    "holds no array called 'images'": "the remedy is a line of Python",
    "files and folders; give the folder": "a million files",
    "the last good checkpoint is kept. Try": "a training that diverges; see test_known_bugs",
    "at once; make them in parts": "a billion sprites; see test_sampling",
    "holds no run that could be continued": "the remedy is another command",
    "Give load_from_checkpoint": "the remedy is a line of Python",
    "training sprites are {} MB, and a page": "megabytes of sprites",
    "A page cannot": "the remedy is another training",
    "too large for a page": "the remedy is another training",
    "files=[indexed] holds": "a network of more colours; see test_engines",
    "A document of Aseprite": "65,536 sprites",
    "wandb_sweep= writes down": "the remedy is a sweep; see test_wandb_sweep",
    "logger.wandb.tags={} must be words": "of a logger that is made; see test_dashboards",
    "was told labels beside other attributes": "a run told kinds; see test_asking",
    "No attribute that tells sprites apart": "the report asks only sources that know theirs",
}
SLOW = [pytest.mark.processes, pytest.mark.nightly]
KNOWN = "prediction=palette model.classes=true"  # of the run that remedies name


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run of a palette with labels, a plain one, and one whose data is gone."""
    folder = tmp_path_factory.mktemp("runs")
    before = os.getcwd()
    os.chdir(folder)
    files(folder)
    short = ("trainer.max_steps=2", "trainer.val_check_interval=2", "closing=false")
    labelled = (*KNOWN.split(), "data=array", *short)
    for name in ("run", "moved"):
        np.savez(f"{name}.npz", **np.load("sprites.npz"))
        training.fit(folder / name, *labelled, f"data.path={name}.npz")
    training.fit(folder / "plain", *short)
    np.savez("moved.npz", images=RNG.integers(0, 256, (40, 8, 8, 4), dtype=np.uint8))
    (folder / "runs").mkdir()
    for name, run in (("a", "run"), ("b", "plain")):
        (folder / "runs" / name).symlink_to(folder / run)
    os.chdir(before)
    return folder


def files(folder):
    """Data of each kind in which something is wrong, or nothing."""
    sprites = RNG.integers(0, 2, (60, 16, 16, 4), dtype=np.uint8) * 255
    np.savez("sprites.npz", images=sprites, labels=np.array(["10", "2"])[np.arange(60) % 2])
    np.save("sprites.npy", sprites)
    Image.fromarray(sprites[0]).save("a.png")
    random = RNG.integers(0, 256, (40, 8, 8, 4), dtype=np.uint8)
    np.save("random.npy", random)
    np.save("indices.npy", RNG.integers(0, 2, (40, 8, 8), dtype=np.uint8))
    np.save("small.npy", RNG.integers(0, 4, (40, 8, 8, 1), dtype=np.uint8))
    np.save("colours.npy", RNG.integers(0, 256, (4, 3), dtype=np.uint8))
    (folder / "colours.txt").write_text("ff00ff\n1a1a2e\n")
    (folder / "there.safetensors").write_text("somebody's")
    torch.save({"weights": torch.zeros(3)}, "foreign.ckpt")
    (folder / "arrays").mkdir()
    np.save("arrays/a.npy", random)
    Image.fromarray(tiled(figures(RNG, 24, 16), 6)).save("sheet.png")
    walk = [Image.fromarray(each) for each in figures(RNG, 4, 16)]
    walk[0].save("walk.gif", save_all=True, append_images=walk[1:])
    Image.fromarray(RNG.integers(0, 256, (51, 51, 4), dtype=np.uint8)).save("odd.png")
    frames = [Image.fromarray(sprite[..., :3]) for sprite in random]
    frames[0].save("film.gif", save_all=True, append_images=frames[1:])
    for name, count in (("loose", 0), ("large", 30)):
        (folder / name).mkdir()
        for k, sprite in enumerate(random):
            Image.fromarray(sprite).save(f"{name}/{k:02}.png")
        for k in range(count):
            big = RNG.integers(0, 256, (300, 300, 3), dtype=np.uint8)
            Image.fromarray(big).save(f"{name}/big{k:02}.png")
    for name in ("a", "b"):
        (folder / "nested" / name).mkdir(parents=True)
        for k, sprite in enumerate(random[:20]):
            Image.fromarray(np.rot90(sprite) if name == "b" else sprite).save(
                f"nested/{name}/{k:02}.png"
            )
    (folder / "parts.csv").write_text("hair\n" + "red\nbrown\n" * 30)
    whole = np.full((1, 16, 16, 4), 255, np.uint8)
    np.savez("glasses.npz", **dict.fromkeys(LAYERS, whole))
    np.savez("empty.npz", **dict.fromkeys(LAYERS, whole * 0))
    half = whole.copy()
    half[:, :8] = 0
    small = [part[:, 4:12, 4:12] for part in (half, half, whole - half, whole - half)]
    np.savez("other.npz", **dict(zip(LAYERS, small, strict=True)))


@cache
def refusal(door, words):
    """What is said about these words."""
    words = last_of_each(word for word in words.split() if not word.startswith("-"))
    with pytest.raises((UserError, DataError)) as error:
        door(words)
    return " ".join(str(error.value).split())


def is_said(sentence, said):
    parts = map(re.escape, " ".join(sentence.split()).split(re.escape("{}").replace("\\", "")))
    return re.search(".*".join(parts), said, re.DOTALL) is not None


@pytest.mark.parametrize(
    "each",
    [pytest.param(each, marks=SLOW if each.door is REPORT else []) for each in CASES],
    ids=lambda each: each.words[-60:],
)
def test_what_a_sentence_says_to_type_works(runs, each, monkeypatch, tmp_path):
    monkeypatch.chdir(runs)
    said = refusal(each.door, each.words)
    offered = [sentence for sentence in OFFERED.values() if is_said(sentence, said)]
    assert offered, said
    typed = " ".join([*each.remedies, KNOWN])
    typed += re.sub(r"-([\w.]+)", r" \1=", typed)
    for key, value in TYPED.findall(remedy(offered[0])):
        definite = key + value if value and not re.search("[A-Z]", value) else key
        assert definite in typed, f"{definite} is offered and not typed: {said}"
    for k, one in enumerate(each.remedies):
        out = [] if each.door in (data, train) else [f"out={tmp_path}/{k}"]
        each.door([*last_of_each(each.after(one)), *out])


def last_of_each(words):
    return list({word.partition("=")[0]: word for word in words}.values())


def test_every_sentence_with_a_remedy_has_a_case(runs, monkeypatch):
    monkeypatch.chdir(runs)
    said = [refusal(each.door, each.words) for each in CASES]
    untyped = {
        where: sentence
        for where, sentence in OFFERED.items()
        if not any(is_said(sentence, one) for one in said)
        and not any(part in sentence for part in NOT_TYPED)
    }
    assert not untyped
