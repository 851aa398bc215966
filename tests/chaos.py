"""Kills commands at random moments, again and again, and compares with what nobody killed.

    python tests/chaos.py                       5 kills of each variant; a table
    python tests/chaos.py --kills 20 --results 30
                                                as `make nightly`: 200 of training, 60 of
                                                sample.py and report.py; exits 1 if a bit differs

A command is started, killed with SIGKILL (with all its processes) after a random time, started
again, and so on until it ends by itself; a variant may be killed in one place alone, such as
inside validation. Then what it leaves must be what a command left that was never killed. Of
training these are weights, averages, optimizer, best checkpoint and pictures, bit for bit, and all
rows of `metrics.csv` but for their timing; of `sample.py` and `report.py` all their files. Typed
once more, the command must say that it has been done. After every kill each file that is there
must be whole.
"""

import argparse
import csv
import json
import os
import pkgutil
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from conftest import run_in_child  # noqa: E402
from PIL import Image  # noqa: E402

import diffusion.commands.reporting  # noqa: E402, F401  imported before a child is forked
import diffusion.commands.sampling  # noqa: E402, F401
import diffusion.commands.training  # noqa: E402, F401
from diffusion.runs.torchfiles import is_whole  # noqa: E402

LINE = (
    "train.py experiment=smoke logger=csv model.widths=[32] model.blocks=1 data.n=60 "
    "data.batch_size=8 sampler.steps=2 checkpoint.every_n_steps=4 trainer.accelerator=cpu "
    "trainer.max_steps=30 trainer.val_check_interval=10 trainer.log_every_n_steps=1 "
    "callbacks.samples=null callbacks.noise_levels=null closing=false hydra.run.dir=made"
)
SAMPLES = "callbacks.samples.n=8 callbacks.samples.sampler.steps=2"
COMPARED = ("state_dict", "current_model_state", "optimizer_states", "lr_schedulers")
PICTURES = (".png", ".gif")
MOST = 4  # kills of one run
LONGEST = 600  # seconds of a command that nobody kills


def trained(folder):
    """Everything of a run that must not depend on kills."""
    kept = {path.name: content(path) for path in folder.iterdir() if path.suffix in PICTURES}
    for name in ("last", "best"):
        checkpoint = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
        kept[name] = {part: checkpoint[part] for part in COMPARED if part in checkpoint}
    with (folder / "metrics.csv").open(newline="") as file:
        rows = csv.DictReader(file)
        kept["rows"] = [{k: v for k, v in row.items() if "per_second" not in k} for row in rows]
    return kept


def results(folder):
    """The content of every file."""
    return {str(path.relative_to(folder)): content(path) for path in files(folder)}


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def content(path):
    """Bytes; of an archive its arrays, as it also holds the time."""
    if path.suffix != ".npz":
        return path.read_bytes()
    with np.load(path) as arrays:
        return {name: (arrays[name].shape, arrays[name].tobytes()) for name in arrays}


@dataclass(frozen=True)
class Variant:
    """A command that is killed.

    Args:
        line: the command, whose results lie in `made`.
        inside: `module:function` in which it is killed; empty for any moment.
        result: what of the results must not depend on kills.
        done: what the command says when it has nothing to do.
    """

    line: str
    inside: str = ""
    result: Callable = trained
    done: str = "made is finished"


TRAINING = {
    "one process": Variant(LINE),
    "accumulated gradients": Variant(f"{LINE} trainer.accumulate_grad_batches=2"),
    "dropout": Variant(f"{LINE} model.dropout=0.2 flip=true"),
    "bf16": Variant(f"{LINE} trainer.precision=bf16-mixed"),
    "no averages": Variant(f"{LINE} callbacks.ema=null"),
    "two processes": Variant(f"{LINE} trainer=ddp trainer.devices=2"),
    "in validation": Variant(LINE, "lightning.pytorch.trainer.trainer:_EvaluationLoop.run"),
    "in sampling": Variant(
        f"{LINE.replace('callbacks.samples=null', SAMPLES)}",
        "diffusion.callbacks.samples:Samples.on_validation_epoch_end",
    ),
    "in writing a checkpoint": Variant(
        LINE, "diffusion.runs.checkpoint:AtomicCheckpointIO.save_checkpoint"
    ),
    "in closing": Variant(
        LINE.replace("closing=false", "closing=true"), "diffusion.commands.training:close_run"
    ),
}
RESULTS = {  # of the run of `one process`
    "sample.py": Variant(
        "sample.py run=../run/made n=24 batch_size=8 shards=2 png=true trajectory=true out=made",
        result=results,
        done="made already",
    ),
    "report.py": Variant(
        "report.py runs=[../run/made] n=24 out=made", result=results, done="made already"
    ),
}
VARIANTS = TRAINING | RESULTS


@dataclass
class Tally:
    """What happened to one variant."""

    runs: int = 0
    kills: int = 0
    exact: int = 0
    corrupt: int = 0

    def row(self, name):
        return f"| {name} | {self.runs} | {self.kills} | {self.exact} | {self.corrupt} |"


HEADER = "| variant | runs | kills | resumed exactly | found corrupt |\n|---|---|---|---|---|"


