"""Kills training at random moments, again and again, and compares with runs that nobody killed.

    python tests/chaos.py --kills 30        prints a table; exits 1 if a single bit differs

A run is started, killed with SIGKILL (with all its processes) after a random time, started again,
and so on until it ends by itself. Then weights, averages, optimizer and best checkpoint must be
those of a run that was never killed, bit for bit, and so must all rows of `metrics.csv` but for
their timing. After every kill each checkpoint must be whole.
"""

import argparse
import csv
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import torch  # noqa: E402
from conftest import run_in_child  # noqa: E402

from diffusion.runs.torchfiles import is_whole  # noqa: E402

LINE = (
    "train.py experiment=smoke logger=csv model.widths=[32] model.blocks=1 data.n=100 "
    "data.batch_size=8 sampler.steps=2 callbacks.samples.n=8 checkpoint.every_n_steps=5 "
    "trainer.accelerator=cpu trainer.max_steps=40 trainer.val_check_interval=10 "
    "trainer.log_every_n_steps=1"
)
VARIANTS = {
    "one process": "",
    "accumulated gradients": "trainer.accumulate_grad_batches=2",
    "dropout": "model.dropout=0.2 flip=true",
    "bf16": "trainer.precision=bf16-mixed",
    "no averages": "callbacks.ema=null",
    "two processes": "trainer=ddp trainer.devices=2",
}
COMPARED = ("state_dict", "current_model_state", "optimizer_states", "lr_schedulers")


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


def started(line, folder):
    """The command in a process group of its own, forked from here so that it begins at once."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(folder)
        os.environ["OMP_NUM_THREADS"] = "1"
        script, *words = line.split()
        os._exit(run_in_child(script, words, folder))
    return child


def ended(child, seconds):
    """The exit code of a child, or None if it still runs after so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    return None


def kill_until_it_ends(line, folder, most, longest, rng, tally):
    """One run, killed at most so often; its first starts are killed earlier than its last."""
    for kill in range(most + 1):
        child = started(line, folder)
        code = ended(child, rng.uniform(0, longest) if kill < most else 600)
        if code is None:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            tally.kills += 1
            files = folder.glob("run/checkpoints/*.ckpt")
            tally.corrupt += sum(not is_whole(file) for file in files)
        elif code:
            raise SystemExit((folder / ".out").read_text() + (folder / ".err").read_text())
        else:
            return


def equal(a, b):
    """Deep equality of nested containers of tensors, to the bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


def result(run):
    """Everything of a run that must not depend on kills."""
    kept = {}
    for name in ("last", "best"):
        content = torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)
        kept[name] = {part: content[part] for part in COMPARED if part in content}
    with (run / "metrics.csv").open(newline="") as file:
        rows = csv.DictReader(file)
        kept["rows"] = [{k: v for k, v in row.items() if "per_second" not in k} for row in rows]
    return kept


def chaos(variants, kills, seed, rows=print, most=4):
    """Kills each variant so often; a tally of each."""
    tallies = {}
    for name in variants:
        rng, tally = random.Random(f"{seed} {name}"), tallies.setdefault(name, Tally())
        with tempfile.TemporaryDirectory() as place:
            line, whole = f"{LINE} {VARIANTS[name]} hydra.run.dir=run", Path(place) / "whole"
            whole.mkdir()
            began = time.monotonic()
            if code := ended(started(line, whole), 600):
                raise SystemExit(f"{code}: {(whole / '.err').read_text()}")
            longest, expected = time.monotonic() - began, result(whole / "run")
            while tally.kills < kills:
                folder = Path(place) / str(tally.runs)
                folder.mkdir()
                before = tally.kills
                kill_until_it_ends(line, folder, min(most, kills - before), longest, rng, tally)
                found = result(folder / "run")
                same = all(equal(found[part], expected[part]) for part in expected)
                tally.exact += same * (tally.kills - before)
                tally.runs += 1
                shutil.rmtree(folder)
        rows(tally.row(name))
    return tallies


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=5, help="of each variant")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    options = parser.parse_args()
    print(HEADER, flush=True)
    tallies = chaos(
        options.variants, options.kills, options.seed, lambda row: print(row, flush=True)
    ).values()
    total = Tally(
        *(sum(getattr(t, f) for t in tallies) for f in ("runs", "kills", "exact", "corrupt"))
    )
    print(total.row("all"))
    sys.exit(total.exact < total.kills or total.corrupt > 0)
