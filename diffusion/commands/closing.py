"""The end of a run: last sprites, how new they are, `summary.json`, and one table for a person."""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import lightning
import torch
from tqdm import tqdm

from diffusion import pictures
from diffusion.callbacks.cost import Cost
from diffusion.callbacks.early_stopping import EarlyStopping
from diffusion.callbacks.samples import SEARCHED, Samples
from diffusion.clock import callback_of
from diffusion.commands.composing import make
from diffusion.commands.next_commands import next_commands
from diffusion.commands.sentences import asks_for_time, closing_sentences
from diffusion.commands.trainer import facts_of
from diffusion.commands.views import show_panels
from diffusion.denoiser import Denoiser
from diffusion.drawing.curves import draw_gap_history
from diffusion.drawing.pairs import pairs
from diffusion.judge import Judge, who_is_new
from diffusion.levels.losses import history
from diffusion.metrics.scale import Score
from diffusion.metrics.told_apart import MIN_GROUPS
from diffusion.module import DiffusionModule
from diffusion.novelty.passport import Findings
from diffusion.runs.directory import RunDirectory
from diffusion.runs.loading import load
from diffusion.runs.loggers import log_lineage, log_picture, log_summary, log_table
from diffusion.runs.output import sha256
from diffusion.runs.reading import logged, record
from diffusion.runs.trust import packages_of
from diffusion.samplers.base import Sampler
from diffusion.sprite_data import SpriteData

PASSPORT = ["index", "verdict", "nearest", "distance", "percentile"]
COLUMNS = ["score", "value", "low", "high", "floor", "noise", "mean"]
SAMPLES = 128
JUDGES = 2  # networks that learn to tell the samples from real sprites
GRID = 64
FILM = 16
PANELS = 3
BATCH = 64


def close_run(
    run: RunDirectory, trainer: lightning.Trainer, data: SpriteData, words: Sequence[str] = ()
) -> dict[str, Any]:
    """Writes `summary.json`, and unless told otherwise samples from the checkpoint as `sample.py`
    would, measures them, and draws what the network learned.

    Args:
        run: where to write.
        trainer: after `fit`.
        data: the SpriteDataModule that was trained on.
        words: that began the run, for the command that trains on all sprites.

    Returns:
        the summary.
    """
    module = trainer.lightning_module
    assert isinstance(module, DiffusionModule)
    cost, stopping = callback_of(trainer, Cost), callback_of(trainer, EarlyStopping)
    summary: dict[str, Any] = {
        "status": "finished",
        **({"reason": stopping.reason} if stopping and stopping.reason else {}),
        "step": trainer.global_step,
        "progress/images": trainer.global_step * trainer.accumulate_grad_batches * data.batch_size,
        **_last_metrics(run),
        **(_measure(run, trainer, data) if run.config["closing"] else {}),
        **facts_of(module, trainer, data),
        **{key: round(seconds, 1) for key, seconds in (cost.spent() if cost else {}).items()},
    }
    log_summary(trainer.loggers, summary, trainer.global_step)
    run.write_json("summary.json", summary)
    lowest = min((row["val/loss"] for row in logged(run.folder) if "val/loss" in row), default=0.0)
    assert run.last is not None
    sentences = closing_sentences(summary, SAMPLES, lowest)
    commands = next_commands(run, summary, data, words, asks_for_time(sentences))
    run.say(_table(run, summary, data, sentences, commands))
    facts = {key: summary[key] for key in ("fingerprint", "parameters", "step")}
    facts["sha256"] = sha256(run.last)  # by which manifest.json names it
    log_lineage(trainer.loggers, run.path / "data.json", run.last, facts)
    return summary