class Started:
    """A command in a process group of its own, forked from here so that it begins at once.

    Args:
        line: the command.
        folder: where it is typed.
        inside: the function whose visits it tells of; empty for one visit, its whole life.
    """

    def __init__(self, line, folder, inside=""):
        self.folder = folder
        self.told, telling = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            os.setsid()
            os.chdir(folder)
            os.environ["OMP_NUM_THREADS"] = "1"
            script, *words = line.split()
            run = run_in_child
            if inside:
                tell_visits(inside, telling)
            else:
                run = telling_of(run_in_child, telling)
            os._exit(run(script, words, folder))
        os.close(telling)

    def visits(self):
        """Seconds that each visit took, once the command has ended by itself."""
        times = []
        while os.read(self.told, 1):
            times.append(time.monotonic())
        self.wait(LONGEST)
        return [end - begin for begin, end in zip(times[::2], times[1::2], strict=True)]

    def wait_for(self, visit):
        """Waits until that visit begins, counted from 0, or the command ends."""
        for _ in range(2 * visit + 1):
            os.read(self.told, 1)

    def wait(self, seconds):
        """Whether it has ended by itself within so many seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            done, status = os.waitpid(self.child, os.WNOHANG)
            if done:
                os.close(self.told)
                if code := os.waitstatus_to_exitcode(status):
                    raise SystemExit(f"{code}: {self.said('.out')}{self.said('.err')}")
                return True
            time.sleep(0.002)
        return False

    def kill(self):
        """Ends it and all its processes at once."""
        os.killpg(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        os.close(self.told)

    def said(self, stream=".out"):
        return (self.folder / stream).read_text()


def tell_visits(inside, telling):
    """Replaces a function by itself and a word at the begin and the end of each visit."""
    module, _, names = inside.partition(":")
    *owner, name = names.split(".")
    place = pkgutil.resolve_name(":".join([module, ".".join(owner)]) if owner else module)
    setattr(place, name, telling_of(getattr(place, name), telling))


def telling_of(function, telling):
    def told(*arguments, **words):
        os.write(telling, b"<")
        try:
            return function(*arguments, **words)
        finally:
            os.write(telling, b">")

    return told


def is_sound(path):
    """Whether a file is whole, as far as its kind tells."""
    try:
        if path.suffix == ".ckpt":
            return is_whole(path)
        if path.suffix == ".npz":
            return bool(content(path))
        if path.suffix == ".json":
            json.loads(path.read_text())
        if path.suffix in PICTURES:
            with Image.open(path) as picture:
                picture.load()
        return path.suffix != ".html" or path.read_text().rstrip().endswith("</html>")
    except Exception:  # whatever a reader says of a damaged file
        return False


def kill_until_it_ends(variant, folder, kills, lengths, rng, tally):
    """One run, killed at most so often.

    Args:
        variant: the command.
        folder: where it is typed.
        kills: at most.
        lengths: seconds of each visit where nobody kills.
        rng: draws the moments.
        tally: counts.
    """
    for _ in range(kills):
        started = Started(variant.line, folder, variant.inside)
        started.wait_for(rng.randrange(len(lengths)))
        if started.wait(rng.uniform(0, max(lengths))):
            return
        started.kill()
        tally.kills += 1
        made = [path for path in files(folder / "made") if path.suffix != ".tmp"]
        tally.corrupt += sum(not is_sound(path) for path in made)
    Started(variant.line, folder).wait(LONGEST)


def equal(a, b):
    """Deep equality of nested containers of tensors, to the bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


def typed(line, folder, inside=""):
    """A command that ends by itself in a folder of its own: its visits."""
    folder.mkdir(exist_ok=True)
    return Started(line, folder, inside).visits()


def chaos(kills, seed, rows=print):
    """Kills variants, each as often as is said; a tally of each."""
    tallies = {}
    for name, wanted in kills.items():
        variant, rng, tally = VARIANTS[name], random.Random(f"{seed} {name}"), Tally()
        tallies[name] = tally
        with tempfile.TemporaryDirectory() as place:
            whole = Path(place) / "whole"
            if name in RESULTS:
                typed(LINE, Path(place) / "run")
            lengths = typed(variant.line, whole, variant.inside)
            expected = variant.result(whole / "made")
            while tally.kills < wanted:
                folder, before = Path(place) / str(tally.runs), tally.kills
                folder.mkdir()
                most = min(MOST, wanted - before)
                kill_until_it_ends(variant, folder, most, lengths, rng, tally)
                same = equal(variant.result(folder / "made"), expected)
                again = Started(variant.line, folder)
                again.wait(LONGEST)
                same &= variant.done in again.said() and not list(folder.glob("made-*"))
                tally.exact += same * (tally.kills - before)
                tally.runs += 1
        rows(tally.row(name))
    return tallies


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=5, help="of each variant of training")
    parser.add_argument("--results", type=int, default=5, help="of sample.py and of report.py")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    options = parser.parse_args()
    kills = {
        name: options.kills if name in TRAINING else options.results for name in options.variants
    }
    print(HEADER, flush=True)
    tallies = chaos(kills, options.seed, lambda row: print(row, flush=True)).values()
    total = Tally(*map(sum, zip(*map(astuple, tallies), strict=True)))
    print(total.row("all"))
    sys.exit(total.exact < total.kills or total.corrupt > 0)
