"""An hour of training with validations, pictures, metrics and checkpoints at a high rate.

    OMP_NUM_THREADS=1 python benchmarks/soak.py --minutes 60

Does memory stay flat, and are all files closed and all temporary ones gone? What the process uses
is read from /proc, so this needs Linux. The slope of memory is a least-squares line through 50
means of neighbouring readings after the first tenth of the time.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import linregress

TRAIN = Path(__file__).parents[1] / "train.py"
EVERY = 20  # steps between two checkpoints
WORDS = (
    "experiment=smoke model=tiny data=forge data.n=400 logger=csv sampler=dpm_solver "
    f"trainer.max_steps=-1 trainer.val_check_interval=40 checkpoint.every_n_steps={EVERY}"
)
SECONDS = 3  # between two readings
WARM_UP = 0.1  # share of the time
POINTS = 50


@dataclass(frozen=True)
class Reading:
    """What the process used at a moment; memory in MB."""

    minute: float
    resident: float
    anonymous: float
    threads: int
    files: int
    temporary: int


def read(pid: int, minute: float, folders: tuple[Path, ...]) -> Reading:
    """Of a running process; OSError or KeyError when it has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    resident, anonymous = (int(status[key].split()[0]) / 1024 for key in ("VmRSS", "RssAnon"))
    files, left = len(os.listdir(f"/proc/{pid}/fd")), len(temporary(*folders))
    return Reading(minute, resident, anonymous, int(status["Threads"]), files, left)


def temporary(run: Path, elsewhere: Path) -> list[Path]:
    """What will not stay: files beside their targets, and all in the folder for such."""
    return [*run.rglob(".*.tmp"), *(file for file in elsewhere.rglob("*") if file.is_file())]


def soak(minutes: float, run: Path, elsewhere: Path) -> list[Reading]:
    """Trains for so long in a process of its own; readings from its first row of metrics on."""
    length = time.strftime("%H:%M:%S", time.gmtime(minutes * 60))
    words = [*WORDS.split(), f"trainer.max_time=00:{length}", f"hydra.run.dir={run}"]
    environment = os.environ | {"TMPDIR": str(elsewhere), "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, str(TRAIN), *words], env=environment)
    readings, began = [], None
    while child.poll() is None:
        if began is None and (run / "metrics.csv").exists():
            began = time.monotonic()
        if began is not None:
            with suppress(OSError, KeyError):
                minute = (time.monotonic() - began) / 60
                readings.append(read(child.pid, minute, (run, elsewhere)))
        time.sleep(SECONDS)
    if code := child.wait():
        sys.exit(f"train.py ended with {code}")
    return [each for each in readings if each.minute <= minutes]  # closing is not soaking


def slope(minutes: np.ndarray, megabytes: np.ndarray) -> str:
    """MB per hour, with its standard error."""
    parts = [np.array_split(each, min(POINTS, len(each))) for each in (minutes, megabytes)]
    x, y = ([part.mean() for part in each] for each in parts)
    line = linregress(np.array(x) / 60, y)
    return f"{line.slope:+.1f} ± {line.stderr:.1f}"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run, elsewhere = Path(folder) / "run", Path(folder) / "tmp"
        elsewhere.mkdir()
        readings = soak(arguments.minutes, run, elsewhere)
        with (run / "metrics.csv").open(newline="") as file:
            validations = sum(bool(row["val/loss"]) for row in csv.DictReader(file))
        steps = json.loads((run / "summary.json").read_text())["step"]
        left = len(temporary(run, elsewhere))
    minute = np.array([each.minute for each in readings])
    warm = minute > WARM_UP * arguments.minutes
    print("| figure | value |\n|---|---|")
    print(f"| minutes | {minute[-1]:.1f} |\n| steps | {steps:,} |")
    print(f"| validations, each with pictures and metrics | {validations:,} |")
    print(f"| checkpoints | {steps // EVERY:,} |")
    for kind in ("resident", "anonymous"):
        memory = np.array([getattr(each, kind) for each in readings])
        at = " ".join(f"{np.interp(x * minute[-1], minute, memory):.0f}" for x in (0.1, 0.5, 1))
        print(f"| {kind} memory at 10%, 50%, 100% of the time | {at} MB |")
        print(f"| its slope | {slope(minute[warm], memory[warm])} MB per hour |")
    for kind in ("files", "threads", "temporary"):
        counts = [getattr(each, kind) for each in readings]
        print(f"| {kind}: first, last, most | {counts[0]}, {counts[-1]}, {max(counts)} |")
    print(f"| temporary files left | {left} |")


if __name__ == "__main__":
    main()
