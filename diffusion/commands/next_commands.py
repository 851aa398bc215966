"""What the end of a run offers to type: sprites, a look, a report, and trainings that may help."""

import shlex
from collections.abc import Sequence
from typing import Any

from diffusion.commands.choosing import ATTRIBUTES
from diffusion.commands.typed import in_shell, key_of, name_of
from diffusion.runs.checkpoint import read
from diffusion.runs.directory import BUDGET, RunDirectory
from diffusion.sprite_data import SpriteData

PLAIN = 25  # steps of sampler=low_temperature
OFTEN = 120  # times that each sprite is seen: after 112 a told network hardly copies yet
FEW = 500  # training sprites: of 300, 15% are copies with dropout of 0.1, and 0.2% with 0.2


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
    found = [
        f"sample.py {in_shell(f'run={run.path}')} n=64{asked}",
        f"look.py {in_shell(f'run={run.path}')} panel={_typed(data)}",
        f"report.py {in_shell(f'runs={run.path}')}",
    ]
    if "sweep" in map(key_of, words):  # which says by itself what is next
        return found
    if longer and "reason" not in summary:  # it was not stopped early
        more = _against_copies(
            run.config, 2 * summary["progress/images"], len(data.split["train"])
        )
        found.append(_training(2 * summary["step"], "twice as long", summary, words, *more))
    if (step := _best_step(run, data)) is not None:
        every = sum(map(len, data.split.values()))
        found.append(_training(step, f"on all {every:,}", summary, words, "data.hold_out=0"))
    return found


def plain_sampler(config: dict[str, Any]) -> str:
    """The word for plain insides, where a run's network chooses among colours; else nothing."""
    prediction, schedule = config.get("prediction") or {}, config.get("schedule") or {}
    chooses = str(prediction.get("_target_")).endswith(".Palette")
    return " sampler=low_temperature" if chooses and schedule.get("steps", 0) >= PLAIN else ""


def _against_copies(config: dict[str, Any], images: float, sprites: int) -> tuple[str, ...]:
    """Dropout for a network that is told something, has none, and sees its sprites often."""
    model = config.get("model") or {}
    fits = model.get("classes") and model.get("dropout") == 0
    rate = 0.2 if sprites < FEW else 0.1
    return (f"model.dropout={rate}",) if fits and images >= OFTEN * sprites else ()


def _asked(run: RunDirectory, data: SpriteData) -> str:
    """Two attributes to ask for, where the network learned such; each with its last value."""
    if (run.config.get("model") or {}).get("classes") != ATTRIBUTES:
        return ""
    some = list(data.attribute_names.items())[:2]
    return "".join(
        f" {name_of(name, 'sample')}={shlex.quote(values[-1])}" for name, values in some
    )


def _typed(data: SpriteData) -> str:
    """A training sprite as one can type it: by its name where that is a single word."""
    row = int(data.split["train"][0])
    name = data.called(row)
    return name if name.isidentifier() else str(row)


def _training(
    steps: int, why: str, summary: dict[str, Any], words: Sequence[str], *more: str
) -> str:
    """The same training with another number of steps, and its time at this one's speed."""
    again = {key_of(word) for word in more} | {*BUDGET}
    kept = [word for word in words if key_of(word) not in again]
    typed = " ".join(map(in_shell, [*kept, f"trainer.max_steps={steps}", *more]))
    about, rate = "", summary.get("train/images_per_second")
    if rate:
        images = summary["progress/images"] * steps / max(1, summary["step"])
        about = f", about {max(1, round(images / rate / 60))} min"
    return f"train.py {typed}   # {why}{about}"


def _best_step(run: RunDirectory, data: SpriteData) -> int | None:
    """Where a training on all of somebody's sprites should end; None where there is none to offer:
    all were trained on already, some are left out, a program draws them, a teacher has seen the
    same, or the training is stopped by what only held-out sprites tell."""
    source, best = run.config["data"], run.path / "checkpoints" / "best.ckpt"
    whole = "path" in source and source.get("n_train") is None and not run.config.get("teacher")
    stopping = run.config["callbacks"].get("early_stopping") or {}
    unseen = str(stopping.get("monitor")).startswith("val/")
    if not whole or unseen or not len(data.split["val"]) or not best.exists():
        return None
    return int(read(best)["global_step"])