def _measure(run: RunDirectory, trainer: lightning.Trainer, data: SpriteData) -> dict[str, float]:
    """Scores and rates of last samples, by the keys of the summary; draws and logs them too."""
    assert run.last is not None
    sampler: Sampler = make(run.config["sampler"])
    loaded = load(run.last, packages_of(run.config))  # its own, which was typed
    sprites = loaded.sprites(sampler, seed=0, device=trainer.strategy.root_device)
    shown = [data.pick(int(row))[:3] for row in data.split["train"][:PANELS]]
    run.say(
        f"closing: {SAMPLES} sprites by {type(sampler).__name__} in {sampler.evaluations:,} "
        f"evaluations, their scores and passports, whether they can be told apart, a film of "
        f"{FILM}, and {len(shown)} panels; closing=false leaves this out"
    )
    batches = -(-SAMPLES // BATCH)
    with _part(run, f"{SAMPLES} sprites", sprites.denoiser, batches * sampler.evaluations):
        images = torch.cat(list(sprites.batches(range(SAMPLES), BATCH)))
    with _part(run, "scores and passports"):
        samples = callback_of(trainer, Samples)
        judge = samples.judge if samples else Judge.of(data, {}, SAMPLES, searched=SEARCHED)
        scores, findings = judge.full_scores(images), judge.passport.examine(images)
    with _part(run, "told apart"):
        told = judge.told_apart(images, JUDGES, with_floor=False)
    nearest = data.images(judge.rows[findings.row.numpy()])
    drawn = {
        "samples": pictures.grid(images[:GRID]),
        "nearest": pairs(
            images, nearest, findings.verdict, findings.distance, quality=_quality(scores)
        ),
    }
    files = {f"{name}.png": pictures.png(picture) for name, picture in drawn.items()}
    with _part(run, f"film of {FILM}", sprites.denoiser, sampler.evaluations):
        files["denoising.gif"] = pictures.gif(sprites.film(range(FILM)))
    with _part(run, f"{len(shown)} panels"):
        files |= show_panels(shown, sprites.denoiser, data, run.config["flip"])[0]
    if levels := history(record(run.folder, "noise_levels.json")):
        files["noise_levels.png"] = draw_gap_history(levels)
    run.folder.write_all(files)
    loggers, step = trainer.loggers, trainer.global_step
    log_table(loggers, "samples/scores", COLUMNS, _rows(scores), step)
    log_table(loggers, "samples/passports", PASSPORT, _passports(findings, judge, data), step)
    log_picture(loggers, "samples/nearest", drawn["nearest"], step)
    return {
        **{f"samples/{name}": value for name, value in judge.rates(images, findings).items()},
        "held_out/copy_rate": judge.passport.base_rates.get("copy_rate", 0.0),
        **{f"samples/{name}": score.value for name, score in scores.items()},
        **({"samples/told_apart": told.value} if told else {}),
        **_ends(scores),
        "samples/nearest_distance": float(findings.distance.median()),
    }


def _ends(scores: dict[str, Score]) -> dict[str, float]:
    """The sprite distance of unseen real sprites, of noise, and of the mean sprite throughout."""
    it = scores.get("sprite_fd")
    ends = {"held_out": it.floor, "noise": it.noise, "mean": it.mean} if it else {}
    return {f"{what}/sprite_fd": value for what, value in ends.items() if value}


def _quality(scores: dict[str, Score]) -> str:
    """How far the samples are from training, beside how far unseen real sprites and noise are."""
    score = scores.get("sprite_fd")
    if score is None or score.floor is None or score.noise is None:
        return ""
    return (
        f"sprite distance {score.value:.1f} (unseen real sprites {score.floor:.1f}, noise "
        f"{score.noise:.0f})"
    )


@contextmanager
def _part(
    run: RunDirectory, name: str, denoiser: Denoiser | None = None, evaluations: int = 0
) -> Iterator[None]:
    """Says how long what happens inside has taken; in a terminal a bar shows how far it is.

    Args:
        run: which is closed.
        name: of the part.
        denoiser: whose evaluations the bar counts.
        evaluations: of it, as many as there will be.
    """
    began = time.monotonic()
    with tqdm(total=evaluations, desc=f"  {name}", leave=False, disable=None) as bar:

        def count(*_: Any) -> None:
            bar.update()

        counted = denoiser.register_forward_hook(count) if denoiser else None
        try:
            yield
        finally:
            if counted:
                counted.remove()
    run.say(f"  {name}: {time.monotonic() - began:.1f} s")


def _last_metrics(run: RunDirectory) -> dict[str, float]:
    """The last value of each logged metric; of the speed the median over the whole run."""
    values: dict[str, list[float]] = {}
    for row in logged(run.folder):
        for key, value in row.items():
            if "/" in key:
                values.setdefault(key, []).append(value)
    speed = values.get("train/images_per_second", [])
    last = {key: column[-1] for key, column in values.items() if key != "progress/images"}
    return last | ({"train/images_per_second": statistics.median(speed)} if speed else {})


def _rows(scores: dict[str, Score]) -> list[list[Any]]:
    return [
        [name, *(getattr(score, column) for column in COLUMNS[1:])]
        for name, score in scores.items()
    ]


def _passports(findings: Findings, judge: Judge, data: SpriteData) -> list[list[Any]]:
    rows = judge.rows[findings.row.numpy()]
    return [
        [k, str(verdict), data.called(int(rows[k])), float(distance), float(percentile)]
        for k, (verdict, distance, percentile) in enumerate(
            zip(findings.verdict, findings.distance, findings.percentile, strict=True)
        )
    ]


def _table(
    run: RunDirectory,
    summary: dict[str, Any],
    data: SpriteData,
    sentences: list[str],
    commands: list[str],
) -> str:
    speed = summary.get("train/images_per_second")
    c, h, w = data.shape
    held_out = len(data.split["val"]) > 0
    rows = {
        "trained": f"{summary['parameters']:,} parameters on {len(data.split['train']):,} sprites "
        f"of {h}x{w}x{c}",
        "steps": f"{summary['step']:,} ({summary['progress/images']:,} images)",
        "validation loss": f"{summary['val/loss']:.4f}" if held_out else "no sprites held out",
        "speed": f"{speed:.0f} images/s" if speed else "too short a run to say",
        "cost": ", ".join(
            f"{summary[f'{kind}_seconds']:,.0f} {kind.upper()} seconds"
            for kind in ("gpu", "cpu")
            if f"{kind}_seconds" in summary
        ),
    }
    if {"samples/copy_rate", "held_out/copy_rate"} <= summary.keys():
        rows["copies"] = (
            f"{summary['samples/copy_rate']:.0%} of {SAMPLES} samples repeat a training sprite "
            f"({who_is_new(summary)}: {summary['held_out/copy_rate']:.0%})"
        )
        if "samples/told_apart" in summary:
            rows["told apart"] = (
                f"in {summary['samples/told_apart']:.0%} of cases by networks that learned to (a "
                f"guess: 50%), with {summary['samples/copy_rate']:.0%} that repeat"
            )
        elif held_out:
            unseen = len(set(data.groups[data.split["test"]].tolist()))
            rows["told apart"] = (
                f"cannot be told with so few held out: {unseen} that do not repeat each other"
                if unseen < MIN_GROUPS
                else f"cannot be told with so few; report.py makes more than {SAMPLES}"
            )
    if {"samples/sprite_fd", "held_out/sprite_fd", "noise/sprite_fd"} <= summary.keys():
        rows["sprite distance"] = (
            f"{summary['samples/sprite_fd']:.1f} (unseen real sprites: "
            f"{summary['held_out/sprite_fd']:.1f}, noise: {summary['noise/sprite_fd']:.0f})"
        )
    if "samples/fid" in summary:
        rows["FID, KID"] = f"{summary['samples/fid']:.1f}, {summary['samples/kid']:.4f}"
    if run.config["closing"]:
        rows["pictures"] = f"{run.path}/samples.png nearest.png denoising.gif panel.png"
    return "\n".join(
        [
            "",
            f"{run.path}",
            *(f"  {name:<16}{value}" for name, value in rows.items()),
            *(["", *(f"  {each}" for each in sentences)] if sentences else []),
            "",
            "next:",
            *(f"  python {each}" for each in commands),
        ]
    )
