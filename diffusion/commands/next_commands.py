"""What the end of a run offers to type: sprites, a look, a report, and trainings that may help."""

import shlex
from collections.abc import Sequence
from typing import Any

from diffusion.commands.composing import ATTRIBUTES
from diffusion.commands.typed import in_shell, key_of
from diffusion.runs.checkpoint import read
from diffusion.runs.directory import BUDGET, RunDirectory
from diffusion.sprite_data import SpriteData

PLAIN = 25  # steps of sampler=low_temperature


def next_commands(
    run: RunDirectory,
    summary: dict[str, Any],
    data: SpriteData,
    words: Sequence[str],
    longer: bool,
) -> list[str]:
    """The commands, each from its script on.

    Args:
        run: that has ended.
        summary: of it.
        data: that was trained on.
        words: that began the run.
        longer: whether its last sentence advises longer training.
    """
    asked = plain_sampler(run.config) + _asked(run, data)
    return [
        f"sample.py {in_shell(f'run={run.path}')} n=64{asked}",
        f"look.py {in_shell(f'run={run.path}')} panel={_typed(data)}",
        f"report.py {in_shell(f'runs={run.path}')}",
        *_trainings(run, summary, data, words, longer),
    ]


def plain_sampler(config: dict[str, Any]) -> str:
    """The word for plain insides, where a run's network chooses among colours; else nothing."""
    prediction, schedule = config.get("prediction") or {}, config.get("schedule") or {}
    chooses = str(prediction.get("_target_")).endswith(".Palette")
    return " sampler=low_temperature" if chooses and schedule.get("steps", 0) >= PLAIN else ""


def _asked(run: RunDirectory, data: SpriteData) -> str:
    """Two attributes to ask for, where the network learned such; each with its last value."""
    if (run.config.get("model") or {}).get("classes") != ATTRIBUTES:
        return ""
    some = list(data.attribute_names.items())[:2]
    return "".join(f" {name}={shlex.quote(values[-1])}" for name, values in some)


def _typed(data: SpriteData) -> str:
    """A training sprite as one can type it: by its name where that is a single word."""
    row = int(data.split["train"][0])
    name = data.called(row)
    return name if name.isidentifier() else str(row)


def _trainings(
    run: RunDirectory,
    summary: dict[str, Any],
    data: SpriteData,
    words: Sequence[str],
    longer: bool,
) -> list[str]:
    """Trainings that may be next, each with its time at this one's speed.

    One is twice as long, unless this one was stopped early. One is on all of somebody's sprites,
    for as long as was best with some of them held out; not where all were trained on already, nor
    where some are left out or held out sprites are needed. A sweep says what is next by itself.
    """
    if any(word.startswith("sweep=") for word in words):
        return []
    rate, images = summary.get("train/images_per_second"), summary["progress/images"]

    def training(steps: int, why: str, *more: str) -> str:
        again = {key_of(word) for word in more} | {*BUDGET}
        kept = [word for word in words if key_of(word) not in again]
        typed = " ".join(map(in_shell, [*kept, f"trainer.max_steps={steps}", *more]))
        seconds = images * steps / max(1, summary["step"]) / rate if rate else None
        about = f", about {max(1, round(seconds / 60))} min" if seconds else ""
        return f"train.py {typed}   # {why}{about}"

    found = []
    if longer and "reason" not in summary:
        found = [training(2 * summary["step"], "twice as long")]
    best, source = run.path / "checkpoints" / "best.ckpt", run.config["data"]
    whole = "path" in source and source.get("n_train") is None and not run.config.get("teacher")
    stopping = run.config["callbacks"].get("early_stopping") or {}
    unseen = str(stopping.get("monitor")).startswith("val/")
    if whole and not unseen and len(data.split["val"]) and best.exists():
        every = sum(map(len, data.split.values()))
        step = int(read(best)["global_step"])
        found += [training(step, f"on all {every:,}", "data.hold_out=0")]
    return found
